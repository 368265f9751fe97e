// The decoded form of a kernel: what handlers execute.
//
// A plain op is 16 bytes: a handler number, a destination, up to three sources,
// a guard and an immediate. Registers are rows of a warp's register file (128
// bytes, one 32-bit value per lane); a 64-bit register takes two rows and is
// u64[32]; a predicate is a lane mask (u32) in the file's head. Immediates and
// special registers are rows too, filled when a warp starts. Values of 8 and 16
// bits sit zero-extended in 32-bit lanes.
//
// Ops are laid out in priority order (see code/Priority.cpp), so that comparing
// pcs compares priorities.
//
// An instruction that is no small function of its registers (mma, cp.async, ...)
// is an ExtendedOp: an object that an `Extended` op refers to by `imm`.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace tenon::sim {

struct Warp;

struct Op {
  uint16_t handler = 0; // a HandlerId, or guardedHandler of one
  uint16_t d = 0, a = 0, b = 0, c = 0;
  uint16_t guard = 0; // predicate index; its top bit: negated
  int32_t imm = 0;
};
static_assert(sizeof(Op) == 16);

constexpr uint16_t negatedGuard = 0x8000; // in Op::guard

/// Every handler of the tables; the names are those of Table.def.
enum class HandlerId : uint16_t {
#define HANDLER(name, slots) name,
#include "sim/machine/handlers/Table.def"
  Count
};

/// What an op reads or writes: used for liveness, colouring and taint.
struct RegisterUse {
  uint32_t reg = 0; // virtual number until coloured, then a row (predicates: an index)
  uint8_t bits = 32; // 1 predicate, 32 (also for 8 and 16), 64
  bool write = false;
  bool sideEffect = false; // reading it unset is a finding: address, branch, guard
};

/// How an extended op went.
enum class Step : uint8_t {
  Done,
  Wait, // not now: the split sleeps and the op runs again once something changed
};

/// An instruction with its own object. Immutable once decoded; run is called by
/// many threads for different warps.
class ExtendedOp {
public:
  virtual ~ExtendedOp() = default;

  /// Executes for the lanes of `mask` (active, guard true; never 0). Convergent
  /// ops are only called once all lanes of required() are here.
  virtual Step run(Warp &warp, uint32_t mask) const = 0;

  /// Lanes that must be here together; only asked of convergent ops.
  virtual uint32_t required(const Warp &warp, uint32_t mask) const;

  /// Those of the lanes that act together with the first one, where lanes name
  /// different ones (a mask per tile of a warp). All of them, by default.
  virtual uint32_t together(const Warp &warp, uint32_t mask) const;

  /// Marks what run wrote from sources that may be unset (exec/Taint.h); called
  /// after run while the warp is tainted. By default all results count as set.
  virtual void propagateTaint(Warp &warp, uint32_t mask) const;

  /// Register operands: rows after colouring. `operands[i].reg` is what run uses.
  std::vector<RegisterUse> operands;
  bool convergent = false;
  bool pinsRegisters = false; // an engine may read or write them after run: rows not shared
  uint32_t site = 0; // its counters' place, Program::sites
  const char *name = "";
};

} // namespace tenon::sim
