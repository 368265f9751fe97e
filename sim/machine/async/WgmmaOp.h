// wgmma.mma_async as an op of the machine.
#pragma once

#include "sim/machine/async/Warpgroup.h"
#include "sim/machine/matrix/RegisterLists.h"

namespace tenon::sim {

class WgmmaMmaOp : public WarpWideOp {
public:
  WgmmaOp product;
  RegisterList accumulators, fragmentA; // fragmentA is empty with a descriptor
  uint16_t descriptorA = 0, descriptorB = 0, scaleD = 0; // operands

  bool registersA() const { return fragmentA.count != 0; }
  uint16_t row(RegisterList list, unsigned i) const {
    return uint16_t(operands[list.first + i].reg);
  }
  /// Calls visit(row) for the registers that the product reads.
  template <typename Visit> void eachSource(bool addToD, Visit visit) const {
    for (unsigned i = 0; i < fragmentA.count; ++i)
      visit(row(fragmentA, i));
    for (unsigned i = 0; addToD && i < accumulators.count; ++i)
      visit(row(accumulators, i));
  }

protected:
  Step runAll(Warp &warp) const override;

private:
  void checkRegisters(Warp &warp, WgmmaState &state, bool addToD) const;
};

} // namespace tenon::sim
