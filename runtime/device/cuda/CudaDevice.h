// Runs kernels of one bundle on one GPU.
//
// All work goes to one stream, in order; errors of kernels are seen when a result is
// waited for. Weights are copied to the GPU when a kernel first reads them and stay.
#pragma once

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaModules.h"

#include <memory>
#include <vector>

namespace tenon {

class CudaDevice : public Device {
public:
  CudaDevice() = default;
  ~CudaDevice() override;
  CudaDevice(const CudaDevice &) = delete;
  CudaDevice &operator=(const CudaDevice &) = delete;

  /// Takes GPU `number` of the machine and the bundle's best code for it.
  Status open(std::shared_ptr<const bundle::BundleFile> file, int number);

  const char *kind() const override { return "cuda"; }
  std::string description() const override;
  unsigned threads() const override { return 1; }
  uint64_t heldMemory() const override { return held; }
  bool isHost() const override { return false; }
  void *allocate(uint64_t bytes) override;
  void release(void *data) override;
  Status weight(uint32_t index, void *&data) override;
  Status constant(uint32_t index, void *&data) override;
  Status launch(const LaunchRequest &request) override;
  Status upload(void *to, const void *from, uint64_t bytes) override;
  Status download(void *to, const void *from, uint64_t bytes) override;
  Status copy(void *to, const void *from, uint64_t bytes) override;
  Status fill(void *to, uint64_t pattern, unsigned width, uint64_t bytes) override;
  Status begin() override;
  Status finish(uint32_t &failedKernel) override;

private:
  Status chooseDevice(int number);
  Status resident(void *&slot, const void *bytes, uint64_t size, const char *what);
  Status scratchFor(const LaunchRequest &request, uint32_t flags, int64_t &blocks,
                    uint64_t &sharedBytes, CuPointer &global);

  std::shared_ptr<const bundle::BundleFile> file;
  const CudaDriver *driver = nullptr;
  CuDevice device = 0;
  CuContext context = nullptr;
  CuStream stream = nullptr;
  CudaModules modules;
  std::string name;
  int number = 0, multiprocessors = 1, sharedPerBlock = 0;
  std::vector<void *> weights, constants; ///< null until they are needed
  void *statusData = nullptr;             ///< a word per kernel: which check failed
  void *scratchData = nullptr;
  uint64_t scratchSize = 0;
  bool hasChecks = false;                 ///< a kernel with checks was launched in this run
  uint64_t held = 0;
  std::vector<int32_t> statusWords;
  std::vector<void *> parameters;
};

} // namespace tenon
