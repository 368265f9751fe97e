// Inputs: type and rank, symbols from their shapes, sizes, data.
//
// 1. Every dimension that is a symbol binds it, within its range and step.
// 2. Every dimension is compared with its expression's value, so that a symbol
//    in two places and formulas like 2*seq are checked too.
// 3. Data is used where it lies, or copied if it is strided or misaligned.
#include "runtime/program/EntryRunner.h"

namespace tenon {

using namespace bundle;

namespace {

Status refuse(std::string message) { return Status(TENON_INVALID_ARGUMENT, std::move(message)); }

std::string inputName(const Tensor &tensor) { return "input '" + tensor.name + "'"; }

} // namespace

Status EntryRunner::checkTensor(uint32_t index, const DLTensor &tensor) {
  const Tensor &wanted = entry.inputs[index];
  if (tensor.device.device_type != kDLCPU && tensor.device.device_type != kDLCUDAHost)
    return refuse(inputName(wanted) + " is not in host memory");
  if (!isType(tensor.dtype, wanted.type))
    return refuse(inputName(wanted) + " has elements of type " + dlTypeText(tensor.dtype) +
                  ", expected " + elementTypeText(wanted.type));
  if (tensor.ndim != static_cast<int32_t>(wanted.shape.size()) || (tensor.ndim && !tensor.shape))
    return refuse(inputName(wanted) + " has " + std::to_string(tensor.ndim) +
                  " dimensions, expected " + std::to_string(wanted.shape.size()));
  return {};
}

Status EntryRunner::checkSymbol(uint32_t index, int64_t value) const {
  const Symbol &symbol = entry.symbols[index];
  const char *rule = value < symbol.min    ? "at least "
                     : value > symbol.max  ? "at most "
                     : value % symbol.step ? "a multiple of "
                                           : nullptr;
  if (!rule)
    return {};
  int64_t bound = value < symbol.min ? symbol.min : value > symbol.max ? symbol.max : symbol.step;
  std::string name = symbol.name;
  if (!name.empty() && value == 0 && symbol.min == 1)
    name += "; compile with --dim " + name + "=0..N to allow 0";
  return refuse("is " + std::to_string(value) + ", expected " + rule + std::to_string(bound) +
                (name.empty() ? "" : " (" + name + ")"));
}

Status EntryRunner::bindSymbols(uint32_t index, const DLTensor &tensor) {
  const Tensor &wanted = entry.inputs[index];
  for (int32_t dim = 0; dim < tensor.ndim; ++dim) {
    const ExprNode &node = entry.exprs[wanted.shape[dim]];
    if (node.op != ExprOp::Symbol || values.isBound(node.a))
      continue;
    if (Status status = checkSymbol(node.a, tensor.shape[dim]); !status.ok())
      return refuse("dimension " + std::to_string(dim) + " of " + inputName(wanted) + " " +
                    status.error().message);
    values.bindOnly(node.a, tensor.shape[dim]);
  }
  return {};
}

Status EntryRunner::checkShape(uint32_t index, const DLTensor &tensor) {
  const Tensor &wanted = entry.inputs[index];
  for (int32_t dim = 0; dim < tensor.ndim; ++dim) {
    Expr expr = wanted.shape[dim];
    std::string value = std::to_string(values.value(expr));
    if (values.state(expr) == ExprValues::State::Known && values.value(expr) == tensor.shape[dim])
      continue;
    bool known = values.state(expr) == ExprValues::State::Known;
    bool constant = entry.exprs[expr].op == ExprOp::Constant;
    return refuse("dimension " + std::to_string(dim) + " of " + inputName(wanted) + " is " +
                  std::to_string(tensor.shape[dim]) + ", expected " +
                  (known ? value : std::string("a known size")) +
                  (constant ? "" : " (" + exprText(entry, expr) + ")"));
  }
  return {};
}

Status EntryRunner::takeData(uint32_t index, const DLTensor &tensor) {
  const Tensor &wanted = entry.inputs[index];
  Input &input = inputs[index];
  int64_t elements, bytes;
  if (!countElements(tensor.shape, tensor.ndim, elements) ||
      !countBytes(wanted.type, elements, bytes))
    return refuse(inputName(wanted) + " of shape " + shapeText(tensor.shape, tensor.ndim) +
                  " is too large");
  if (bytes && !tensor.data)
    return refuse(inputName(wanted) + " has no data");
  unsigned width = elementBytes(wanted.type);
  bool contiguous = isContiguous(tensor);
  if (!contiguous && !width)
    return refuse(inputName(wanted) + " is strided, expected contiguous elements of type " +
                  elementTypeText(wanted.type));
  bool aligned = !width || reinterpret_cast<uintptr_t>(dlData(tensor)) % width == 0;
  if (contiguous && (aligned || !bytes)) {
    input.range = {dlData(tensor), bytes};
    return {};
  }
  if (!input.copy.reserve(bytes))
    return Status(TENON_OUT_OF_MEMORY, "no memory for a copy of " + inputName(wanted));
  input.range = {reinterpret_cast<char *>(input.copy.data()), bytes};
  if (contiguous)
    __builtin_memcpy(input.range.data, dlData(tensor), bytes);
  else
    copyStrided(tensor, width, input.range.data);
  return {};
}

Status EntryRunner::bindInputs(const DLTensor *tensors, size_t count) {
  if (count != inputs.size() || (count && !tensors))
    return refuse("expected " + std::to_string(inputs.size()) + " inputs, got " +
                  std::to_string(count));
  values.clear();
  bindRank();
  for (size_t i = 0; i < count; ++i) {
    TENON_TRY(checkTensor(i, tensors[i]));
    TENON_TRY(bindSymbols(i, tensors[i]));
  }
  values.recompute();
  for (size_t i = 0; i < count; ++i)
    TENON_TRY(checkShape(i, tensors[i]));
  for (size_t i = 0; i < count; ++i)
    TENON_TRY(takeData(i, tensors[i]));
  return {};
}

} // namespace tenon
