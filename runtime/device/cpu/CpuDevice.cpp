// A launch splits its blocks into contiguous ranges, which threads take one by one:
// as many as threads where there is little to do, a few times as many else, so
// that a thread that is interrupted leaves the rest to the others. What a block
// computes does not depend on who runs it. A launch that is not worth waking a
// thread runs on the caller.
#include "runtime/device/cpu/CpuDevice.h"

#include "runtime/device/cpu/CpuFeatures.h"
#include "runtime/support/Checked.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

namespace tenon {
namespace {

constexpr int maxThreads = 4096;
/// Operations that take about as long as waking a thread and waiting for it.
constexpr int64_t workPerThread = 400000;
/// Ranges per thread, where each has at least that much to do.
constexpr int64_t rangesPerThread = 4;

struct Launch {
  tenon_kernel kernel;
  tenon_kernel_args args;
  int64_t grid;
  int64_t scratchStride;
  unsigned ranges;
  int32_t *results;
};

/// Kernels carry no signature for the sanitizer of indirect calls.
#ifdef __clang__
__attribute__((no_sanitize("function")))
#endif
void runRange(void *context, unsigned range, unsigned thread) {
  const Launch &launch = *static_cast<const Launch *>(context);
  tenon_kernel_args args = launch.args;
  auto split = [&](int64_t t) {
    return static_cast<int64_t>(static_cast<__int128>(launch.grid) * t / launch.ranges);
  };
  args.begin = split(range);
  args.end = split(range + 1);
  args.scratch = static_cast<char *>(args.scratch) + launch.scratchStride * thread;
  launch.results[range] = launch.kernel(&args);
}

/// Why a kernel failed, in the words of the bundle.
std::string describeResult(const bundle::Bundle &bundle, uint32_t kernel, int32_t result) {
  const std::vector<bundle::String> &messages = bundle.kernels[kernel].messages;
  if (result >= 1 && static_cast<uint32_t>(result) <= messages.size())
    return bundle.strings[messages[result - 1]];
  return "the kernel failed with code " + std::to_string(result);
}

} // namespace

CpuDevice::~CpuDevice() {
  if (code)
    ::munmap(code, codeSize);
}

Status CpuDevice::open(std::shared_ptr<const bundle::BundleFile> opened, int threads) {
  file = std::move(opened);
  const bundle::Bundle &bundle = file->bundle();
  if (threads < 0 || threads > maxThreads)
    return Status(TENON_INVALID_ARGUMENT, "expected 0 to " + std::to_string(maxThreads) +
                                              " threads, got " + std::to_string(threads));
  targetIndex = chooseCpuTarget(bundle);
  if (targetIndex == bundle::none) {
    std::string names;
    for (const bundle::Target &target : bundle.targets)
      names += (names.empty() ? "" : ", ") + target.device + ":" + target.name;
    return Status(TENON_NO_DEVICE,
                  "the bundle has no code for this processor (it has: " + names + ")");
  }
  codeSize = bundle.sections[target().section].size;
  if (codeSize)
    TENON_TRY(file->mapCode(target().section, code));
  TENON_TRY(pool.start(threads ? threads : availableProcessors()));
  results.resize(pool.size() * rangesPerThread);
  return {};
}

std::string CpuDevice::description() const {
  return "cpu (" + target().name + ", " + std::to_string(threads()) +
         (threads() == 1 ? " thread)" : " threads)");
}

void *CpuDevice::allocate(uint64_t bytes) {
  Memory memory;
  return memory.reserve(bytes) ? memory.take() : nullptr;
}

void CpuDevice::release(void *data) { std::free(data); }

Status CpuDevice::weight(uint32_t index, void *&data) {
  data = const_cast<uint8_t *>(file->weightData(file->bundle().weights[index]));
  return {};
}

Status CpuDevice::constant(uint32_t index, void *&data) {
  data = const_cast<uint8_t *>(file->constantData(file->bundle().constants[index]));
  return {};
}

Status CpuDevice::copy(void *to, const void *from, uint64_t bytes) {
  if (bytes)
    std::memmove(to, from, bytes);
  return {};
}

Status CpuDevice::upload(void *to, const void *from, uint64_t bytes) {
  return copy(to, from, bytes);
}

Status CpuDevice::download(void *to, const void *from, uint64_t bytes) {
  return copy(to, from, bytes);
}

Status CpuDevice::fill(void *to, uint64_t pattern, unsigned width, uint64_t bytes) {
  for (uint64_t at = 0; at < bytes; at += width)
    std::memcpy(static_cast<char *>(to) + at, &pattern, width);
  return {};
}

/// As many ranges for every thread, or one for each of fewer threads.
int64_t CpuDevice::rangesFor(int64_t work) const {
  int64_t threads = pool.size();
  int64_t worth = work < 0 ? threads : 1 + work / workPerThread;
  if (threads == 1 || worth < threads)
    return std::min(threads, worth);
  return threads * std::min(rangesPerThread, worth / threads);
}

Status CpuDevice::launch(const LaunchRequest &request) {
  uint32_t kernel = request.kernel;
  int64_t grid = request.grid, scratchBytes = request.scratchBytes, work = request.work;
  if (grid <= 0)
    return grid == 0 ? Status() : Status(TENON_INVALID_BUNDLE, "a grid is negative");
  uint64_t entry = target().entries[kernel];
  if (entry == bundle::noEntry)
    return Status(TENON_NO_DEVICE, "the bundle has no code of kernel '" +
                                       file->bundle().kernels[kernel].name + "' for " +
                                       target().name);
  unsigned ranges = static_cast<unsigned>(std::min(grid, rangesFor(work)));
  uint64_t stride;
  int64_t total;
  if (scratchBytes < 0 || !alignUp(scratchBytes, 64, stride) ||
      !checkedMul(static_cast<int64_t>(stride), pool.size(), total) || !scratch.reserve(total))
    return Status(TENON_OUT_OF_MEMORY, "no memory for " + std::to_string(scratchBytes) +
                                           " bytes of scratch in each of " +
                                           std::to_string(pool.size()) + " threads");
  auto function = reinterpret_cast<tenon_kernel>(static_cast<char *>(code) + entry);
  Launch launch{function, {request.buffers, request.symbols, scratch.data(), 0, 0},
                grid,     static_cast<int64_t>(stride),
                ranges,   results.data()};
  pool.run(ranges, runRange, &launch);
  for (unsigned range = 0; range < ranges; ++range)
    if (results[range] != 0)
      return Status(TENON_EXECUTION, describeResult(file->bundle(), kernel, results[range]));
  return {};
}

} // namespace tenon
