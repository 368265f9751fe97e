// The CUDA driver API, opened at run time: a table of the functions in use.
//
// Declarations follow cuda.h (CUDA 13); the driver keeps them stable, so that no
// header or library of CUDA is needed to build.
#pragma once

#include "runtime/support/Status.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon {

using CuResult = int;
using CuDevice = int;
using CuPointer = unsigned long long;
using CuContext = struct CuContextObject *;
using CuStream = struct CuStreamObject *;
using CuModule = struct CuModuleObject *;
using CuFunction = struct CuFunctionObject *;

constexpr CuResult cuSuccess = 0, cuOutOfMemory = 2, cuNoDevice = 100, cuInvalidPtx = 218,
                   cuNoBinary = 209, cuUnsupportedPtx = 222;

enum CuAttribute {
  CuMultiprocessors = 16,
  CuComputeMajor = 75,
  CuComputeMinor = 76,
  CuSharedPerBlock = 97, ///< with cuFuncSetAttribute
};
enum CuFunctionAttribute { CuMaxDynamicShared = 8 };
enum CuJitOption { CuJitErrorLog = 5, CuJitErrorLogBytes = 6 };

// FUNCTION(member, symbol, parameters)
#define TENON_CUDA_FUNCTIONS(FUNCTION)                                                             \
  FUNCTION(init, "cuInit", (unsigned))                                                             \
  FUNCTION(driverGetVersion, "cuDriverGetVersion", (int *))                                        \
  FUNCTION(deviceGetCount, "cuDeviceGetCount", (int *))                                            \
  FUNCTION(deviceGet, "cuDeviceGet", (CuDevice *, int))                                            \
  FUNCTION(deviceGetName, "cuDeviceGetName", (char *, int, CuDevice))                              \
  FUNCTION(deviceGetAttribute, "cuDeviceGetAttribute", (int *, int, CuDevice))                     \
  FUNCTION(primaryRetain, "cuDevicePrimaryCtxRetain", (CuContext *, CuDevice))                     \
  FUNCTION(primaryRelease, "cuDevicePrimaryCtxRelease_v2", (CuDevice))                             \
  FUNCTION(setCurrent, "cuCtxSetCurrent", (CuContext))                                             \
  FUNCTION(streamCreate, "cuStreamCreate", (CuStream *, unsigned))                                 \
  FUNCTION(streamDestroy, "cuStreamDestroy_v2", (CuStream))                                        \
  FUNCTION(streamSynchronize, "cuStreamSynchronize", (CuStream))                                   \
  FUNCTION(memAllocAsync, "cuMemAllocAsync", (CuPointer *, size_t, CuStream))                      \
  FUNCTION(memFreeAsync, "cuMemFreeAsync", (CuPointer, CuStream))                                  \
  FUNCTION(copyToDevice, "cuMemcpyHtoDAsync_v2", (CuPointer, const void *, size_t, CuStream))      \
  FUNCTION(copyToHost, "cuMemcpyDtoHAsync_v2", (void *, CuPointer, size_t, CuStream))              \
  FUNCTION(copyOnDevice, "cuMemcpyDtoDAsync_v2", (CuPointer, CuPointer, size_t, CuStream))         \
  FUNCTION(fill8, "cuMemsetD8Async", (CuPointer, unsigned char, size_t, CuStream))                 \
  FUNCTION(fill16, "cuMemsetD16Async", (CuPointer, unsigned short, size_t, CuStream))              \
  FUNCTION(fill32, "cuMemsetD32Async", (CuPointer, unsigned, size_t, CuStream))                    \
  FUNCTION(fill32Rows, "cuMemsetD2D32Async",                                                       \
           (CuPointer, size_t, unsigned, size_t, size_t, CuStream))                                \
  FUNCTION(moduleLoad, "cuModuleLoadDataEx",                                                       \
           (CuModule *, const void *, unsigned, int *, void **))                                   \
  FUNCTION(moduleUnload, "cuModuleUnload", (CuModule))                                             \
  FUNCTION(moduleGetFunction, "cuModuleGetFunction", (CuFunction *, CuModule, const char *))       \
  FUNCTION(launchKernel, "cuLaunchKernel",                                                         \
           (CuFunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,      \
            CuStream, void **, void **))                                                           \
  FUNCTION(funcSetAttribute, "cuFuncSetAttribute", (CuFunction, int, int))                         \
  FUNCTION(getErrorName, "cuGetErrorName", (CuResult, const char **))                              \
  FUNCTION(getErrorString, "cuGetErrorString", (CuResult, const char **))

struct CudaDriver {
#define MEMBER(member, symbol, parameters) CuResult(*member) parameters = nullptr;
  TENON_CUDA_FUNCTIONS(MEMBER)
#undef MEMBER

  /// The machine's driver, opened and initialised once in a process; it stays open.
  static Status get(const CudaDriver *&driver);
  /// Success, or the driver's words for what went wrong while `doing` something.
  Status check(CuResult result, const std::string &doing) const;
  std::string describe(CuResult result) const;
};

} // namespace tenon
