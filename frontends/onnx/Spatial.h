//===- Spatial.h - kernel, strides and padding of convolutions --*- C++ -*-===//
//
// The attributes that convolutions and pools share, with auto_pad resolved.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_ONNX_SPATIAL_H
#define TENON_FRONTENDS_ONNX_SPATIAL_H

#include "frontends/onnx/Node.h"

namespace tenon::onnximport {

struct Spatial {
  Ints kernel, strides, dilations;
  /// Padding before and after; symbolic under auto_pad on symbolic sizes.
  Dims low, high;
  /// Sizes of the input's spatial dimensions.
  Dims sizes;

  /// Attributes of a node whose input has these spatial \p sizes.
  static Spatial read(Node &n, Dims sizes, Ints kernel);

  int64_t extent(size_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
  /// Number of window positions.
  DimExpr count(size_t i, bool ceil = false) const;
  WindowSpec window(bool ceil = false) const;
  /// True if every window is one element, in place.
  bool isPointwise() const;
  /// True if some window may reach outside of the input.
  bool hasPadding() const;
};

/// Attribute list of \p count positive numbers.
Ints readPositive(Node &n, llvm::StringRef name, size_t count);

/// Convolution of x [N, C, ...] with w [M, C/group, ...], windows as given.
Value convolve(TensorBuilder &b, Value x, Value w, const WindowSpec &window, bool pointwise,
               int64_t group);
/// A vector of channels as [C, 1, ...] that broadcasts over [N, C, ...].
Value perChannel(TensorBuilder &b, Value vector, int64_t rank);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_SPATIAL_H
