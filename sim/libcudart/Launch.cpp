// Launches, function attributes, occupancy, streams and events.
#include "sim/libcudart/Runtime.h"

#include <algorithm>

using namespace tenon::sim::runtime;

namespace {

bool validShape(dim3 grid, dim3 block) {
  return grid.x && grid.y && grid.z && grid.y <= 65535 && grid.z <= 65535 && block.x && block.y && block.z &&
         block.x <= 1024 && block.y <= 1024 && block.z <= 64 && uint64_t(block.x) * block.y * block.z <= 1024;
}

cudaError_t launch(CUfunction function, dim3 grid, dim3 block, void **arguments, size_t shared, CUstream stream,
                   CUlaunchAttribute *attributes = nullptr, unsigned count = 0) {
  if (!function)
    return record(cudaErrorInvalidDeviceFunction);
  if (!validShape(grid, block) || shared > ~0u)
    return record(cudaErrorInvalidConfiguration);
  CUlaunchConfig config{grid.x, grid.y, grid.z, block.x, block.y, block.z, static_cast<unsigned>(shared),
                        stream, attributes, count};
  return call([&] { return cuLaunchKernelEx(&config, function, arguments, nullptr); });
}

struct FunctionAttributes {
  size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, cacheModeCA, maxDynamicSharedSizeBytes,
      preferredShmemCarveout, clusterDimMustBeSet, requiredCluster[3], clusterSchedulingPolicyPreference,
      nonPortableClusterSizeAllowed, reserved[16];
};

} // namespace

CUDART cudaError_t __cudaLaunchKernel(CUkernel kernel, dim3 grid, dim3 block, void **arguments, size_t shared, CUstream s) {
  return launch(reinterpret_cast<CUfunction>(kernel), grid, block, arguments, shared, s);
}
CUDART cudaError_t __cudaLaunchKernel_ptsz(CUkernel kernel, dim3 grid, dim3 block, void **arguments, size_t shared, CUstream s) {
  return __cudaLaunchKernel(kernel, grid, block, arguments, shared, s);
}
CUDART cudaError_t cudaLaunchKernel(const void *f, dim3 grid, dim3 block, void **arguments, size_t shared, CUstream s) {
  return launch(functionOf(f), grid, block, arguments, shared, s);
}
CUDART cudaError_t cudaLaunchCooperativeKernel(const void *f, dim3 grid, dim3 block, void **arguments, size_t shared, CUstream s) {
  CUlaunchAttribute attribute{};
  attribute.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
  attribute.value.cooperative = 1;
  return launch(functionOf(f), grid, block, arguments, shared, s, &attribute, 1);
}
CUDART cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig *c, const void *f, void **arguments) {
  return c ? launch(functionOf(f), c->gridDim, c->blockDim, arguments, c->dynamicSmemBytes, c->stream, c->attrs, c->numAttrs)
           : record(cudaErrorInvalidValue);
}
CUDART cudaError_t cudaLaunchHostFunc(CUstream s, CUhostFn f, void *data) { return call([&] { return cuLaunchHostFunc(s, f, data); }); }

CUDART cudaError_t cudaGetFuncBySymbol(CUfunction *out, const void *f) {
  return call([&] { return kernelOf(f) ? cuKernelGetFunction(out, kernelOf(f)) : static_cast<CUresult>(cudaErrorInvalidDeviceFunction); });
}

CUDART cudaError_t cudaFuncGetAttributes(FunctionAttributes *out, const void *f) {
  CUfunction function = functionOf(f);
  if (!function)
    return record(cudaErrorInvalidDeviceFunction);
  return call([&] {
    CUresult result = CUDA_SUCCESS;
    auto get = [&](int attribute) {
      int value = 0;
      CUresult one = cuFuncGetAttribute(&value, attribute, function);
      result = one == CUDA_SUCCESS ? result : one;
      return value;
    };
    *out = {};
    out->maxThreadsPerBlock = get(0);
    out->sharedSizeBytes = static_cast<size_t>(get(1));
    out->constSizeBytes = static_cast<size_t>(get(2));
    out->localSizeBytes = static_cast<size_t>(get(3));
    out->numRegs = get(4), out->ptxVersion = get(5), out->binaryVersion = get(6);
    out->maxDynamicSharedSizeBytes = get(8), out->preferredShmemCarveout = get(9);
    out->clusterDimMustBeSet = get(10);
    for (int i = 0; i < 3; ++i)
      out->requiredCluster[i] = get(11 + i);
    out->nonPortableClusterSizeAllowed = get(14);
    return result;
  });
}
CUDART cudaError_t cudaFuncSetAttribute(const void *f, int attribute, int value) {
  return call([&] { return cuFuncSetAttribute(functionOf(f), attribute, value); });
}
CUDART cudaError_t cudaFuncSetCacheConfig(const void *f, int) {
  return functionOf(f) ? cudaSuccess : record(cudaErrorInvalidDeviceFunction);
}

