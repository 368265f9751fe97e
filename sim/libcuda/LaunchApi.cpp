// Launches: arguments, limits, attributes; occupancy; tensor maps.
#include "sim/libcuda/Driver.h"

#include "sim/machine/matrix/TensorMap.h"

#include <algorithm>
#include <cstring>

using namespace tenon::sim;
using namespace tenon::sim::driver;

namespace tenon::sim::driver {

/// The bytes of the parameters, from pointers to them or from one buffer.
CUresult packArguments(const Kernel &kernel, void **parameters, void **extra,
                       std::vector<std::byte> &into) {
  into.assign(kernel.parameterBytes, std::byte(0));
  if (kernel.parameters.empty())
    return CUDA_SUCCESS;
  if (parameters && extra)
    return CUDA_ERROR_INVALID_VALUE;
  if (parameters) {
    for (size_t i = 0; i < kernel.parameters.size(); ++i) {
      if (!parameters[i])
        return CUDA_ERROR_INVALID_VALUE;
      std::memcpy(into.data() + kernel.parameters[i].offset, parameters[i],
                  kernel.parameters[i].size);
    }
    return CUDA_SUCCESS;
  }
  const void *buffer = nullptr;
  size_t size = 0;
  for (; extra && extra[0]; extra += 2) { // pairs: 1 buffer, 2 pointer to its size
    if (extra[0] == reinterpret_cast<void *>(1))
      buffer = extra[1];
    else if (extra[0] == reinterpret_cast<void *>(2))
      size = *static_cast<size_t *>(extra[1]);
    else
      return CUDA_ERROR_INVALID_VALUE;
  }
  const KernelParameter &last = kernel.parameters.back();
  if (!buffer || size < last.offset + last.size)
    return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(into.data(), buffer, std::min<size_t>(size, into.size()));
  return CUDA_SUCCESS;
}

CUresult checkLaunch(const KernelWork &work, const Context &context) {
  const GpuSpec &gpu = driver()->machine->gpu(static_cast<unsigned>(context.device)).spec();
  const Kernel &kernel = *work.function->kernel;
  auto [bx, by, bz] = work.block;
  if (!work.grid[0] || !work.grid[1] || !work.grid[2] || !bx || !by || !bz ||
      work.grid[0] > 2147483647u || work.grid[1] > 65535 || work.grid[2] > 65535 || bx > 1024 ||
      by > 1024 || bz > 64 || uint64_t(bx) * by * bz > 1024)
    return CUDA_ERROR_INVALID_VALUE;
  uint64_t threads = uint64_t(bx) * by * bz;
  if (threads > kernel.maxThreads)
    return CUDA_ERROR_INVALID_VALUE;
  if (kernel.requiredThreads[0] && work.block != kernel.requiredThreads)
    return CUDA_ERROR_INVALID_VALUE;
  if (threads * std::max(kernel.registers, 16u) > 65536)
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  if (work.shared > static_cast<uint32_t>(work.function->maxDynamicShared.load()) ||
      uint64_t(work.shared) + kernel.staticSharedBytes > gpu.sharedPerBlockOptin)
    return CUDA_ERROR_INVALID_VALUE;
  uint64_t cluster = 1;
  for (int i = 0; i < 3; ++i) {
    uint32_t size = work.cluster[i] ? work.cluster[i] : std::max(kernel.clusterShape[i], 1u);
    cluster *= size;
    if (cluster > 16 || work.grid[i] % size)
      return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  }
  if (cluster > 1 && (!gpu.atLeast(9, 0) || (cluster > 8 && !work.function->nonPortableCluster)))
    return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  if (work.cooperative) {
    auto occupancy = driver()->machine->gpu(static_cast<unsigned>(context.device))
                         .occupancy(kernel, static_cast<uint32_t>(threads), work.shared);
    uint64_t blocks = uint64_t(work.grid[0]) * work.grid[1] * work.grid[2];
    if (blocks > uint64_t(occupancy.blocksPerSm) * gpu.smCount)
      return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
  }
  return CUDA_SUCCESS;
}

} // namespace tenon::sim::driver

