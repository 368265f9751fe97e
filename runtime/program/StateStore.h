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

  /// The memory of a state of that many bytes. The first call sets the size and
  /// the initial value; a later one with another size is an error until reset().
  Status get(Device &device, uint32_t state, int64_t size, void *&data);
  /// Back to initial values, at the next use.
  void reset();
  uint64_t memory() const;

private:
  struct Slot {
    DeviceMemory memory;
    int64_t size = -1;
  };
  const bundle::BundleFile &file;
  std::vector<Slot> slots;
};

} // namespace tenon
