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

/// From kernels to tile functions.
void buildTilePipeline(mlir::OpPassManager &manager, llvm::StringRef device);

} // namespace tenon

#endif // TENON_PASSES_TILE_PASSES_H
