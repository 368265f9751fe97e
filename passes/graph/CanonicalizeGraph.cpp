//===- CanonicalizeGraph.cpp - brings operations into one form ------------===//
//
// Applies the dialect's own canonicalizations and those of this folder (maps in
// MapPatterns.cpp, views in ViewPatterns.cpp) until nothing changes.
//
//===----------------------------------------------------------------------===//

#include "passes/graph/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tenon {
#define GEN_PASS_DEF_CANONICALIZEGRAPH
#include "passes/graph/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

class CanonicalizeGraphPass : public impl::CanonicalizeGraphBase<CanonicalizeGraphPass> {
public:
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet all(context);
    auto *dialect = context->getLoadedDialect<TenonDialect>();
    for (RegisteredOperationName op : context->getRegisteredOperations())
      if (&op.getDialect() == dialect)
        op.getCanonicalizationPatterns(all, context);
    addMapPatterns(all);
    addViewPatterns(all);
    patterns = FrozenRewritePatternSet(std::move(all));
    return success();
  }

  void runOnOperation() override {
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    // Not converging is no error: every step keeps the meaning.
    (void)applyPatternsGreedily(getOperation(), patterns, config);
  }

private:
  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace tenon
