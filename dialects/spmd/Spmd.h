//===- Spmd.h - the spmd dialect --------------------------------*- C++ -*-===//
//
// One program for every rank of a mesh; see SpmdOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_DIALECTS_SPMD_SPMD_H
#define TENON_DIALECTS_SPMD_SPMD_H

#include "dialects/tenon/Tenon.h"

#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/spmd/SpmdDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/spmd/SpmdAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/spmd/SpmdOps.h.inc"

namespace tenon::spmd {

/// The mesh of the module around an operation; null if it has none.
MeshAttr getMesh(mlir::Operation *op);

/// The coordinate of the executing rank along an axis: the symbol "rank.AXIS".
DimExpr rankAlong(mlir::MLIRContext *context, llvm::StringRef axis);

/// How a weight is split, null if it is not.
SplitAttr getSplit(WeightOp weight);

/// Follows a change of a weight's type: dimension \p dim becomes two, of which the
/// minor one has \p width elements. Nothing if the weight is not split.
void refineSplit(WeightOp weight, int64_t dim, int64_t width);

/// The part that a rank holds, as its index among all parts, row-major over the
/// axes of the split.
DimExpr partIndex(SplitAttr split, MeshAttr mesh);
int64_t numParts(SplitAttr split, MeshAttr mesh);

} // namespace tenon::spmd

#endif
