// The handler tables of one build. Index: Op::handler (see guardedHandler for
// the second half of a table).
#pragma once

#include "sim/machine/exec/Warp.h"

#define TENON_HANDLER __attribute__((preserve_none)) void

namespace tenon::sim {

using Handler = TENON_HANDLER (*)(const Op *op, uint8_t *file, Warp *warp, const void *table);
using MaskedBody = void (*)(const Op *op, uint8_t *file, Warp *warp, uint32_t mask);

constexpr unsigned handlerCount = unsigned(HandlerId::Count);
/// Guarded ops use the second half of a table.
constexpr uint16_t guardedHandler(HandlerId id) { return uint16_t(unsigned(id) + handlerCount); }

struct HandlerTables {
  Handler full[2 * handlerCount];
  Handler masked[2 * handlerCount];
  Handler tainted[2 * handlerCount];
  const char *name;
};

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
  Mode,       // full, masked or tainted changed
};

} // namespace tenon::sim
