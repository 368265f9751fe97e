//===- TileDialect.h - The tile dialect ---------------------------*- C++ -*-===//
//
// What one block of a kernel does; see TileDialect.td for the dialect, its types
// and operations, RATIONALE.md for why it looks so.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_DIALECTS_TILE_TILEDIALECT_H
#define TENON_DIALECTS_TILE_TILEDIALECT_H

#include "dialects/tenon/Tenon.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "dialects/tile/TileDialect.h.inc"
#include "dialects/tile/TileEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/tile/TileTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/tile/TileOps.h.inc"

namespace tenon::tile {

/// The name of the argument attribute of a view whose buffer may also be reached
/// through another argument that carries it.
inline constexpr llvm::StringLiteral kMayAlias = "tile.may_alias";

/// The shape of a tile: empty for a scalar and for a tensor of rank 0.
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  return tensor ? tensor.getShape() : llvm::ArrayRef<int64_t>();
}

} // namespace tenon::tile

#endif
