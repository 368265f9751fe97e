// Doing what was submitted: launches, copies, fills, host functions, graphs.
#include "sim/libcuda/Driver.h"

#include <cstdio>
#include <cstring>

namespace tenon::sim::driver {
namespace {

CUresult resultOf(LaunchStatus status) {
  switch (status) {
  case LaunchStatus::Ok: return CUDA_SUCCESS;
  case LaunchStatus::InvalidConfiguration:
  case LaunchStatus::InvalidArgument: return CUDA_ERROR_INVALID_VALUE;
  case LaunchStatus::CooperativeTooLarge: return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
  case LaunchStatus::IllegalAddress: return CUDA_ERROR_ILLEGAL_ADDRESS;
  case LaunchStatus::MisalignedAddress: return CUDA_ERROR_MISALIGNED_ADDRESS;
  case LaunchStatus::IllegalInstruction: return CUDA_ERROR_ILLEGAL_INSTRUCTION;
  case LaunchStatus::Assert: return CUDA_ERROR_ASSERT;
  case LaunchStatus::Deadlock: return CUDA_ERROR_LAUNCH_TIMEOUT;
  case LaunchStatus::HardwareStackError: return CUDA_ERROR_HARDWARE_STACK_ERROR;
  case LaunchStatus::Trap: break;
  }
  return CUDA_ERROR_LAUNCH_FAILED;
}

CUresult launch(const KernelWork &work, const Context &context, const StreamPosition &position) {
  LaunchConfig config;
  config.kernel = work.function->kernel;
  config.grid = work.grid;
  config.block = work.block;
  config.cluster = work.cluster;
  config.dynamicSharedBytes = work.shared;
  config.cooperative = work.cooperative;
  config.programmaticStart = work.programmatic;
  config.parameters = work.arguments;
  config.position = position;
  LaunchResult result = driver()->machine->gpu(context.device).launch(config);
  if (result.status != LaunchStatus::Ok && !result.message.empty())
    std::fprintf(stderr, "tenon-sim: %s: %s\n", config.kernel->name.c_str(),
                 result.message.c_str());
  return resultOf(result.status);
}

CUresult fill(const FillWork &work, const StreamPosition &position) {
  Memory &memory = driver()->machine->memory();
  size_t row = work.width * work.elementSize;
  for (size_t y = 0; y < work.height; ++y) {
    CUdeviceptr at = work.address + y * work.pitch;
    if (!memory.contains(at, row))
      return CUDA_ERROR_INVALID_VALUE;
    memory.fill(at, &work.value, work.elementSize, work.width, &position);
  }
  return CUDA_SUCCESS;
}

CUresult value(const ValueWork &work) {
  auto *address = reinterpret_cast<volatile void *>(work.address);
  if (!work.wait) {
    driver()->machine->memory().copy(reinterpret_cast<void *>(work.address), &work.value,
                                     work.bytes);
    return CUDA_SUCCESS;
  }
  auto read = [&]() -> uint64_t {
    return work.bytes == 8 ? __atomic_load_n(static_cast<volatile uint64_t *>(address), __ATOMIC_ACQUIRE)
                           : __atomic_load_n(static_cast<volatile uint32_t *>(address), __ATOMIC_ACQUIRE);
  };
  auto holds = [&](uint64_t now) {
    uint64_t mask = work.bytes == 8 ? ~uint64_t(0) : 0xffffffffu;
    uint64_t difference = (now - work.value) & mask;
    switch (work.flags & 3) {
    case 0: return difference <= mask / 2; // >=, cyclic
    case 1: return (now & mask) == (work.value & mask);
    case 2: return (now & work.value) != 0;
    default: return (~(now | work.value) & mask) != 0;
    }
  };
  while (!holds(read()))
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  return CUDA_SUCCESS;
}

} // namespace

CUresult perform(const Work &work, const std::shared_ptr<Context> &context,
                 const StreamPosition &position) {
  if (auto *kernel = std::get_if<KernelWork>(&work))
    return launch(*kernel, *context, position);
  if (auto *copy = std::get_if<CopyWork>(&work))
    return performCopy(copy->copy, position);
  if (auto *set = std::get_if<FillWork>(&work))
    return fill(*set, position);
  if (auto *host = std::get_if<HostWork>(&work))
    host->function(host->data);
  else if (auto *child = std::get_if<ChildWork>(&work))
    return performGraph(*child->graph, context, position);
  else if (auto *release = std::get_if<FreeWork>(&work))
    return releaseMemory(release->address);
  else if (auto *flag = std::get_if<ValueWork>(&work))
    return value(*flag);
  else if (auto *record = std::get_if<RecordWork>(&work)) { // within a graph
    std::lock_guard lock(record->event->mutex);
    record->event->completion = std::make_shared<Completion>();
    record->event->completion->finish();
    record->event->clock = position.before;
  }
  return CUDA_SUCCESS;
}

/// Runs the nodes one after the other in an order that respects the edges. To the
/// race check the launch is one operation of its stream: roots are unordered to
/// each other, a node with dependencies counts as ordered after all that ran.
CUresult performGraph(Graph &graph, const std::shared_ptr<Context> &context,
                      const StreamPosition &position) {
  std::vector<GraphNode *> order;
  {
    std::lock_guard lock(graph.mutex);
    order = graph.ordered();
  }
  StreamPosition inner = position;
  inner.before.tick(position.stream, position.sequence);
  for (GraphNode *node : order)
    if (node->enabled) {
      const StreamPosition &at = node->dependencies.empty() ? position : inner;
      if (CUresult result = perform(node->work, context, at); result != CUDA_SUCCESS)
        return result;
    }
  return CUDA_SUCCESS;
}

CUDA_MEMCPY3D linearCopy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  CUDA_MEMCPY3D copy{};
  copy.srcMemoryType = copy.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
  copy.srcDevice = from;
  copy.dstDevice = to;
  copy.srcPitch = copy.dstPitch = copy.WidthInBytes = bytes;
  copy.Height = copy.Depth = copy.srcHeight = copy.dstHeight = 1;
  return copy;
}

