//===- Activation.h - activation functions that several operators use -----===//

#ifndef TENON_FRONTENDS_ONNX_ACTIVATION_H
#define TENON_FRONTENDS_ONNX_ACTIVATION_H

#include "frontends/onnx/TensorBuilder.h"

namespace tenon::onnximport {

/// log(1 + exp(x)).
Value softplus(TensorBuilder &b, Value x);
/// Exact, or with tanh.
Value gelu(TensorBuilder &b, Value x, bool tanhForm);
/// max(0, min(1, alpha * x + beta)).
Value hardSigmoid(TensorBuilder &b, Value x, double alpha, double beta);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_ACTIVATION_H
