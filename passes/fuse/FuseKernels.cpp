//===- FuseKernels.cpp - groups operations into kernels -------------------===//
//
// Block by block, innermost first: a kernel never crosses control flow. Inside
// a block: graph, partition, outlining.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Outline.h"
#include "passes/fuse/Passes.h"

namespace tenon {
#define GEN_PASS_DEF_FUSEKERNELS
#include "passes/fuse/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

class FuseKernelsPass : public impl::FuseKernelsBase<FuseKernelsPass> {
public:
  using FuseKernelsBase::FuseKernelsBase;

  void runOnOperation() override {
    std::optional<fuse::Target> found = fuse::findTarget(target);
    if (!found) {
      getOperation().emitError() << "unknown fusion target '" << target.getValue()
                                 << "', expected cpu, cpu:<threads>, gpu or gpu:generic";
      return signalPassFailure();
    }
    SmallVector<Block *> blocks;
    getOperation().walk<WalkOrder::PostOrder>([&](Operation *op) {
      if (isa<FuncOp, IfOp, LoopOp>(op))
        for (Region &region : op->getRegions())
          blocks.push_back(&region.front());
    });
    unsigned counter = 0;
    for (Block *block : blocks)
      fuseBlock(*block, *found, counter);
  }

private:
  /// A row of positions is made anew for each reader: it costs nothing, and one
  /// kernel may read it along two of its dimensions.
  static void splitIotas(Block &block) {
    for (IotaOp iota : llvm::make_early_inc_range(block.getOps<IotaOp>())) {
      SmallVector<OpOperand *> uses;
      for (OpOperand &use : iota->getUses())
        uses.push_back(&use);
      OpBuilder builder(iota);
      for (OpOperand *use : llvm::drop_begin(uses))
        if (use->getOwner()->getBlock() == &block)
          use->set(builder.clone(*iota)->getResult(0));
    }
  }

  void fuseBlock(Block &block, const fuse::Target &target, unsigned &counter) {
    if (merge)
      splitIotas(block);
    fuse::Graph graph(block);
    fuse::Partition partition(graph, target);
    if (merge) {
      partition.seedChains();
      partition.mergeGreedily();
      partition.duplicateMaps();
      partition.joinSiblings();
    }
    fuse::outlineKernels(block, graph, partition.takeKernels(), counter);
  }
};

} // namespace
} // namespace tenon
