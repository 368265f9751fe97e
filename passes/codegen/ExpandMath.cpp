#include "passes/codegen/Passes.h"
namespace tenon {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "passes/codegen/Passes.h.inc"
namespace {
struct ExpandMathPass : impl::ExpandMathPassBase<ExpandMathPass> {
  void runOnOperation() override {}
};
} // namespace
} // namespace tenon
