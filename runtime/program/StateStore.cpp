// States: allocated and initialised at their first use.
#include "runtime/program/StateStore.h"

namespace tenon {

Status StateStore::get(Device &device, uint32_t state, int64_t size, void *&data) {
  Slot &slot = slots[state];
  const bundle::State &info = file.bundle().states[state];
  if (slot.size == size) {
    data = slot.memory.data();
    return {};
  }
  if (slot.size >= 0)
    return Status(TENON_INVALID_ARGUMENT, "state '" + info.name + "' has " +
                                              std::to_string(slot.size) +
                                              " bytes, this run needs " + std::to_string(size) +
                                              "; reset the session first");
  if (!slot.memory.reserve(device, size))
    return Status(TENON_OUT_OF_MEMORY, "no memory for state '" + info.name + "'");
  TENON_TRY(device.fill(slot.memory.data(), 0, 1, size));
  if (info.initial != bundle::none) {
    const bundle::Constant &initial = file.bundle().constants[info.initial];
    if (static_cast<uint64_t>(size) != initial.size)
      return Status(TENON_INVALID_BUNDLE, "state '" + info.name + "' has an initial value of " +
                                              std::to_string(initial.size) + " bytes, expected " +
                                              std::to_string(size));
    TENON_TRY(device.upload(slot.memory.data(), file.constantData(initial), size));
  }
  slot.size = size;
  data = slot.memory.data();
  return {};
}

void StateStore::reset() {
  for (Slot &slot : slots)
    slot.size = -1;
}

uint64_t StateStore::memory() const {
  uint64_t total = 0;
  for (const Slot &slot : slots)
    total += slot.memory.size();
  return total;
}

} // namespace tenon
