// Devices, errors, limits, driver entry points.
#include "sim/libcudart/Runtime.h"

#include <cstddef>
#include <cstring>
#include <vector>

namespace tenon::sim::runtime {
namespace {

thread_local int device = 0;
thread_local cudaError_t lastError = cudaSuccess;
thread_local CUcontext entered = nullptr; // what this thread made current

struct ErrorName {
  cudaError_t error;
  const char *name;
};
constexpr ErrorName ErrorNames[] = {
#define ERROR(name, number) {number, "cuda" #name},
#include "sim/libcudart/Errors.def"
};

} // namespace

int currentDevice() { return device; }

cudaError_t record(cudaError_t error) {
  // Not being done yet is an answer, not an error.
  if (error != cudaSuccess && error != cudaErrorNotReady)
    lastError = error;
  return error;
}

CUresult ensureDriver() {
  static CUresult result = cuInit(0);
  return result;
}

/// A context that the program made current by the driver API is kept.
CUresult ensureContext() {
  if (CUresult result = ensureDriver(); result != CUDA_SUCCESS)
    return result;
  CUcontext now = nullptr;
  if (cuCtxGetCurrent(&now) == CUDA_SUCCESS && now)
    return CUDA_SUCCESS;
  CUcontext primary = nullptr;
  CUresult result = cuDevicePrimaryCtxRetain(&primary, device);
  if (result != CUDA_SUCCESS)
    return result;
  entered = primary;
  return cuCtxSetCurrent(primary);
}

} // namespace tenon::sim::runtime

using namespace tenon::sim::runtime;

/// cudaDeviceProp of CUDA 13, up to where its reserved tail begins.
struct DeviceProperties {
  char name[256];
  CUuuid uuid;
  char luid[8];
  unsigned luidDeviceNodeMask;
  size_t totalGlobalMem, sharedMemPerBlock;
  int regsPerBlock, warpSize;
  size_t memPitch;
  int maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3];
  size_t totalConstMem;
  int major, minor;
  size_t textureAlignment, texturePitchAlignment;
  int multiProcessorCount, integrated, canMapHostMemory;
  int textureAndSurfaceSizes[39]; // maxTexture1D to maxSurfaceCubemapLayered: none here
  size_t surfaceAlignment;
  int concurrentKernels, eccEnabled, pciBusID, pciDeviceID, pciDomainID, tccDriver;
  int asyncEngineCount, unifiedAddressing, memoryBusWidth, l2CacheSize, persistingL2CacheMaxSize;
  int maxThreadsPerMultiProcessor, streamPrioritiesSupported, globalL1, localL1;
  size_t sharedMemPerMultiprocessor;
  int regsPerMultiprocessor, managedMemory, isMultiGpuBoard, multiGpuBoardGroupID;
  int hostNativeAtomicSupported, pageableMemoryAccess, concurrentManagedAccess;
  int computePreemptionSupported, canUseHostPointerForRegisteredMem, cooperativeLaunch;
  size_t sharedMemPerBlockOptin;
  int pageableTables, directManagedMemAccessFromHost, maxBlocksPerMultiProcessor;
  int accessPolicyMaxWindowSize;
  size_t reservedSharedMemPerBlock;
  int hostRegisterSupported, sparseArrays, hostRegisterReadOnly, timelineSemaphores;
  int memoryPoolsSupported, gpuDirectRDMA;
  unsigned gpuDirectFlush;
  int gpuDirectOrdering;
  unsigned poolHandleTypes;
  int deferredArrays, ipcEvents, clusterLaunch, unifiedFunctionPointers;
  int numaConfig, numaId, mps, hostNumaId;
  unsigned gpuPciDeviceID, gpuPciSubsystemID;
  int hostNumaMultinodeIpc, reserved[56];
};
static_assert(sizeof(DeviceProperties) == 1008);

CUDART cudaError_t cudaGetDeviceCount(int *count) {
  CUresult result = ensureDriver();
  if (result != CUDA_SUCCESS)
    *count = 0;
  return record(result == CUDA_SUCCESS ? cuDeviceGetCount(count) : result);
}

CUDART cudaError_t cudaGetDevice(int *out) {
  CUresult result = ensureDriver();
  if (result == CUDA_SUCCESS && cuCtxGetDevice(out) != CUDA_SUCCESS)
    *out = currentDevice();
  return record(result);
}

