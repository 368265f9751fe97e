//===- Index.h - index operands of gathers and scatters ---------*- C++ -*-===//

#ifndef TENON_FRONTENDS_ONNX_INDEX_H
#define TENON_FRONTENDS_ONNX_INDEX_H

#include "frontends/onnx/Node.h"

namespace tenon::onnximport {

/// Splits tuples [..., k] into k index tensors [...] of the dimensions of
/// \p data from \p batch on, negative ones counted from the end.
llvm::SmallVector<Value> splitIndexTuples(Node &n, Value tuples, Value data, int64_t batch);

/// Refuses a size that is known to be larger than the limit, checks at run time
/// one that may be.
void checkAtMost(Node &n, DimExpr size, DimExpr limit, const llvm::Twine &message);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_INDEX_H
