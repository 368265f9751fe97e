//===- Indexed.h - what gather and scatter have in common -------*- C++ -*-===//
//
// Both walk the data by index operands and, in the dimensions without one, by
// the number of the point itself (gather: of the result, scatter: of the
// updates). The numbered constraints, of `gather` and of `scatter`:
//
//   c1  a dimension of the points that names a data dimension directly is not
//       larger than it, or it would reach beyond the buffer;
//   c2  an index operand has the sizes of the points' dimensions `indexDims`
//       (gather: or 1).
//
// Sizes that cannot be compared are for a tenon.check, by whoever builds the
// operation.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_INDEXED_H
#define TENON_DIALECTS_TENON_INDEXED_H

#include "dialects/tenon/Detail.h"

namespace tenon::detail {

/// Constraints c1 and c2; an index operand's size may be 1 if \p repeatsOne.
llvm::LogicalResult verifyIndexed(mlir::Operation *op, llvm::StringRef name, mlir::Type points,
                                  mlir::Type data, llvm::ArrayRef<int64_t> dataDims,
                                  mlir::ValueRange indices, llvm::ArrayRef<int64_t> indexDims,
                                  bool repeatsOne);

} // namespace tenon::detail

#endif // TENON_DIALECTS_TENON_INDEXED_H
