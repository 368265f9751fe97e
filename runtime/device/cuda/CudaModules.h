// Kernels of a bundle as the driver has them.
#pragma once

#include "runtime/bundle/BundleFile.h"
#include "runtime/device/cuda/CudaDriver.h"

#include <memory>
#include <vector>

namespace tenon {

/// The target of a bundle for a GPU of this compute capability, or none: its own
/// architecture first (sm_90a on 9.0), else the newest one below whose PTX runs on
/// all that follow.
uint32_t chooseCudaTarget(const bundle::Bundle &bundle, int major, int minor);

/// Modules are loaded when one of their kernels is first asked for and unloaded at
/// the end. The context must be current.
class CudaModules {
public:
  ~CudaModules() { unload(); }
  Status open(std::shared_ptr<const bundle::BundleFile> file, uint32_t target,
              const CudaDriver &driver);
  Status function(uint32_t kernel, CuFunction &function);
  const bundle::Target &target() const { return file->bundle().targets[targetIndex]; }
  void unload();

private:
  Status load(uint32_t kernel);

  std::shared_ptr<const bundle::BundleFile> file;
  uint32_t targetIndex = bundle::none;
  const CudaDriver *driver = nullptr;
  std::vector<CuModule> modules;     ///< per kernel, null until loaded
  std::vector<CuFunction> functions; ///< likewise
};

} // namespace tenon
