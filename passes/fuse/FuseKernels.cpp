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
  void fuseBlock(Block &block, const fuse::Target &target, unsigned &counter) {
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
