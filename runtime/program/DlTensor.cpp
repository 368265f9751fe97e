// Types, shapes and strides of DLPack tensors.
#include "runtime/program/DlTensor.h"

#include "runtime/support/Checked.h"

#include <cstring>

namespace tenon {
namespace {

uint8_t dlCode(ElementType type) {
  switch (type) {
  case ElementType::I1:
    return kDLBool;
  case ElementType::U4:
  case ElementType::U8:
  case ElementType::U16:
  case ElementType::U32:
  case ElementType::U64:
    return kDLUInt;
  case ElementType::BF16:
    return kDLBfloat;
  case ElementType::F8E4M3FN:
    return kDLFloat8_e4m3fn;
  case ElementType::F8E5M2:
    return kDLFloat8_e5m2;
  case ElementType::F8E4M3FNUZ:
    return kDLFloat8_e4m3fnuz;
  case ElementType::F8E5M2FNUZ:
    return kDLFloat8_e5m2fnuz;
  case ElementType::F8E8M0FNU:
    return kDLFloat8_e8m0fnu;
  case ElementType::F4E2M1FN:
    return kDLFloat4_e2m1fn;
  default:
    return isFloat(type) ? kDLFloat : kDLInt;
  }
}

/// Copies dimension `dim` and those inside it; returns the end of what it wrote.
char *copyDimension(const DLTensor &from, unsigned bytes, int dim, const char *data, char *to) {
  if (dim == from.ndim) {
    std::memcpy(to, data, bytes);
    return to + bytes;
  }
  int64_t step = from.strides[dim] * static_cast<int64_t>(bytes);
  for (int64_t i = 0; i < from.shape[dim]; ++i)
    to = copyDimension(from, bytes, dim + 1, data + i * step, to);
  return to;
}

} // namespace

DLDataType toDlType(ElementType type) {
  return {dlCode(type), static_cast<uint8_t>(elementBits(type)), 1};
}

bool isType(DLDataType dlType, ElementType type) {
  DLDataType wanted = toDlType(type);
  return dlType.code == wanted.code && dlType.bits == wanted.bits && dlType.lanes == 1;
}

std::string dlTypeText(DLDataType dlType) {
#define ELEMENT(name, code, text, bits)                                                            \
  if (isType(dlType, ElementType::name))                                                           \
    return text;
#include "runtime/bundle/ElementTypes.def"
  return "code " + std::to_string(dlType.code) + " of " + std::to_string(dlType.bits) + " bits x " +
         std::to_string(dlType.lanes);
}

std::string shapeText(const int64_t *shape, int ndim) {
  if (ndim == 0)
    return "scalar";
  std::string text = "[";
  for (int i = 0; i < ndim; ++i)
    text += (i ? " x " : "") + std::to_string(shape[i]);
  return text + "]";
}

bool isContiguous(const DLTensor &tensor) {
  if (!tensor.strides)
    return true;
  int64_t expected = 1;
  bool empty = false, contiguous = true;
  for (int i = tensor.ndim - 1; i >= 0; --i) {
    empty |= tensor.shape[i] == 0;
    contiguous &= tensor.shape[i] == 1 || tensor.strides[i] == expected;
    expected *= tensor.shape[i];
  }
  return empty || contiguous;
}

bool countElements(const int64_t *shape, int ndim, int64_t &count) {
  count = 1;
  bool empty = false;
  for (int i = 0; i < ndim; ++i) {
    if (shape[i] < 0)
      return false;
    empty |= shape[i] == 0;
    if (!empty && !checkedMul(count, shape[i], count))
      return false;
  }
  count = empty ? 0 : count;
  return true;
}

bool countBytes(ElementType type, int64_t elements, int64_t &bytes) {
  if (!checkedMul(elements, elementBits(type), bytes))
    return false;
  bytes = bytes / 8 + (bytes % 8 != 0);
  return true;
}

void copyStrided(const DLTensor &from, unsigned elementBytes, char *to) {
  int64_t count;
  if (countElements(from.shape, from.ndim, count) && count == 0)
    return;
  copyDimension(from, elementBytes, 0, dlData(from), to);
}

} // namespace tenon
