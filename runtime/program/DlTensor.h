// DLPack tensors as callers hand them over.
#pragma once

#include "runtime/bundle/ElementType.h"
#include "runtime/support/Status.h"
#include "tenon.h"

#include <string>

namespace tenon {

DLDataType toDlType(ElementType type);
bool isType(DLDataType dlType, ElementType type);
/// "f32", or the DLPack code and bits for one that Tenon has no name for.
std::string dlTypeText(DLDataType type);
/// "[2 x 3 x 4]"; "scalar" for none.
std::string shapeText(const int64_t *shape, int ndim);

/// First byte of the tensor's elements.
inline char *dlData(const DLTensor &tensor) {
  return static_cast<char *>(tensor.data) + tensor.byte_offset;
}

/// Whether elements lie in row-major order without gaps.
bool isContiguous(const DLTensor &tensor);

/// Elements of a shape; false for a negative size or if it does not fit.
bool countElements(const int64_t *shape, int ndim, int64_t &count);
/// Bytes of so many elements; false if it does not fit.
bool countBytes(ElementType type, int64_t elements, int64_t &bytes);

/// Copies a tensor of any strides into row-major order.
void copyStrided(const DLTensor &from, unsigned elementBytes, char *to);

} // namespace tenon
