// One stream of one primary context. A kernel's parameters: its buffers, scratch
// memory, its status word, the symbols (docs/bundle-format.md).
#include "runtime/device/cuda/CudaDevice.h"

#include <algorithm>
#include <utility>

namespace tenon {
namespace {

/// Shared memory that every GPU gives a block without asking, less what a kernel
/// may use for its reductions.
constexpr int64_t sharedLimit = 40 * 1024;
/// Blocks per multiprocessor of a kernel whose scratch memory lies in global memory.
constexpr int64_t scratchBlocks = 4;

CuPointer toCuda(const void *data) { return reinterpret_cast<CuPointer>(data); }

} // namespace

CudaDevice::~CudaDevice() {
  if (!context)
    return;
  driver->setCurrent(context);
  if (stream)
    driver->streamSynchronize(stream);
  for (std::vector<void *> *list : {&weights, &constants})
    for (void *data : *list)
      release(data);
  release(std::exchange(scratchData, nullptr));
  release(std::exchange(statusData, nullptr));
  modules.unload();
  if (stream) {
    driver->streamSynchronize(stream);
    driver->streamDestroy(stream);
  }
  driver->primaryRelease(device);
}

Status CudaDevice::chooseDevice(int wanted) {
  number = wanted;
  int count = 0;
  TENON_TRY(driver->check(driver->deviceGetCount(&count), "counting GPUs"));
  if (number >= count)
    return Status(TENON_NO_DEVICE, "there is no device cuda:" + std::to_string(number) +
                                       ", the machine has " + std::to_string(count) +
                                       (count == 1 ? " GPU" : " GPUs"));
  TENON_TRY(driver->check(driver->deviceGet(&device, number), "opening the device"));
  char text[256] = {};
  TENON_TRY(driver->check(driver->deviceGetName(text, sizeof text, device), "asking for its name"));
  name = text;
  TENON_TRY(driver->check(
      driver->deviceGetAttribute(&sharedPerBlock, CuSharedPerBlock, device),
      "asking for its shared memory"));
  return driver->check(
      driver->deviceGetAttribute(&multiprocessors, CuMultiprocessors, device),
      "asking for its multiprocessors");
}

Status CudaDevice::open(std::shared_ptr<const bundle::BundleFile> opened, int wanted) {
  file = std::move(opened);
  TENON_TRY(CudaDriver::get(driver));
  TENON_TRY(chooseDevice(wanted));
  int major = 0, minor = 0;
  TENON_TRY(driver->check(driver->deviceGetAttribute(&major, CuComputeMajor, device),
                          "asking for its compute capability"));
  TENON_TRY(driver->check(driver->deviceGetAttribute(&minor, CuComputeMinor, device),
                          "asking for its compute capability"));
  uint32_t target = chooseCudaTarget(file->bundle(), major, minor);
  if (target == bundle::none)
    return Status(TENON_NO_DEVICE, "the bundle has no code for " + name + " (sm_" +
                                       std::to_string(major * 10 + minor) +
                                       "): compile it with --target");
  TENON_TRY(driver->check(driver->primaryRetain(&context, device), "opening a context"));
  TENON_TRY(driver->check(driver->setCurrent(context), "opening a context"));
  constexpr unsigned nonBlocking = 1;
  TENON_TRY(driver->check(driver->streamCreate(&stream, nonBlocking), "making a stream"));
  TENON_TRY(modules.open(file, target, *driver));
  const bundle::Bundle &bundle = file->bundle();
  weights.resize(bundle.weights.size());
  constants.resize(bundle.constants.size());
  statusWords.resize(bundle.kernels.size());
  uint64_t bytes = statusWords.size() * sizeof(int32_t);
  statusData = allocate(bytes);
  if (!statusData)
    return Status(TENON_OUT_OF_MEMORY, "no memory on " + name);
  return fill(statusData, 0, 4, bytes);
}

std::string CudaDevice::description() const {
  return "cuda:" + std::to_string(number) + " (" + name + ", " + modules.target().name + ")";
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void *CudaDevice::allocate(uint64_t bytes) {
  CuPointer data = 0;
  driver->setCurrent(context);
  if (driver->memAllocAsync(&data, std::max<uint64_t>(bytes, 1), stream) != cuSuccess)
    return nullptr;
  return reinterpret_cast<void *>(data);
}

void CudaDevice::release(void *data) {
  if (!data)
    return;
  driver->setCurrent(context);
  driver->memFreeAsync(toCuda(data), stream);
}

Status CudaDevice::resident(void *&slot, const void *bytes, uint64_t size, const char *what) {
  if (slot)
    return {};
  slot = allocate(size);
  if (!slot)
    return Status(TENON_OUT_OF_MEMORY, std::string("no memory on ") + name + " for a " + what +
                                           " of " + std::to_string(size) + " bytes");
  held += size;
  return upload(slot, bytes, size);
}

Status CudaDevice::weight(uint32_t index, void *&data) {
  const bundle::Weight &weight = file->bundle().weights[index];
  TENON_TRY(resident(weights[index], file->weightData(weight), weight.size, "weight"));
  data = weights[index];
  return {};
}

Status CudaDevice::constant(uint32_t index, void *&data) {
  const bundle::Constant &constant = file->bundle().constants[index];
  TENON_TRY(resident(constants[index], file->constantData(constant), constant.size, "constant"));
  data = constants[index];
  return {};
}

Status CudaDevice::upload(void *to, const void *from, uint64_t bytes) {
  if (!bytes)
    return {};
  return driver->check(driver->copyToDevice(toCuda(to), from, bytes, stream),
                       "copying to its memory");
}

Status CudaDevice::download(void *to, const void *from, uint64_t bytes) {
  if (bytes)
    TENON_TRY(driver->check(driver->copyToHost(to, toCuda(from), bytes, stream),
                            "copying from its memory"));
  return driver->check(driver->streamSynchronize(stream), "running the model");
}

Status CudaDevice::copy(void *to, const void *from, uint64_t bytes) {
  if (!bytes || to == from)
    return {};
  return driver->check(driver->copyOnDevice(toCuda(to), toCuda(from), bytes, stream),
                       "copying in its memory");
}

Status CudaDevice::fill(void *to, uint64_t pattern, unsigned width, uint64_t bytes) {
  if (!bytes)
    return {};
  CuPointer at = toCuda(to);
  auto low = static_cast<unsigned>(pattern), high = static_cast<unsigned>(pattern >> 32);
  CuResult result = cuSuccess;
  if (width == 1)
    result = driver->fill8(at, static_cast<unsigned char>(pattern), bytes, stream);
  else if (width == 2)
    result = driver->fill16(at, static_cast<unsigned short>(pattern), bytes / 2, stream);
  else if (width == 4 || low == high)
    result = driver->fill32(at, low, bytes / 4, stream);
  else { // a column of words each
    result = driver->fill32Rows(at, 8, low, 1, bytes / 8, stream);
    if (result == cuSuccess)
      result = driver->fill32Rows(at + 4, 8, high, 1, bytes / 8, stream);
  }
  return driver->check(result, "filling its memory");
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// Shared memory if it fits; else a slot of global memory for each block, and then
/// no more blocks than run at once.
Status CudaDevice::scratchFor(const LaunchRequest &request, uint32_t flags, int64_t &blocks,
                              uint64_t &sharedBytes, CuPointer &global) {
  if (request.scratchBytes < 0)
    return Status(TENON_INVALID_BUNDLE, "a scratch size is negative");
  if (request.scratchBytes <= sharedLimit) {
    sharedBytes = request.scratchBytes;
    return {};
  }
  if (!(flags & bundle::launchGlobalScratch)) {
    if (request.scratchBytes > sharedPerBlock)
      return Status(TENON_INVALID_BUNDLE, "a kernel asks for " +
                                              std::to_string(request.scratchBytes) +
                                              " bytes of shared memory, " + name + " has " +
                                              std::to_string(sharedPerBlock) + " per block");
    sharedBytes = request.scratchBytes;
    return {};
  }
  blocks = std::min<int64_t>(blocks, scratchBlocks * multiprocessors);
  uint64_t bytes;
  if (__builtin_mul_overflow(static_cast<uint64_t>(request.scratchBytes), blocks, &bytes))
    bytes = UINT64_MAX;
  if (bytes > scratchSize) {
    release(std::exchange(scratchData, nullptr));
    held -= std::exchange(scratchSize, 0);
    scratchData = bytes == UINT64_MAX ? nullptr : allocate(bytes);
    if (!scratchData)
      return Status(TENON_OUT_OF_MEMORY, "no memory on " + name + " for " + std::to_string(blocks) +
                                             " times " + std::to_string(request.scratchBytes) +
                                             " bytes of scratch");
    held += scratchSize = bytes;
  }
  global = toCuda(scratchData);
  return {};
}

Status CudaDevice::launch(const LaunchRequest &request) {
  constexpr int64_t mostBlocks = INT32_MAX;
  if (request.grid <= 0)
    return request.grid == 0 ? Status() : Status(TENON_INVALID_BUNDLE, "a grid is negative");
  TENON_TRY(driver->check(driver->setCurrent(context), "entering its context"));
  CuFunction function;
  TENON_TRY(modules.function(request.kernel, function));
  const bundle::KernelLaunch &shape = modules.target().launches[request.kernel];
  int64_t blocks = request.grid;
  uint64_t sharedBytes = 0;
  CuPointer global = 0;
  TENON_TRY(scratchFor(request, shape.flags, blocks, sharedBytes, global));
  if (sharedBytes > static_cast<uint64_t>(sharedLimit))
    TENON_TRY(driver->check(driver->funcSetAttribute(function, CuMaxDynamicShared,
                                                     static_cast<int>(sharedBytes)),
                            "asking for shared memory"));
  if (blocks > mostBlocks)
    return Status(TENON_EXECUTION, "a launch of " + std::to_string(blocks) +
                                       " blocks is more than a GPU can take");
  CuPointer word = toCuda(statusData) + request.kernel * sizeof(int32_t);
  parameters.clear();
  for (size_t i = 0; i < request.numBuffers; ++i)
    parameters.push_back(const_cast<void **>(&request.buffers[i]));
  parameters.push_back(&global);
  parameters.push_back(&word);
  for (size_t i = 0; i < request.numSymbols; ++i)
    parameters.push_back(const_cast<int64_t *>(&request.symbols[i]));
  const bundle::Kernel &kernel = file->bundle().kernels[request.kernel];
  hasChecks |= !kernel.messages.empty();
  return driver->check(driver->launchKernel(function, static_cast<unsigned>(blocks), 1, 1,
                                            shape.threads, 1, 1,
                                            static_cast<unsigned>(sharedBytes), stream,
                                            parameters.data(), nullptr),
                       "launching kernel '" + kernel.name + "'");
}

Status CudaDevice::begin() {
  TENON_TRY(driver->check(driver->setCurrent(context), "entering its context"));
  return {};
}

/// The first kernel, by number, whose check failed decides.
Status CudaDevice::finish(uint32_t &failedKernel) {
  failedKernel = bundle::none;
  if (!hasChecks)
    return driver->check(driver->streamSynchronize(stream), "running the model");
  hasChecks = false;
  uint64_t bytes = statusWords.size() * sizeof(int32_t);
  TENON_TRY(download(statusWords.data(), statusData, bytes));
  auto failed = std::find_if(statusWords.begin(), statusWords.end(), [](int32_t w) { return w; });
  if (failed == statusWords.end())
    return {};
  TENON_TRY(fill(statusData, 0, 4, bytes));
  failedKernel = failed - statusWords.begin();
  const std::vector<bundle::String> &messages = file->bundle().kernels[failedKernel].messages;
  uint32_t code = static_cast<uint32_t>(*failed);
  return Status(TENON_EXECUTION, code <= messages.size()
                                     ? file->bundle().strings[messages[code - 1]]
                                     : "the kernel failed with code " + std::to_string(code));
}

} // namespace tenon
