// Opens libcuda.so.1 and finds its functions.
#include "runtime/device/cuda/CudaDriver.h"

#include <dlfcn.h>

namespace tenon {
namespace {

/// CUDA 12.0: the oldest driver that takes the PTX of the oldest target.
constexpr int oldestDriver = 12000;

std::string versionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Status openDriver(CudaDriver &driver) {
  void *library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Status(TENON_NO_DEVICE, "this machine has no NVIDIA driver (libcuda.so.1)");
#define FIND(member, symbol, parameters)                                                           \
  driver.member = reinterpret_cast<decltype(driver.member)>(::dlsym(library, symbol));             \
  if (!driver.member)                                                                              \
    return Status(TENON_NO_DEVICE,                                                                 \
                  "the NVIDIA driver is too old: it lacks " symbol "; CUDA 12.0 or newer is needed");
  TENON_CUDA_FUNCTIONS(FIND)
#undef FIND
  if (CuResult result = driver.init(0); result != cuSuccess)
    return Status(TENON_NO_DEVICE, "the NVIDIA driver does not start: " + driver.describe(result));
  int version = 0;
  TENON_TRY(driver.check(driver.driverGetVersion(&version), "asking for the driver's version"));
  if (version < oldestDriver)
    return Status(TENON_NO_DEVICE, "the NVIDIA driver is of CUDA " + versionText(version) +
                                       ", expected " + versionText(oldestDriver) + " or newer");
  return {};
}

} // namespace

Status CudaDriver::get(const CudaDriver *&driver) {
  static CudaDriver table;
  static const Status opened = openDriver(table);
  driver = &table;
  if (opened.ok())
    return {};
  return Status(opened.error().code, opened.error().message);
}

std::string CudaDriver::describe(CuResult result) const {
  const char *name = nullptr, *text = nullptr;
  if (getErrorName(result, &name) != cuSuccess || !name)
    return "CUDA error " + std::to_string(result);
  if (getErrorString(result, &text) != cuSuccess || !text)
    return name;
  return std::string(name) + " (" + text + ")";
}

Status CudaDriver::check(CuResult result, const std::string &doing) const {
  if (result == cuSuccess)
    return {};
  tenon_code code = result == cuOutOfMemory ? TENON_OUT_OF_MEMORY
                    : result == cuNoDevice  ? TENON_NO_DEVICE
                                            : TENON_EXECUTION;
  return Status(code, "the GPU failed while " + doing + ": " + describe(result));
}

} // namespace tenon
