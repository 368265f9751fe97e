// Runs kernels of one bundle on the processor's cores.
#pragma once

#include "runtime/bundle/BundleFile.h"
#include "runtime/device/cpu/ThreadPool.h"
#include "runtime/support/Memory.h"
#include "tenon/kernel.h"

#include <vector>

namespace tenon {

/// Code of one target, mapped for execution, and a thread pool.
class CpuDevice {
public:
  CpuDevice() = default;
  ~CpuDevice();
  CpuDevice(const CpuDevice &) = delete;
  CpuDevice &operator=(const CpuDevice &) = delete;

  /// Maps the code of the best target for this machine and starts the threads
  /// (0: one for each processor).
  Status open(std::shared_ptr<const bundle::BundleFile> file, int threads);

  /// Runs blocks [0, grid) of a kernel; the result is the one of the lowest
  /// range of blocks that failed, so it does not depend on timing.
  /// `work` estimates operations or bytes, whichever is more (negative: unknown);
  /// a launch too small to be worth waking a thread runs on the caller.
  Status launch(uint32_t kernel, int64_t grid, int64_t scratchBytes, int64_t work,
                void *const *buffers, const int64_t *symbols);

  unsigned threads() const { return pool.size(); }
  const bundle::Target &target() const { return file->bundle().targets[targetIndex]; }
  uint64_t scratchMemory() const { return scratch.size(); }

private:
  std::shared_ptr<const bundle::BundleFile> file;
  uint32_t targetIndex = bundle::none;
  void *code = nullptr;
  uint64_t codeSize = 0;
  ThreadPool pool;
  Memory scratch;
  std::vector<int32_t> results;
};

} // namespace tenon
