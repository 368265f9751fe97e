// Which bytes of a warp's registers hold no value: results of reads of memory
// that was never written, and registers that no path has set.
//
// Computing with such bytes is legal (compilers do), so nothing is reported until
// it matters: as an address, a branch condition or the guard of a side effect.
// Stores carry the marks on into memory's initialised bits. A warp keeps marks
// only while it has any; then it runs the `tainted` handler table.
#pragma once

#include "sim/machine/Options.h"
#include "sim/machine/exec/Warp.h"
#include "sim/machine/handlers/Tables.h"
#include <vector>

namespace tenon::sim {

struct TaintState {
  /// Per row and byte of the 32-bit lane: lanes whose byte is unset. A 64-bit
  /// register has bytes 0-3 in its first row and 4-7 in its second.
  std::vector<std::array<uint32_t, 4>> rows;
  std::vector<uint32_t> predicates;
  Kind kind = Kind::UninitialisedRegister; // of the first cause
  uint32_t causeOp = 0;
  uint64_t causeAddress = 0;

  uint32_t lanes(const RegisterUse &use) const;
  void set(const RegisterUse &use, uint32_t mask, uint32_t unset);
  bool any() const;
};

/// Starts marking (if it has not yet).
TaintState &startTaint(Warp &warp, Kind kind, uint32_t op, uint64_t address);
/// Leaves the tainted mode if no mark is left.
void dropTaint(Warp &warp);

void taintBefore(Warp &warp, const Op *op, uint32_t mask);
void taintAfter(Warp &warp, const Op *op, HandlerId id, uint32_t mask);

} // namespace tenon::sim