namespace {

CUresult launch(const CUlaunchConfig &config, CUfunction handle, void **parameters, void **extra) {
  return withContext([&](Driver &, auto &context) {
    auto stream = findStream(context, config.hStream);
    KernelWork work;
    work.function = findFunction(handle, context);
    work.module = work.function ? work.function->module.lock() : nullptr;
    if (!stream || !work.module || work.module->context != context)
      return CUDA_ERROR_INVALID_HANDLE;
    work.grid = {config.gridDimX, config.gridDimY, config.gridDimZ};
    work.block = {config.blockDimX, config.blockDimY, config.blockDimZ};
    work.shared = config.sharedMemBytes;
    if (config.numAttrs && !config.attrs)
      return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < config.numAttrs; ++i) {
      const CUlaunchAttribute &attribute = config.attrs[i];
      if (attribute.id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
        work.cooperative = attribute.value.cooperative != 0;
      else if (attribute.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
        work.cluster = {attribute.value.clusterDim.x, attribute.value.clusterDim.y,
                        attribute.value.clusterDim.z};
      else if (attribute.id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION)
        work.programmatic = attribute.value.programmaticStreamSerializationAllowed != 0;
      else if (attribute.id == 7 || attribute.id == 12 || attribute.id == 13)
        return notSupported("a launch attribute that names an event or a device-updated node");
      else if (attribute.id < 0 || attribute.id > 16)
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = checkLaunch(work, *context);
    if (result == CUDA_SUCCESS)
      result = packArguments(*work.function->kernel, parameters, extra, work.arguments);
    return result == CUDA_SUCCESS ? submit(stream, std::move(work)) : result;
  });
}

CUlaunchConfig configOf(unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                        unsigned shared, CUstream stream) {
  return {gx, gy, gz, bx, by, bz, shared, stream, nullptr, 0};
}

uint32_t blocksPerSm(const FunctionObject &function, int threads, size_t shared) {
  return driver::driver()->machine->gpu(static_cast<unsigned>(function.device))
      .occupancy(*function.kernel, static_cast<uint32_t>(threads), static_cast<uint32_t>(shared))
      .blocksPerSm;
}

} // namespace

CU_EXPORT CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                                  unsigned by, unsigned bz, unsigned shared, CUstream stream,
                                  void **parameters, void **extra) {
  return launch(configOf(gx, gy, gz, bx, by, bz, shared, stream), f, parameters, extra);
}

CU_EXPORT CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f, void **parameters,
                                    void **extra) {
  return config ? launch(*config, f, parameters, extra) : CUDA_ERROR_INVALID_VALUE;
}

CU_EXPORT CUresult cuLaunchCooperativeKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz,
                                             unsigned bx, unsigned by, unsigned bz, unsigned shared,
                                             CUstream stream, void **parameters) {
  CUlaunchConfig config = configOf(gx, gy, gz, bx, by, bz, shared, stream);
  CUlaunchAttribute attribute{};
  attribute.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
  attribute.value.cooperative = 1;
  config.attrs = &attribute;
  config.numAttrs = 1;
  return launch(config, f, parameters, nullptr);
}

// Occupancy.

CU_EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction f,
                                                                        int threads, size_t shared,
                                                                        unsigned) {
  return withContext([&](Driver &, auto &context) {
    auto function = findFunction(f, context);
    if (!function)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!blocks || threads <= 0)
      return CUDA_ERROR_INVALID_VALUE;
    *blocks = threads > 1024 || shared > ~0u ? 0 : static_cast<int>(blocksPerSm(*function, threads, shared));
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction f, int threads,
                                                               size_t shared) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, f, threads, shared, 0);
}