CUDART cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, const void *f, int threads, size_t shared, unsigned flags) {
  return call([&] { return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, functionOf(f), threads, shared, flags); });
}
CUDART cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *f, int threads, size_t shared) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, f, threads, shared, 0);
}
CUDART cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, const void *f, int blocks, int threads) {
  return call([&] { return cuOccupancyAvailableDynamicSMemPerBlock(bytes, functionOf(f), blocks, threads); });
}
static CUlaunchConfig driverConfig(const cudaLaunchConfig &c) {
  return {c.gridDim.x, c.gridDim.y, c.gridDim.z, c.blockDim.x, c.blockDim.y, c.blockDim.z,
          static_cast<unsigned>(c.dynamicSmemBytes), c.stream, c.attrs, c.numAttrs};
}
CUDART cudaError_t cudaOccupancyMaxPotentialClusterSize(int *size, const void *f, const cudaLaunchConfig *c) {
  return call([&] { CUlaunchConfig d = driverConfig(*c); return cuOccupancyMaxPotentialClusterSize(size, functionOf(f), &d); });
}
CUDART cudaError_t cudaOccupancyMaxActiveClusters(int *count, const void *f, const cudaLaunchConfig *c) {
  return call([&] { CUlaunchConfig d = driverConfig(*c); return cuOccupancyMaxActiveClusters(count, functionOf(f), &d); });
}

// Streams.

CUDART cudaError_t cudaStreamCreateWithPriority(CUstream *s, unsigned flags, int priority) {
  return call([&] { return cuStreamCreateWithPriority(s, flags, priority); });
}
CUDART cudaError_t cudaStreamCreate(CUstream *s) { return cudaStreamCreateWithPriority(s, 0, 0); }
CUDART cudaError_t cudaStreamCreateWithFlags(CUstream *s, unsigned flags) { return cudaStreamCreateWithPriority(s, flags, 0); }
CUDART cudaError_t cudaStreamDestroy(CUstream s) { return call([&] { return cuStreamDestroy_v2(s); }); }
CUDART cudaError_t cudaStreamSynchronize(CUstream s) { return call([&] { return cuStreamSynchronize(s); }); }
CUDART cudaError_t cudaStreamQuery(CUstream s) { return call([&] { return cuStreamQuery(s); }); }
CUDART cudaError_t cudaStreamWaitEvent(CUstream s, CUevent e, unsigned flags) { return call([&] { return cuStreamWaitEvent(s, e, flags); }); }
CUDART cudaError_t cudaStreamGetFlags(CUstream s, unsigned *flags) { return call([&] { return cuStreamGetFlags(s, flags); }); }
CUDART cudaError_t cudaStreamGetPriority(CUstream s, int *priority) { return call([&] { return cuStreamGetPriority(s, priority); }); }
CUDART cudaError_t cudaStreamGetId(CUstream s, unsigned long long *id) { return call([&] { return cuStreamGetId(s, id); }); }
CUDART cudaError_t cudaStreamAddCallback(CUstream s, CUstreamCallback f, void *data, unsigned flags) {
  return call([&] { return cuStreamAddCallback(s, f, data, flags); });
}
CUDART cudaError_t cudaStreamBeginCapture(CUstream s, int mode) { return call([&] { return cuStreamBeginCapture_v2(s, mode); }); }
CUDART cudaError_t cudaStreamEndCapture(CUstream s, CUgraph *graph) { return call([&] { return cuStreamEndCapture(s, graph); }); }
CUDART cudaError_t cudaStreamIsCapturing(CUstream s, int *status) { return call([&] { return cuStreamIsCapturing(s, status); }); }
CUDART cudaError_t cudaStreamGetCaptureInfo(CUstream s, int *status, unsigned long long *id, CUgraph *graph,
                                            const CUgraphNode **nodes, const void **edges, size_t *count) {
  return call([&] { return cuStreamGetCaptureInfo_v3(s, status, id, graph, nodes, edges, count); });
}
CUDART cudaError_t cudaThreadExchangeStreamCaptureMode(int *mode) { return call([&] { return cuThreadExchangeStreamCaptureMode(mode); }); }

// Events.

CUDART cudaError_t cudaEventCreateWithFlags(CUevent *e, unsigned flags) { return call([&] { return cuEventCreate(e, flags); }); }
CUDART cudaError_t cudaEventCreate(CUevent *e) { return cudaEventCreateWithFlags(e, 0); }
CUDART cudaError_t cudaEventDestroy(CUevent e) { return call([&] { return cuEventDestroy_v2(e); }); }
CUDART cudaError_t cudaEventRecordWithFlags(CUevent e, CUstream s, unsigned flags) { return call([&] { return cuEventRecordWithFlags(e, s, flags); }); }
CUDART cudaError_t cudaEventRecord(CUevent e, CUstream s) { return cudaEventRecordWithFlags(e, s, 0); }
CUDART cudaError_t cudaEventSynchronize(CUevent e) { return call([&] { return cuEventSynchronize(e); }); }
CUDART cudaError_t cudaEventQuery(CUevent e) { return call([&] { return cuEventQuery(e); }); }
CUDART cudaError_t cudaEventElapsedTime(float *ms, CUevent a, CUevent b) { return call([&] { return cuEventElapsedTime_v2(ms, a, b); }); }
