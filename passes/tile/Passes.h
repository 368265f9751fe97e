//===- Passes.h - passes that make tile programs ----------------*- C++ -*-===//

#ifndef TENON_PASSES_TILE_PASSES_H
#define TENON_PASSES_TILE_PASSES_H

#include "dialects/tenon/Tenon.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
}

namespace tenon {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/tile/Passes.h.inc"

/// From kernels to tile functions. On a GPU, products of f32 are multiplied in the type
/// \p products ("f32", "f16", "bf16").
void buildTilePipeline(mlir::OpPassManager &manager, llvm::StringRef device,
                       llvm::StringRef products = "f32");

} // namespace tenon

#endif // TENON_PASSES_TILE_PASSES_H
