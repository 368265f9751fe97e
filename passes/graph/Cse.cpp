//===- Cse.cpp - computes equal things once -------------------------------===//
//
// MLIR's own elimination: every operation that computes is Pure.
//
//===----------------------------------------------------------------------===//

#include "passes/graph/Passes.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

namespace tenon {
#define GEN_PASS_DEF_CSE
#include "passes/graph/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

class CsePass : public impl::CseBase<CsePass> {
public:
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    auto &dominance = getAnalysis<DominanceInfo>();
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
  }
};

} // namespace
} // namespace tenon