namespace {

/// One side of a copy as an address and strides.
struct Side {
  uint64_t address = 0;
  size_t pitch = 0, slice = 0;
};

bool side(CUmemorytype type, const void *host, CUdeviceptr device, size_t x, size_t y, size_t z,
          size_t pitch, size_t height, const CUDA_MEMCPY3D &copy, Side &out) {
  if (type != CU_MEMORYTYPE_HOST && type != CU_MEMORYTYPE_DEVICE && type != CU_MEMORYTYPE_UNIFIED)
    return false;
  out.address = type == CU_MEMORYTYPE_HOST ? reinterpret_cast<uint64_t>(host) : device;
  out.pitch = pitch ? pitch : x + copy.WidthInBytes;
  if (!height)
    height = y + copy.Height;
  size_t rows = 0, offset = 0;
  bool overflow = __builtin_mul_overflow(out.pitch, height, &out.slice) ||
                  __builtin_mul_overflow(z, out.slice, &offset) ||
                  __builtin_mul_overflow(y, out.pitch, &rows) ||
                  __builtin_add_overflow(offset, rows, &offset) ||
                  __builtin_add_overflow(offset, x, &offset) ||
                  __builtin_add_overflow(out.address, offset, &out.address);
  return !overflow && out.address && (copy.Height <= 1 || out.pitch >= copy.WidthInBytes);
}

bool sides(const CUDA_MEMCPY3D &c, Side &from, Side &to) {
  return side(c.srcMemoryType, c.srcHost, c.srcDevice, c.srcXInBytes, c.srcY, c.srcZ, c.srcPitch,
              c.srcHeight, c, from) &&
         side(c.dstMemoryType, c.dstHost, c.dstDevice, c.dstXInBytes, c.dstY, c.dstZ, c.dstPitch,
              c.dstHeight, c, to);
}

/// Every row of a device side must lie in live memory.
bool inMemory(const CUDA_MEMCPY3D &copy, const Side &side, CUmemorytype type) {
  Memory &memory = driver()->machine->memory();
  auto *pointer = reinterpret_cast<const void *>(side.address);
  if (!memory.owns(pointer))
    return type != CU_MEMORYTYPE_DEVICE;
  for (size_t z = 0; z < copy.Depth; ++z)
    for (size_t y = 0; y < copy.Height; ++y)
      if (!memory.contains(side.address + z * side.slice + y * side.pitch, copy.WidthInBytes))
        return false;
  return true;
}

} // namespace

CUresult checkCopy(const CUDA_MEMCPY3D &copy) {
  if (!copy.WidthInBytes || !copy.Height || !copy.Depth)
    return CUDA_SUCCESS;
  Side from, to;
  bool array = copy.srcMemoryType == CU_MEMORYTYPE_ARRAY || copy.dstMemoryType == CU_MEMORYTYPE_ARRAY;
  if (array)
    return notSupported("a copy from or to a CUDA array");
  if (!sides(copy, from, to) || !inMemory(copy, from, copy.srcMemoryType) ||
      !inMemory(copy, to, copy.dstMemoryType))
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

CUresult performCopy(const CUDA_MEMCPY3D &copy, const StreamPosition &position) {
  if (CUresult result = checkCopy(copy); result != CUDA_SUCCESS)
    return result;
  Side from, to;
  if (!copy.WidthInBytes || !sides(copy, from, to))
    return CUDA_SUCCESS;
  Memory &memory = driver()->machine->memory();
  for (size_t z = 0; z < copy.Depth; ++z)
    for (size_t y = 0; y < copy.Height; ++y)
      memory.copy(reinterpret_cast<void *>(to.address + z * to.slice + y * to.pitch),
                  reinterpret_cast<const void *>(from.address + z * from.slice + y * from.pitch),
                  copy.WidthInBytes, &position);
  return CUDA_SUCCESS;
}

bool usesPageable(const CUDA_MEMCPY3D &copy) {
  Side from, to;
  if (!sides(copy, from, to))
    return false;
  Memory &memory = driver()->machine->memory();
  auto pageable = [&](uint64_t address) {
    if (memory.owns(reinterpret_cast<const void *>(address)))
      return false;
    std::lock_guard lock(driver()->memoryMutex);
    for (auto [start, size] : driver()->hostRegistered)
      if (address >= start && address - start < size)
        return false;
    return true;
  };
  return pageable(from.address) || pageable(to.address);
}

} // namespace tenon::sim::driver
