//===- EliminateDead.cpp - removes what nothing reads ---------------------===//
//
// Operations from the end of each block to its beginning, so that chains go in
// one walk; then symbols, until no more become unused.
//
//===----------------------------------------------------------------------===//

#include "passes/graph/Passes.h"
#include "llvm/ADT/DenseSet.h"

namespace tenon {
#define GEN_PASS_DEF_ELIMINATEDEAD
#include "passes/graph/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

class EliminateDeadPass : public impl::EliminateDeadBase<EliminateDeadPass> {
public:
  void runOnOperation() override {
    do
      eraseOperations(getOperation().getBodyRegion());
    while (eraseSymbols());
  }

private:
  static void eraseOperations(Region &region) {
    for (Block &block : region) {
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
        for (Region &nested : op.getRegions())
          eraseOperations(nested);
        if (isOpTriviallyDead(&op))
          op.erase();
      }
    }
  }

  bool eraseSymbols() {
    llvm::DenseSet<StringAttr> used;
    getOperation().walk([&](Operation *op) {
      if (auto read = dyn_cast<ReadOp>(op))
        used.insert(read.getWeightAttr().getAttr());
      else if (auto call = dyn_cast<CallOp>(op))
        used.insert(call.getCalleeAttr().getAttr());
      else if (auto load = dyn_cast<LoadStateOp>(op))
        used.insert(load.getStateAttr().getAttr());
      else if (auto store = dyn_cast<StoreStateOp>(op))
        used.insert(store.getStateAttr().getAttr());
    });
    bool changed = false;
    for (Operation &op : llvm::make_early_inc_range(getOperation().getOps())) {
      auto name = op.getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
      auto func = dyn_cast<FuncOp>(op);
      bool isRemovable = isa<WeightOp, StateOp>(op) || (func && func.isPrivate());
      if (!isRemovable || used.contains(name))
        continue;
      op.erase();
      changed = true;
    }
    return changed;
  }
};

} // namespace
} // namespace tenon