CUDART cudaError_t cudaSetDevice(int ordinal) {
  int count = 0;
  CUresult result = ensureDriver();
  if (result == CUDA_SUCCESS)
    result = cuDeviceGetCount(&count);
  if (result == CUDA_SUCCESS && (ordinal < 0 || ordinal >= count))
    result = CUDA_ERROR_INVALID_DEVICE;
  if (result != CUDA_SUCCESS)
    return record(result);
  device = ordinal;
  cuCtxSetCurrent(nullptr);
  return record(ensureContext());
}
CUDART cudaError_t cudaInitDevice(int ordinal, unsigned, unsigned) { return cudaSetDevice(ordinal); }

CUDART cudaError_t cudaDeviceGetAttribute(int *value, int attribute, int ordinal) {
  CUresult result = ensureDriver();
  return record(result == CUDA_SUCCESS ? cuDeviceGetAttribute(value, attribute, ordinal) : result);
}

CUDART cudaError_t cudaGetDeviceProperties(DeviceProperties *p, int ordinal) {
  CUresult result = ensureDriver();
  if (result == CUDA_SUCCESS)
    result = cuDeviceGetName(p->name, 256, ordinal);
  if (result != CUDA_SUCCESS)
    return record(result);
  auto get = [&](int attribute) {
    int value = 0;
    cuDeviceGetAttribute(&value, attribute, ordinal);
    return value;
  };
  char name[256];
  std::memcpy(name, p->name, 256);
  std::memset(p, 0, sizeof *p);
  std::memcpy(p->name, name, 256);
  cuDeviceGetUuid_v2(&p->uuid, ordinal);
  cuDeviceTotalMem_v2(&p->totalGlobalMem, ordinal);
  auto size = [&](int attribute) { return static_cast<size_t>(get(attribute)); };
  p->sharedMemPerBlock = size(8), p->regsPerBlock = get(12), p->warpSize = get(10);
  p->memPitch = size(11), p->maxThreadsPerBlock = get(1), p->totalConstMem = size(9);
  for (int i = 0; i < 3; ++i)
    p->maxThreadsDim[i] = get(2 + i), p->maxGridSize[i] = get(5 + i);
  p->major = get(75), p->minor = get(76), p->multiProcessorCount = get(16);
  p->textureAlignment = size(14), p->texturePitchAlignment = size(51), p->surfaceAlignment = size(30);
  p->canMapHostMemory = get(19), p->concurrentKernels = get(31), p->pciBusID = get(33);
  p->asyncEngineCount = get(40), p->unifiedAddressing = get(41), p->memoryBusWidth = get(37);
  p->l2CacheSize = get(38), p->maxThreadsPerMultiProcessor = get(39);
  p->streamPrioritiesSupported = get(78), p->globalL1 = get(79), p->localL1 = get(80);
  p->sharedMemPerMultiprocessor = size(81), p->regsPerMultiprocessor = get(82);
  p->managedMemory = get(83), p->multiGpuBoardGroupID = get(85);
  p->computePreemptionSupported = get(90), p->canUseHostPointerForRegisteredMem = get(91);
  p->cooperativeLaunch = get(95), p->sharedMemPerBlockOptin = size(97);
  p->maxBlocksPerMultiProcessor = get(106), p->reservedSharedMemPerBlock = size(111);
  p->hostRegisterSupported = get(99), p->memoryPoolsSupported = get(115);
  p->clusterLaunch = get(120), p->unifiedFunctionPointers = get(129);
  return cudaSuccess;
}

