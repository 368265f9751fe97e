// What the simulated machine takes of the host's memory.
#pragma once

namespace tenon::sim::bench {

struct MemoryUse {
  double openMegabytes = 0; // 8 GPUs of 80 GB that nothing has touched yet
  double shadowPerByte = 0; // of a buffer whose every word was accessed on its own: the most there is
};

MemoryUse measureMemory();

} // namespace tenon::sim::bench
