// Outputs: the caller's memory, checked, or the session's own, grown as needed.
// An output becomes ready before the first instruction, so that a wrong one is
// refused at once; or, where its size depends on symbols bound while the program
// runs, when an instruction first touches it.
#include "runtime/program/EntryRunner.h"

#include <algorithm>

namespace tenon {

using namespace bundle;

namespace {

Status refuse(std::string message) { return Status(TENON_INVALID_ARGUMENT, std::move(message)); }

bool overlaps(const char *a, int64_t aSize, const char *b, int64_t bSize) {
  auto left = reinterpret_cast<uintptr_t>(a), right = reinterpret_cast<uintptr_t>(b);
  return aSize && bSize && left < right + bSize && right < left + aSize;
}

} // namespace

/// Forgets the last run. A tensor that still points to the session's memory from
/// then asks for that memory again, at the size of this run.
void EntryRunner::takeOutputs(DLTensor *tensors) {
  callerOutputs = tensors;
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].ready = false;
    if (tensors[i].data == outputs[i].memory.data())
      tensors[i].data = nullptr;
  }
}

Status EntryRunner::prepareKnownOutputs() {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::vector<Expr> &shape = entry.outputs[i].shape;
    if (std::all_of(shape.begin(), shape.end(), [&](Expr dim) {
          return values.state(dim) == ExprValues::State::Known;
        }))
      TENON_TRY(prepareOutput(i));
  }
  return {};
}

Status EntryRunner::prepareOutput(uint32_t index) {
  Output &output = outputs[index];
  if (output.ready)
    return {};
  const Tensor &info = entry.outputs[index];
  for (size_t dim = 0; dim < info.shape.size(); ++dim)
    TENON_TRY(evaluate(info.shape[dim], output.shape[dim]));
  int64_t elements, bytes;
  if (!countElements(output.shape.data(), output.shape.size(), elements) ||
      !countBytes(info.type, elements, bytes))
    return Status(TENON_EXECUTION, "output '" + info.name + "' of shape " +
                                       shapeText(output.shape.data(), output.shape.size()) +
                                       " is too large");
  TENON_TRY(callerOutputs[index].data ? takeCallersOutput(index, bytes)
                                      : allocateOutput(index, bytes));
  TENON_TRY(mirrorOutput(output));
  output.ready = true;
  return {};
}

/// The shape and type of an output that is ready, over its memory.
DLTensor EntryRunner::describeOutput(uint32_t index) {
  Output &output = outputs[index];
  DLTensor tensor{};
  tensor.data = output.range.data;
  tensor.device = {kDLCPU, 0};
  tensor.ndim = static_cast<int32_t>(output.shape.size());
  tensor.dtype = toDlType(entry.outputs[index].type);
  tensor.shape = output.shape.data();
  return tensor;
}

Status EntryRunner::allocateOutput(uint32_t index, int64_t bytes) {
  Output &output = outputs[index];
  char *memory = nullptr;
  if (hooks.allocator.allocate) {
    DLTensor tensor = describeOutput(index);
    tensor.data = nullptr;
    memory = static_cast<char *>(hooks.allocator.allocate(hooks.allocator.user, index, &tensor));
  } else if (output.memory.reserve(bytes)) {
    memory = reinterpret_cast<char *>(output.memory.data());
  }
  const Tensor &info = entry.outputs[index];
  if (!memory)
    return Status(TENON_OUT_OF_MEMORY, "no memory for output '" + info.name + "' of " +
                                           std::to_string(bytes) + " bytes");
  if (reinterpret_cast<uintptr_t>(memory) % std::max(1u, elementBytes(info.type)))
    return refuse("the allocator's memory for output '" + info.name +
                  "' is not aligned to its elements");
  output.range = {memory, bytes};
  return checkOverlap(index, output.range);
}

Status EntryRunner::takeCallersOutput(uint32_t index, int64_t bytes) {
  const DLTensor &tensor = callerOutputs[index];
  Output &output = outputs[index];
  const Tensor &info = entry.outputs[index];
  std::string name = "output '" + info.name + "'";
  if (tensor.device.device_type != kDLCPU && tensor.device.device_type != kDLCUDAHost)
    return refuse(name + " is not in host memory");
  if (!isType(tensor.dtype, info.type))
    return refuse(name + " has elements of type " + dlTypeText(tensor.dtype) + ", expected " +
                  elementTypeText(info.type));
  int ndim = static_cast<int>(output.shape.size());
  if (tensor.ndim != ndim || (ndim && !tensor.shape) ||
      !std::equal(output.shape.begin(), output.shape.end(), tensor.shape))
    return refuse(name + " has the wrong shape, expected " + shapeText(output.shape.data(), ndim));
  unsigned width = std::max(1u, elementBytes(info.type));
  if (!isContiguous(tensor) || reinterpret_cast<uintptr_t>(dlData(tensor)) % width)
    return refuse(name + " is not contiguous and aligned to its elements");
  output.range = {dlData(tensor), bytes};
  return checkOverlap(index, output.range);
}

Status EntryRunner::checkOverlap(uint32_t index, const Range &range) const {
  auto clash = [&](const char *kind, const std::string &name) {
    return refuse("output '" + entry.outputs[index].name + "' overlaps " + kind + " '" + name +
                  "' in memory");
  };
  for (size_t i = 0; i < inputs.size(); ++i)
    if (overlaps(range.data, range.size, inputs[i].range.data, inputs[i].range.size))
      return clash("input", entry.inputs[i].name);
  for (size_t i = 0; i < outputs.size(); ++i)
    if (i != index && outputs[i].ready &&
        overlaps(range.data, range.size, outputs[i].range.data, outputs[i].range.size))
      return clash("output", entry.outputs[i].name);
  return {};
}

Status EntryRunner::finishOutputs() {
  for (size_t i = 0; i < outputs.size(); ++i) {
    TENON_TRY(prepareOutput(i));
    if (!callerOutputs[i].data)
      callerOutputs[i] = describeOutput(i);
  }
  return {};
}

} // namespace tenon
