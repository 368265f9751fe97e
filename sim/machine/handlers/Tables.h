// The handler tables of one build. Index: Op::handler (see guardedHandler for
// the second half of a table).
#pragma once

#include "sim/machine/exec/Warp.h"

namespace tenon::sim {

using MaskedBody = void (*)(const Op *op, uint8_t *file, Warp *warp, uint32_t mask);

constexpr unsigned handlerCount = unsigned(HandlerId::Count);
/// A table has a part for plain ops, one for guarded ones, and one for each source
/// that may be the last op's result, which then comes in registers.
constexpr unsigned tableParts = 5;
constexpr uint16_t guardedHandler(HandlerId id) { return uint16_t(unsigned(id) + handlerCount); }
/// `source` is 1 (a), 2 (b) or 3 (c).
constexpr uint16_t carriedHandler(HandlerId id, unsigned source) {
  return uint16_t(unsigned(id) + (source + 1) * handlerCount);
}
constexpr HandlerId plainHandler(uint16_t handler) { return HandlerId(handler % handlerCount); }
constexpr bool isGuarded(uint16_t handler) { return handler / handlerCount == 1; }

/// Handlers as pointers without a type: each build has its own (handlers/Handler.h).
struct HandlerTables {
  const void *full[tableParts * handlerCount];
  const void *masked[tableParts * handlerCount];
  const void *tainted[tableParts * handlerCount];
  /// Runs handlers from `op` on until one leaves.
  void (*enter)(const Op *op, uint8_t *file, Warp *warp, const void *table);
  const char *name;
};

/// What an op over lanes takes and gives in 32-bit rows: bit 0 its result, bits 1
/// to 3 its sources a, b, c. 0 for all other ops.
uint8_t narrowRows(HandlerId id);

/// Ops taken by the handler (2 for memory and scalar ops).
extern const uint8_t handlerSlots[handlerCount];

/// The tables of the best instruction set of this CPU.
const HandlerTables &handlerTables();

/// Why handlers returned to the warp's loop (Warp::leave).
enum class Leave : uint8_t {
  Quantum,    // at a Block op: used up its instructions
  Reschedule, // at a Block op: another split goes first, or the turn is over
  Diverged,   // a branch parted: stop is the fall-through, runnable has the rest
  Control,    // the op at stop must be run by the warp's loop
  Arrived,    // at a barrier, and waits if it is not complete
  Mode,       // full, masked or tainted changed
};

} // namespace tenon::sim
