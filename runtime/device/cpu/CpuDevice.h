// Runs kernels of one bundle on the processor's cores.
#pragma once

#include "runtime/bundle/BundleFile.h"
#include "runtime/device/Device.h"
#include "runtime/device/cpu/ThreadPool.h"
#include "runtime/support/Memory.h"
#include "tenon/kernel.h"

#include <vector>

namespace tenon {

/// Code of one target, mapped for execution, and a thread pool.
class CpuDevice : public Device {
public:
  CpuDevice() = default;
  ~CpuDevice() override;
  CpuDevice(const CpuDevice &) = delete;
  CpuDevice &operator=(const CpuDevice &) = delete;

  /// Maps the code of the best target for this machine and starts the threads
  /// (0: one for each processor).
  Status open(std::shared_ptr<const bundle::BundleFile> file, int threads);

  /// Runs blocks [0, grid) of a kernel; the result is the one of the lowest
  /// range of blocks that failed, so it does not depend on timing. A launch too
  /// small to be worth waking a thread runs on the caller.
  Status launch(const LaunchRequest &request) override;

  const char *kind() const override { return "cpu"; }
  std::string description() const override;
  unsigned threads() const override { return pool.size(); }
  uint64_t heldMemory() const override { return scratch.size(); }
  bool isHost() const override { return true; }
  void *allocate(uint64_t bytes) override;
  void release(void *data) override;
  Status weight(uint32_t index, void *&data) override;
  Status constant(uint32_t index, void *&data) override;
  Status upload(void *to, const void *from, uint64_t bytes) override;
  Status download(void *to, const void *from, uint64_t bytes) override;
  Status copy(void *to, const void *from, uint64_t bytes) override;
  Status fill(void *to, uint64_t pattern, unsigned width, uint64_t bytes) override;
  Status finish(uint32_t &) override { return {}; }

  const bundle::Target &target() const { return file->bundle().targets[targetIndex]; }

private:
  int64_t rangesFor(int64_t work) const;

  std::shared_ptr<const bundle::BundleFile> file;
  uint32_t targetIndex = bundle::none;
  void *code = nullptr;
  uint64_t codeSize = 0;
  ThreadPool pool;
  Memory scratch;
  std::vector<int32_t> results;
};

} // namespace tenon
