//===- Norm.h - normalisations that several operators use -------*- C++ -*-===//

#ifndef TENON_FRONTENDS_ONNX_NORM_H
#define TENON_FRONTENDS_ONNX_NORM_H

#include "frontends/onnx/TensorBuilder.h"

namespace tenon::onnximport {

/// Over some dimensions, which stay as 1: the mean, x - mean, the variance.
struct Statistics {
  Value mean, centred, variance;
};
Statistics statistics(TensorBuilder &b, Value x, llvm::ArrayRef<int64_t> axes);
/// (x - mean) / sqrt(variance + epsilon).
Value normalize(TensorBuilder &b, Value x, llvm::ArrayRef<int64_t> axes, double epsilon);
/// x / sqrt(mean(x^2) + epsilon) * scale.
Value rmsNormalize(TensorBuilder &b, Value x, Value scale, llvm::ArrayRef<int64_t> axes,
                   double epsilon);
Value logSoftmax(TensorBuilder &b, Value x, llvm::ArrayRef<int64_t> axes);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_NORM_H
