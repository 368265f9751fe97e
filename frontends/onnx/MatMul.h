//===- MatMul.h - parts of matrix products that several operators use -----===//

#ifndef TENON_FRONTENDS_ONNX_MATMUL_H
#define TENON_FRONTENDS_ONNX_MATMUL_H

#include "frontends/onnx/TensorBuilder.h"

namespace tenon::onnximport {

/// Exchanges the last two dimensions.
Value transposeLast(TensorBuilder &b, Value x);
/// x * factor; x itself for 1.
Value scaled(TensorBuilder &b, Value x, double factor);
/// x - zero point in i32; `perRow`: a vector of zero points along dimension 0.
Value centred(TensorBuilder &b, Value x, Value zero, bool perRow);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_MATMUL_H
