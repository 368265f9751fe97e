//===- Index.h - index operands of gathers and scatters ---------*- C++ -*-===//

#ifndef TENON_FRONTENDS_ONNX_INDEX_H
#define TENON_FRONTENDS_ONNX_INDEX_H

#include "frontends/onnx/Node.h"

namespace tenon::onnximport {

/// Splits tuples [..., k] into k index tensors [...] of the dimensions of
/// \p data from \p batch on, negative ones counted from the end.
llvm::SmallVector<Value> splitIndexTuples(Node &n, Value tuples, Value data, int64_t batch);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_INDEX_H
