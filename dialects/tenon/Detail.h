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

/// Verifies `dataDims` and `indexDims` of a gather or scatter, which speak of
/// `rank` dimensions (of the result, of the updates).
template <typename Op> llvm::LogicalResult verifyIndexing(Op op, int64_t rank) {
  int64_t dataRank = op.getData().getType().getRank();
  if (int64_t(op.getDataDims().size()) != dataRank)
    return op.emitOpError() << "data dims has " << op.getDataDims().size()
                            << " entries, expected " << dataRank;
  for (int64_t dim : op.getDataDims())
    if (dim >= int64_t(op.getIndices().size()) || -1 - dim >= rank)
      return op.emitOpError() << "data dims entry " << dim << " names no index and no dimension";
  for (mlir::Value operand : op.getIndices())
    if (mlir::cast<mlir::RankedTensorType>(operand.getType()).getRank() !=
        int64_t(op.getIndexDims().size()))
      return op.emitOpError("every index operand needs one entry of index dims per dimension");
  for (int64_t dim : op.getIndexDims())
    if (dim < 0 || dim >= rank)
      return op.emitOpError() << "index dims entry " << dim << " is not below the rank " << rank;
  return mlir::success();
}

} // namespace tenon::detail

namespace tenon {
/// NumPy's broadcast of two sizes: a static 1 gives way; of two sizes that
/// cannot be compared the first is taken and \p check set (they must be equal
/// at run time). Null if they are known to differ.
DimExpr broadcastDim(DimExpr a, DimExpr b, bool *check = nullptr);
/// True if a symbol occurs in both.
bool areRelated(DimExpr a, DimExpr b);
/// True where only the run decides whether an operand's size is 1 and repeated
/// to the other: of two sizes without a common symbol, or of `A` and what joins
/// it with another, `max(A, B)`. (Sizes of the same symbols are meant to be equal.)
bool repeatsAtRunTime(DimExpr size, DimExpr to);
/// Broadcast of two shapes; nothing if they clash.
std::optional<llvm::SmallVector<DimExpr>> broadcastDims(llvm::ArrayRef<DimExpr> a,
                                                        llvm::ArrayRef<DimExpr> b);
} // namespace tenon

#endif // TENON_DIALECTS_TENON_DETAIL_H
