//===- MarkInPlace.cpp - scatters that update what a loop carries ---------===//
//
// A loop that collects one result per round (the steps of a recurrent layer)
// carries a tensor and scatters into it. If the scatter is all that reads the
// carried tensor, and its result is what the next round gets, the elements that
// it leaves alone are where they must be already: nothing need be copied.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Irregular.h"
#include "passes/tile/Passes.h"

using namespace mlir;
namespace tenon {

#define GEN_PASS_DEF_MARKINPLACEPASS
#include "passes/tile/Passes.h.inc"

namespace {
/// The value without the reshapes after which it has the same bytes.
Value beforeReshapes(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  return reshape && value.hasOneUse() ? beforeReshapes(reshape.getInput()) : value;
}

/// The scatter of a kernel that stores nothing else, if it updates operand
/// \p number as a whole.
ScatterOp scatterInto(KernelOp kernel, unsigned number) {
  auto scatter = dyn_cast_or_null<ScatterOp>(irregularOp(kernel));
  bool isWhole = scatter && kernel->getNumResults() == 1 &&
                 scatter.getData() == kernel.getBody().getArgument(number) &&
                 scatter.getData().hasOneUse();
  return isWhole ? scatter : ScatterOp();
}

void markCarried(LoopOp loop, unsigned index) {
  Block &body = loop.getBody().front();
  Value carried = body.getArgument(index + 1);
  if (!carried.hasOneUse())
    return;
  OpOperand &use = *carried.use_begin();
  auto kernel = dyn_cast<KernelOp>(use.getOwner());
  if (!kernel || kernel->getBlock() != &body)
    return;
  ScatterOp scatter = scatterInto(kernel, use.getOperandNumber());
  Value next = beforeReshapes(body.getTerminator()->getOperand(index + 1));
  if (scatter && next == kernel->getResult(0) && next.hasOneUse())
    scatter->setAttr("tenon.in_place", UnitAttr::get(loop.getContext()));
}

struct MarkInPlacePass : impl::MarkInPlacePassBase<MarkInPlacePass> {
  void runOnOperation() override {
    getOperation().walk([](LoopOp loop) {
      for (unsigned index = 0; index < loop.getNumResults(); ++index)
        markCarried(loop, index);
    });
  }
};
} // namespace
} // namespace tenon
