// States: allocated and initialised at their first use, cut and copied between runs.
#include "runtime/program/StateStore.h"

namespace tenon {

using namespace bundle;

Status StateStore::get(Device &device, uint32_t state, const std::vector<int64_t> &shape,
                       int64_t size, void *&data) {
  Slot &slot = slots[state];
  const State &info = file.bundle().states[state];
  if (slot.size >= 0 && slot.size != size)
    return Status(TENON_INVALID_ARGUMENT, "state '" + info.name + "' has " +
                                              std::to_string(slot.size) +
                                              " bytes, this run needs " + std::to_string(size) +
                                              "; reset the session first");
  if (slot.size < 0) {
    if (!slot.memory.reserve(device, size))
      return Status(TENON_OUT_OF_MEMORY, "no memory for state '" + info.name + "'");
    uint64_t initial = info.initial == none ? size : file.bundle().constants[info.initial].size;
    if (static_cast<uint64_t>(size) != initial)
      return Status(TENON_INVALID_BUNDLE, "state '" + info.name + "' has an initial value of " +
                                              std::to_string(initial) + " bytes, expected " +
                                              std::to_string(size));
    TENON_TRY(initialise(device, state, 0, size));
    slot.size = size;
    slot.shape = shape;
  }
  data = slot.memory.data();
  return {};
}

/// Part of a state as it begins.
Status StateStore::initialise(Device &device, uint32_t state, int64_t offset, int64_t bytes) {
  char *to = slots[state].memory.data() + offset;
  const State &info = file.bundle().states[state];
  if (info.initial == none)
    return device.fill(to, 0, 1, bytes);
  return device.upload(to, file.constantData(file.bundle().constants[info.initial]) + offset, bytes);
}

void StateStore::reset() {
  for (Slot &slot : slots)
    slot.size = -1;
}

Status StateStore::truncate(Device &device, uint32_t state, int32_t dim, int64_t length) {
  if (dim < 0 || length < 0)
    return Status(TENON_INVALID_ARGUMENT, "dimension " + std::to_string(dim) + " cannot be cut to " +
                                              std::to_string(length));
  if (state != none && slots[state].size >= 0 && size_t(dim) >= slots[state].shape.size())
    return Status(TENON_INVALID_ARGUMENT, "state '" + file.bundle().states[state].name + "' has " +
                                              std::to_string(slots[state].shape.size()) +
                                              " dimensions, none is " + std::to_string(dim));
  for (uint32_t i = 0; i < slots.size(); ++i)
    if ((state == none || state == i) && slots[i].size >= 0 && size_t(dim) < slots[i].shape.size())
      TENON_TRY(truncateOne(device, i, dim, length));
  uint32_t failed;
  return device.finish(failed);
}

Status StateStore::truncateOne(Device &device, uint32_t state, size_t dim, int64_t length) {
  const Slot &slot = slots[state];
  int64_t rows = 1, extent = slot.shape[dim];
  for (size_t i = 0; i < dim; ++i)
    rows *= slot.shape[i]; // the product of all is the size, which fits
  if (length >= extent || slot.size == 0)
    return {};
  int64_t row = slot.size / rows, kept = row / extent * length;
  for (int64_t i = 0; i < rows; ++i)
    TENON_TRY(initialise(device, state, i * row + kept, row - kept));
  return {};
}

Status StateStore::copy(Device &device, const StateStore &from) {
  for (uint32_t i = 0; i < slots.size(); ++i) {
    const Slot &source = from.slots[i];
    slots[i].size = -1;
    if (source.size < 0)
      continue;
    if (!slots[i].memory.reserve(device, source.size))
      return Status(TENON_OUT_OF_MEMORY, "no memory for state '" + file.bundle().states[i].name + "'");
    TENON_TRY(device.copy(slots[i].memory.data(), source.memory.data(), source.size));
    slots[i].size = source.size;
    slots[i].shape = source.shape;
  }
  uint32_t failed;
  return device.finish(failed);
}

uint64_t StateStore::memory() const {
  uint64_t total = 0;
  for (const Slot &slot : slots)
    total += slot.memory.size();
  return total;
}

} // namespace tenon