CUDART cudaError_t cudaDeviceSynchronize() { return call([] { return cuCtxSynchronize(); }); }
CUDART cudaError_t cudaDeviceReset() {
  CUresult result = ensureDriver();
  if (result == CUDA_SUCCESS)
    result = cuDevicePrimaryCtxReset_v2(currentDevice());
  cuCtxSetCurrent(nullptr);
  lastError = cudaSuccess;
  return record(result);
}
CUDART cudaError_t cudaDeviceSetLimit(int limit, size_t value) { return call([&] { return cuCtxSetLimit(limit, value); }); }
CUDART cudaError_t cudaDeviceGetLimit(size_t *value, int limit) { return call([&] { return cuCtxGetLimit(value, limit); }); }
CUDART cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *most) {
  return call([&] { return cuCtxGetStreamPriorityRange(least, most); });
}
CUDART cudaError_t cudaDeviceGetCacheConfig(int *config) { return *config = 0, cudaSuccess; }
CUDART cudaError_t cudaDeviceSetCacheConfig(int) { return cudaSuccess; }
CUDART cudaError_t cudaSetDeviceFlags(unsigned flags) {
  CUresult result = ensureDriver();
  return record(result == CUDA_SUCCESS ? cuDevicePrimaryCtxSetFlags_v2(currentDevice(), flags) : result);
}
CUDART cudaError_t cudaGetDeviceFlags(unsigned *flags) { return call([&] { return cuCtxGetFlags(flags); }); }
CUDART cudaError_t cudaDeviceGetPCIBusId(char *text, int length, int ordinal) {
  return call([&] { return cuDeviceGetPCIBusId(text, length, ordinal); });
}
CUDART cudaError_t cudaDeviceGetByPCIBusId(int *ordinal, const char *text) {
  return call([&] { return cuDeviceGetByPCIBusId(ordinal, text); });
}
CUDART cudaError_t cudaDeviceCanAccessPeer(int *can, int ordinal, int peer) {
  return call([&] { return cuDeviceCanAccessPeer(can, ordinal, peer); });
}
static cudaError_t peerAccess(int peer, CUresult (*change)(CUcontext)) {
  return call([&] {
    CUcontext context = nullptr;
    CUresult result = cuDevicePrimaryCtxRetain(&context, peer);
    return result == CUDA_SUCCESS ? change(context) : result;
  });
}
CUDART cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned) {
  return peerAccess(peer, [](CUcontext context) { return cuCtxEnablePeerAccess(context, 0); });
}
CUDART cudaError_t cudaDeviceDisablePeerAccess(int peer) { return peerAccess(peer, cuCtxDisablePeerAccess); }

CUDART cudaError_t cudaRuntimeGetVersion(int *version) { return *version = 13000, cudaSuccess; }
CUDART cudaError_t cudaDriverGetVersion(int *version) { return record(cuDriverGetVersion(version)); }
CUDART cudaError_t cudaProfilerStart() { return cudaSuccess; }
CUDART cudaError_t cudaProfilerStop() { return cudaSuccess; }

/// An error that lost the context stays until the device is reset.
CUDART cudaError_t cudaGetLastError() {
  cudaError_t error = lastError;
  lastError = cudaSuccess;
  return error;
}
CUDART cudaError_t cudaPeekAtLastError() { return lastError; }

CUDART const char *cudaGetErrorName(cudaError_t error) {
  for (const ErrorName &entry : ErrorNames)
    if (entry.error == error)
      return entry.name;
  return "unrecognized error code";
}
CUDART const char *cudaGetErrorString(cudaError_t error) {
  switch (error) { // what the driver does not have
  case cudaErrorInvalidConfiguration: return "invalid configuration argument";
  case cudaErrorInvalidPitchValue: return "invalid pitch argument";
  case cudaErrorInvalidSymbol: return "invalid device symbol";
  case cudaErrorInvalidMemcpyDirection: return "invalid copy direction for memcpy";
  case cudaErrorInvalidDeviceFunction: return "invalid device function";
  case cudaErrorMissingConfiguration: return "__global__ function call is not configured";
  }
  const char *text = nullptr;
  cuGetErrorString(static_cast<CUresult>(error), &text);
  return text ? text : cudaGetErrorName(error);
}

CUDART cudaError_t cudaGetDriverEntryPointByVersion(const char *symbol, void **function, unsigned version,
                                                    unsigned long long flags, int *status) {
  CUresult result = cuGetProcAddress_v2(symbol, function, static_cast<int>(version), flags, status);
  return result == CUDA_ERROR_NOT_FOUND && status ? cudaSuccess : record(result);
}
CUDART cudaError_t cudaGetDriverEntryPoint(const char *symbol, void **function, unsigned long long flags, int *status) {
  return cudaGetDriverEntryPointByVersion(symbol, function, 13000, flags, status);
}
