//===- Detail.h - shared parts of operation definitions ---------*- C++ -*-===//
//
// Called from the definitions that ODS generates; not for other users.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_DETAIL_H
#define TENON_DIALECTS_TENON_DETAIL_H

#include "dialects/tenon/FactorRule.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tenon::detail {

/// The rule of an element-wise operation: one parallel factor per result
/// dimension, operands aligned at their last dimension.
FactorRule mapRule(mlir::Operation *op);

/// Element types of a map's result.
mlir::Type inferSame(mlir::ValueRange operands);
mlir::Type inferBool(mlir::ValueRange operands);

/// Infers the broadcast type of a map's operands.
llvm::LogicalResult inferMap(mlir::MLIRContext *context, std::optional<mlir::Location> location,
                             mlir::ValueRange operands,
                             llvm::function_ref<mlir::Type(mlir::ValueRange)> elementType,
                             llvm::SmallVectorImpl<mlir::Type> &types);
llvm::LogicalResult verifyMap(mlir::Operation *op);

/// One parallel factor per dimension of the (first) result.
FactorRule resultFactors(mlir::Operation *op);

/// True unless the two sizes are known to differ.
bool mayBeEqual(DimExpr a, DimExpr b);

/// Reports `what` with both sizes unless they may be equal.
llvm::LogicalResult verifyDim(mlir::Operation *op, llvm::StringRef what, unsigned dim,
                              DimExpr actual, DimExpr expected);
/// verifyDim over all dimensions of a type, ranks included.
llvm::LogicalResult verifyDims(mlir::Operation *op, llvm::StringRef what, mlir::Type actual,
                               llvm::ArrayRef<DimExpr> expected);

} // namespace tenon::detail

namespace tenon {
/// NumPy's broadcast of two sizes: a static 1 gives way; of two sizes that
/// cannot be compared the first is taken and \p check set (they must be equal
/// at run time). Null if they are known to differ.
DimExpr broadcastDim(DimExpr a, DimExpr b, bool *check = nullptr);
/// Broadcast of two shapes; nothing if they clash.
std::optional<llvm::SmallVector<DimExpr>> broadcastDims(llvm::ArrayRef<DimExpr> a,
                                                        llvm::ArrayRef<DimExpr> b);
} // namespace tenon

#endif // TENON_DIALECTS_TENON_DETAIL_H