CU_EXPORT CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *minGrid, int *blockSize,
                                                             CUfunction f, CUoccupancyB2DSize sizeOf,
                                                             size_t shared, int limit, unsigned) {
  return withContext([&](Driver &d, auto &context) {
    auto function = findFunction(f, context);
    if (!function)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!minGrid || !blockSize)
      return CUDA_ERROR_INVALID_VALUE;
    int most = std::min<int>(static_cast<int>(function->kernel->maxThreads), limit > 0 ? limit : 1024);
    uint64_t best = 0;
    *blockSize = 0;
    for (int threads = std::max(most / 32 * 32, std::min(most, 32)); threads > 0; threads -= 32) {
      uint64_t blocks = blocksPerSm(*function, threads, sizeOf ? sizeOf(threads) : shared);
      if (blocks * static_cast<unsigned>(threads) > best) {
        best = blocks * static_cast<unsigned>(threads);
        *blockSize = threads;
        *minGrid = static_cast<int>(blocks * d.machine->gpu(static_cast<unsigned>(context->device)).spec().smCount);
      }
    }
    return best ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
CU_EXPORT CUresult cuOccupancyMaxPotentialBlockSize(int *minGrid, int *blockSize, CUfunction f,
                                                    CUoccupancyB2DSize sizeOf, size_t shared, int limit) {
  return cuOccupancyMaxPotentialBlockSizeWithFlags(minGrid, blockSize, f, sizeOf, shared, limit, 0);
}

CU_EXPORT CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction f, int blocks,
                                                           int threads) {
  return withContext([&](Driver &d, auto &context) {
    auto function = findFunction(f, context);
    if (!function || !bytes || blocks <= 0 || threads <= 0)
      return function ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    const GpuSpec &gpu = d.machine->gpu(static_cast<unsigned>(context->device)).spec();
    uint64_t each = gpu.sharedPerSm / static_cast<unsigned>(blocks);
    uint64_t fixed = function->kernel->staticSharedBytes + uint64_t(1024);
    *bytes = std::min<uint64_t>(each > fixed ? each - fixed : 0,
                                gpu.sharedPerBlockOptin - function->kernel->staticSharedBytes);
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuOccupancyMaxPotentialClusterSize(int *size, CUfunction f, const CUlaunchConfig *) {
  return withContext([&](Driver &d, auto &context) {
    auto function = findFunction(f, context);
    if (!function || !size)
      return function ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    bool clusters = d.machine->gpu(static_cast<unsigned>(context->device)).spec().atLeast(9, 0);
    *size = !clusters ? 1 : function->nonPortableCluster ? 16 : 8;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuOccupancyMaxActiveClusters(int *count, CUfunction f, const CUlaunchConfig *config) {
  return withContext([&](Driver &d, auto &context) {
    auto function = findFunction(f, context);
    if (!function || !count || !config)
      return function ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    uint64_t size = 1, threads = uint64_t(config->blockDimX) * config->blockDimY * config->blockDimZ;
    for (unsigned i = 0; i < config->numAttrs; ++i)
      if (auto &c = config->attrs[i]; c.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
        size = uint64_t(c.value.clusterDim.x) * c.value.clusterDim.y * c.value.clusterDim.z;
    if (!threads || threads > 1024 || !size || size > 16)
      return CUDA_ERROR_INVALID_VALUE;
    uint64_t blocks = uint64_t(blocksPerSm(*function, static_cast<int>(threads), config->sharedMemBytes)) *
                      d.machine->gpu(static_cast<unsigned>(context->device)).spec().smCount;
    *count = static_cast<int>(blocks / size);
    return CUDA_SUCCESS;
  });
}

// Tensor maps.

CU_EXPORT CUresult cuTensorMapEncodeTiled(void *map, int type, unsigned rank, void *address,
                                          const uint64_t *dims, const uint64_t *strides,
                                          const uint32_t *box, const uint32_t *elementStrides,
                                          int interleave, int swizzle, int promotion, int fill) {
  return guarded([&](Driver &) {
    if (!map || !dims || !box || !elementStrides || (rank > 1 && !strides))
      return CUDA_ERROR_INVALID_VALUE;
    TensorMapArguments arguments;
    arguments.dataType = static_cast<uint32_t>(type);
    arguments.rank = rank;
    arguments.globalAddress = reinterpret_cast<uint64_t>(address);
    arguments.globalDim = dims;
    arguments.globalStrides = strides;
    arguments.boxDim = box;
    arguments.elementStrides = elementStrides;
    arguments.interleave = static_cast<uint32_t>(interleave);
    arguments.swizzle = static_cast<uint32_t>(swizzle);
    arguments.l2Promotion = static_cast<uint32_t>(promotion);
    arguments.oobFill = static_cast<uint32_t>(fill);
    std::string reason;
    std::span<std::byte, tensorMapBytes> bytes(static_cast<std::byte *>(map), tensorMapBytes);
    switch (encodeTensorMap(arguments, bytes, reason)) {
    case EncodeStatus::Ok: return CUDA_SUCCESS;
    case EncodeStatus::NotSupported: return notSupported(("cuTensorMapEncodeTiled: " + reason).c_str());
    case EncodeStatus::Invalid: break;
    }
    std::fprintf(stderr, "tenon-sim: cuTensorMapEncodeTiled: %s\n", reason.c_str());
    return CUDA_ERROR_INVALID_VALUE;
  });
}

CU_EXPORT CUresult cuTensorMapReplaceAddress(void *map, void *address) {
  return guarded([&](Driver &) {
    if (!map)
      return CUDA_ERROR_INVALID_VALUE;
    std::span<std::byte, tensorMapBytes> bytes(static_cast<std::byte *>(map), tensorMapBytes);
    auto status = replaceTensorMapAddress(bytes, reinterpret_cast<uint64_t>(address));
    return status == EncodeStatus::Ok ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
