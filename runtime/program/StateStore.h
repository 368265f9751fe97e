// The memory of a session that outlives runs (caches, counters).
#pragma once

#include "runtime/bundle/BundleFile.h"
#include "runtime/device/Device.h"

#include <vector>

namespace tenon {

class StateStore {
public:
  explicit StateStore(const bundle::BundleFile &file)
      : file(file), slots(file.bundle().states.size()) {}

  /// The memory of a state that has that many bytes already.
  void *find(uint32_t state, int64_t size) const {
    return slots[state].size == size ? slots[state].memory.data() : nullptr;
  }
  /// The memory of a state of that shape. The first call sets the shape and the
  /// initial value; a later one of another size is an error until reset().
  Status get(Device &device, uint32_t state, const std::vector<int64_t> &shape, int64_t size,
             void *&data);
  /// Back to initial values, at the next use.
  void reset();
  /// What lies at `length` and beyond along a dimension goes back to its initial
  /// value; of one state, or of all in use that have the dimension if it is none.
  Status truncate(Device &device, uint32_t state, int32_t dim, int64_t length);
  /// Holds what `from` holds.
  Status copy(Device &device, const StateStore &from);
  uint64_t memory() const;

  // SavedStates.cpp
  uint64_t savedBytes() const;
  /// Writes savedBytes() bytes.
  Status save(Device &device, uint8_t *to) const;
  /// Takes what save() wrote, of the same bundle; nothing else: these are bytes of
  /// a stranger. All or nothing, but for a device that fails.
  Status restore(Device &device, const uint8_t *from, uint64_t size);

private:
  struct Slot {
    DeviceMemory memory;
    int64_t size = -1;
    std::vector<int64_t> shape;
  };
  Status initialise(Device &device, uint32_t state, int64_t offset, int64_t bytes);
  Status truncateOne(Device &device, uint32_t state, size_t dim, int64_t length);

  const bundle::BundleFile &file;
  std::vector<Slot> slots;
};

} // namespace tenon
