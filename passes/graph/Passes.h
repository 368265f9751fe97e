//===- Passes.h - passes on whole graphs ------------------------*- C++ -*-===//

#ifndef TENON_PASSES_GRAPH_PASSES_H
#define TENON_PASSES_GRAPH_PASSES_H

#include "dialects/tenon/Tenon.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
class RewritePatternSet;
} // namespace mlir

namespace tenon {

#define GEN_PASS_DECL
#include "passes/graph/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/graph/Passes.h.inc"

/// Most bytes of a constant that is no splat.
inline constexpr int64_t kMaxConstantBytes = 1024;
/// Most bytes of any tensor, at the least sizes of its symbols.
inline constexpr int64_t kMaxTensorBytes = int64_t(1) << 56;

/// The graph stage: from what a frontend built to the form that fusion reads.
/// \p dims are symbols to fix, as NAME=VALUE.
void buildGraphPipeline(mlir::OpPassManager &manager, llvm::ArrayRef<std::string> dims = {});

/// Canonicalizations of element-wise operations and of views.
void addMapPatterns(mlir::RewritePatternSet &patterns);
void addViewPatterns(mlir::RewritePatternSet &patterns);

} // namespace tenon

#endif // TENON_PASSES_GRAPH_PASSES_H
