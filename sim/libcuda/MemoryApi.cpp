// Memory: plain, pinned, mapped, managed, pools, virtual memory management, and
// what pointers are.
#include "sim/libcuda/Driver.h"

#include <algorithm>
#include <bit>
#include <cstring>

using namespace tenon::sim;
using namespace tenon::sim::driver;

namespace {

constexpr size_t PitchAlignment = 512, Granularity = 2 << 20;

CUresult allocate(Driver &d, unsigned space, size_t bytes, const char *label,
                  CUdeviceptr *address) {
  if (!address || !bytes)
    return CUDA_ERROR_INVALID_VALUE;
  uint64_t made = d.machine->memory().allocate(space, bytes, 256, label);
  if (!made)
    return CUDA_ERROR_OUT_OF_MEMORY;
  *address = made;
  return CUDA_SUCCESS;
}

CUresult allocateHost(Driver &d, void **pointer, size_t bytes, unsigned flags) {
  CUdeviceptr address = 0;
  CUresult result = pointer ? allocate(d, d.machine->memory().hostSpace(), bytes, "cuMemHostAlloc",
                                       &address)
                            : CUDA_ERROR_INVALID_VALUE;
  if (result != CUDA_SUCCESS)
    return result;
  markHostVisible(address, bytes);
  std::lock_guard lock(d.memoryMutex);
  d.hostFlags[address] = flags;
  *pointer = reinterpret_cast<void *>(address);
  return CUDA_SUCCESS;
}

bool isRegistered(Driver &d, uint64_t address) {
  std::lock_guard lock(d.memoryMutex);
  for (auto [start, size] : d.hostRegistered)
    if (address >= start && address - start < size)
      return true;
  return false;
}

std::shared_ptr<PoolObject> poolOfThread(Driver &d, const Context &context) {
  std::lock_guard lock(d.mutex);
  return d.poolTable.find(d.currentPool[context.device]);
}

} // namespace

namespace tenon::sim::driver {

CUresult releaseMemory(CUdeviceptr address) {
  Driver &d = *driver();
  auto allocation = d.machine->memory().find(address);
  switch (d.machine->memory().release(address)) {
  case FreeResult::Ok: break;
  case FreeResult::NotFound:
  case FreeResult::AlreadyFreed: return CUDA_ERROR_INVALID_VALUE;
  }
  std::lock_guard lock(d.memoryMutex);
  d.hostFlags.erase(address);
  d.managed.erase(address);
  if (auto it = d.pooled.find(address); it != d.pooled.end()) {
    if (allocation)
      it->second->used -= allocation->size;
    d.pooled.erase(it);
  }
  return CUDA_SUCCESS;
}

} // namespace tenon::sim::driver

CU_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  return withContext([&](Driver &d, auto &context) {
    return allocate(d, static_cast<unsigned>(context->device), bytes, "cuMemAlloc", address);
  });
}

CU_EXPORT CUresult cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width,
                                      size_t height, unsigned elementBytes) {
  return withContext([&](Driver &d, auto &context) {
    bool element = elementBytes == 4 || elementBytes == 8 || elementBytes == 16;
    size_t bytes = 0;
    if (!address || !pitch || !element || !width || !height ||
        width > ~size_t(0) - PitchAlignment)
      return CUDA_ERROR_INVALID_VALUE;
    *pitch = (width + PitchAlignment - 1) / PitchAlignment * PitchAlignment;
    if (__builtin_mul_overflow(*pitch, height, &bytes))
      return CUDA_ERROR_OUT_OF_MEMORY;
    return allocate(d, static_cast<unsigned>(context->device), bytes, "cuMemAllocPitch", address);
  });
}

/// Managed memory lies with pinned host memory: every GPU and the host reach it.
CU_EXPORT CUresult cuMemAllocManaged(CUdeviceptr *address, size_t bytes, unsigned flags) {
  return withContext([&](Driver &d, auto &) {
    if (flags != 1 && flags != 2)
      return CUDA_ERROR_INVALID_VALUE;
    CUresult result =
        allocate(d, d.machine->memory().hostSpace(), bytes, "cuMemAllocManaged", address);
    if (result == CUDA_SUCCESS) {
      markHostVisible(*address, bytes);
      std::lock_guard lock(d.memoryMutex);
      d.managed.insert(*address);
    }
    return result;
  });
}

/// As on a GPU, freeing waits for the device.
CU_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
  return withContext([&](Driver &, auto &context) {
    if (!address)
      return CUDA_SUCCESS;
    if (CUresult result = synchronizeContext(context); result != CUDA_SUCCESS)
      return result;
    return releaseMemory(address);
  });
}

CU_EXPORT CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  return withContext([&](Driver &d, auto &context) {
    if (!free || !total)
      return CUDA_ERROR_INVALID_VALUE;
    Memory &memory = d.machine->memory();
    *total = memory.bytesTotal(static_cast<unsigned>(context->device));
    *free = *total - std::min(*total, memory.bytesInUse(static_cast<unsigned>(context->device)));
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr address) {
  return withContext([&](Driver &d, auto &) {
    auto allocation = d.machine->memory().find(address);
    if (!allocation || allocation->freed)
      return CUDA_ERROR_NOT_FOUND;
    if (base)
      *base = allocation->address;
    if (bytes)
      *bytes = allocation->size;
    return CUDA_SUCCESS;
  });
}

// Pinned host memory.

CU_EXPORT CUresult cuMemAllocHost_v2(void **pointer, size_t bytes) {
  return withContext([&](Driver &d, auto &) { return allocateHost(d, pointer, bytes, 0); });
}
CU_EXPORT CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  return withContext([&](Driver &d, auto &) {
    return flags > 7 ? CUDA_ERROR_INVALID_VALUE : allocateHost(d, pointer, bytes, flags);
  });
}
CU_EXPORT CUresult cuMemFreeHost(void *pointer) {
  return withContext([&](Driver &d, auto &context) {
    auto address = reinterpret_cast<CUdeviceptr>(pointer);
    {
      std::lock_guard lock(d.memoryMutex);
      if (!d.hostFlags.count(address))
        return CUDA_ERROR_INVALID_VALUE;
    }
    synchronizeContext(context);
    return releaseMemory(address);
  });
}
CU_EXPORT CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *address, void *pointer, unsigned flags) {
  return withContext([&](Driver &d, auto &) {
    auto host = reinterpret_cast<CUdeviceptr>(pointer);
    if (!address || flags)
      return CUDA_ERROR_INVALID_VALUE;
    if (!d.machine->memory().contains(host, 1))
      return isRegistered(d, host) ? notSupported("access of kernels to registered host memory")
                                   : CUDA_ERROR_INVALID_VALUE;
    *address = host;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemHostGetFlags(unsigned *flags, void *pointer) {
  return withContext([&](Driver &d, auto &) {
    std::lock_guard lock(d.memoryMutex);
    auto it = d.hostFlags.find(reinterpret_cast<CUdeviceptr>(pointer));
    if (!flags || it == d.hostFlags.end())
      return CUDA_ERROR_INVALID_VALUE;
    *flags = it->second;
    return CUDA_SUCCESS;
  });
}
/// Registered memory stays pageable memory to kernels; copies take it as pinned.
CU_EXPORT CUresult cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned) {
  return withContext([&](Driver &d, auto &) {
    if (!pointer || !bytes)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(d.memoryMutex);
    bool fresh = d.hostRegistered.emplace(reinterpret_cast<CUdeviceptr>(pointer), bytes).second;
    return fresh ? CUDA_SUCCESS : CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  });
}
CU_EXPORT CUresult cuMemHostUnregister(void *pointer) {
  return withContext([&](Driver &d, auto &) {
    std::lock_guard lock(d.memoryMutex);
    return d.hostRegistered.erase(reinterpret_cast<CUdeviceptr>(pointer))
               ? CUDA_SUCCESS
               : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  });
}

// Pools: memory is taken when the call is made and given back in stream order.

static CUresult allocateFromPool(Driver &d, const std::shared_ptr<Context> &context,
                                 CUdeviceptr *address, size_t bytes,
                                 const std::shared_ptr<PoolObject> &pool, CUstream handle) {
  auto stream = findStream(context, handle);
  if (!pool || !stream)
    return stream ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
  CUresult result = allocate(d, static_cast<unsigned>(pool->device), bytes, "cuMemAllocAsync", address);
  if (result != CUDA_SUCCESS)
    return result;
  std::lock_guard lock(d.memoryMutex);
  d.pooled[*address] = pool.get();
  uint64_t now = pool->used += bytes, high = pool->high;
  while (now > high && !pool->high.compare_exchange_weak(high, now))
    ;
  return CUDA_SUCCESS;
}

CU_EXPORT CUresult cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream stream) {
  return withContext([&](Driver &d, auto &context) {
    return allocateFromPool(d, context, address, bytes, poolOfThread(d, *context), stream);
  });
}
CU_EXPORT CUresult cuMemAllocFromPoolAsync(CUdeviceptr *address, size_t bytes, CUmemoryPool pool,
                                           CUstream stream) {
  return withContext([&](Driver &d, auto &context) {
    return allocateFromPool(d, context, address, bytes, d.poolTable.find(pool), stream);
  });
}
CU_EXPORT CUresult cuMemFreeAsync(CUdeviceptr address, CUstream handle) {
  return withContext([&](Driver &d, auto &context) {
    auto stream = findStream(context, handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    auto allocation = d.machine->memory().find(address);
    if (!allocation || allocation->freed || allocation->address != address)
      return CUDA_ERROR_INVALID_VALUE;
    return submit(stream, FreeWork{address});
  });
}
CU_EXPORT CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device) {
  return guarded([&](Driver &d) {
    if (device < 0 || device >= static_cast<int>(d.deviceCount()))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!pool)
      return CUDA_ERROR_INVALID_VALUE;
    *pool = reinterpret_cast<CUmemoryPool>(d.pools[device].get());
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device) {
  return guarded([&](Driver &d) {
    if (device < 0 || device >= static_cast<int>(d.deviceCount()))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!pool)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(d.mutex);
    *pool = reinterpret_cast<CUmemoryPool>(d.currentPool[device]);
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool handle) {
  return guarded([&](Driver &d) {
    auto pool = d.poolTable.find(handle);
    if (device < 0 || device >= static_cast<int>(d.deviceCount()))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!pool || pool->device != device)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(d.mutex);
    d.currentPool[device] = pool.get();
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *properties) {
  return guarded([&](Driver &d) {
    if (!pool || !properties || properties->location.type != 1)
      return CUDA_ERROR_INVALID_VALUE;
    if (properties->location.id < 0 || properties->location.id >= static_cast<int>(d.deviceCount()))
      return CUDA_ERROR_INVALID_DEVICE;
    if (properties->handleTypes)
      return notSupported("a memory pool that can be shared");
    auto made = std::make_shared<PoolObject>();
    made->device = properties->location.id;
    *pool = reinterpret_cast<CUmemoryPool>(d.poolTable.add(made));
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemPoolDestroy(CUmemoryPool handle) {
  return guarded([&](Driver &d) {
    std::lock_guard lock(d.mutex);
    for (unsigned i = 0; i < d.deviceCount(); ++i)
      if (d.pools[i].get() == reinterpret_cast<PoolObject *>(handle))
        return CUDA_ERROR_INVALID_VALUE;
    auto pool = d.poolTable.find(handle);
    if (!pool)
      return CUDA_ERROR_INVALID_VALUE;
    if (d.currentPool[pool->device] == pool.get())
      d.currentPool[pool->device] = d.pools[pool->device].get();
    std::lock_guard memoryLock(d.memoryMutex);
    std::erase_if(d.pooled, [&](auto &entry) { return entry.second == pool.get(); });
    d.poolTable.remove(handle);
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t) {
  return guarded([&](Driver &d) {
    return d.poolTable.find(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
static CUresult poolAttribute(CUmemoryPool handle, int attribute, void *value, bool set) {
  return guarded([&](Driver &d) {
    auto pool = d.poolTable.find(handle);
    if (!pool || !value || attribute < 1 || attribute > 8)
      return CUDA_ERROR_INVALID_VALUE;
    if (attribute <= 3) { // reuse policies: freed memory is never reused early here
      if (!set)
        *static_cast<int *>(value) = 1;
      return CUDA_SUCCESS;
    }
    auto *wide = static_cast<uint64_t *>(value);
    if (attribute == 4)
      set ? void(pool->releaseThreshold = *wide) : void(*wide = pool->releaseThreshold);
    else if (!set)
      *wide = attribute == 5 || attribute == 7 ? pool->used : pool->high;
    else if (*wide)
      return CUDA_ERROR_INVALID_VALUE;
    else
      pool->high = pool->used.load();
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemPoolSetAttribute(CUmemoryPool pool, int attribute, void *value) {
  return poolAttribute(pool, attribute, value, true);
}
CU_EXPORT CUresult cuMemPoolGetAttribute(CUmemoryPool pool, int attribute, void *value) {
  return poolAttribute(pool, attribute, value, false);
}
CU_EXPORT CUresult cuMemPoolSetAccess(CUmemoryPool handle, const CUmemAccessDesc *access, size_t count) {
  return guarded([&](Driver &d) {
    auto pool = d.poolTable.find(handle);
    if (!pool || (count && !access))
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count; ++i) {
      int peer = access[i].location.id;
      if (access[i].location.type != 1 || peer < 0 || peer >= static_cast<int>(d.deviceCount()))
        return CUDA_ERROR_INVALID_VALUE;
      if (peer != pool->device)
        d.machine->memory().setPeer(static_cast<unsigned>(peer), static_cast<unsigned>(pool->device),
                                    access[i].flags != 0);
    }
    return CUDA_SUCCESS;
  });
}

// Virtual memory management. A handle is a size on a device; mapping it gives
// memory to the reserved addresses.

namespace {
struct Physical {
  size_t bytes;
  int device;
};
std::mutex physicalMutex;
std::unordered_map<CUmemGenericAllocationHandle, Physical> physicals;
std::unordered_map<CUdeviceptr, std::pair<size_t, CUmemGenericAllocationHandle>> mappings;
CUmemGenericAllocationHandle nextPhysical = 1;
} // namespace

CU_EXPORT CUresult cuMemGetAllocationGranularity(size_t *bytes, const CUmemAllocationProp *properties,
                                                 int) {
  if (!bytes || !properties)
    return CUDA_ERROR_INVALID_VALUE;
  *bytes = Granularity;
  return CUDA_SUCCESS;
}
CU_EXPORT CUresult cuMemAddressReserve(CUdeviceptr *address, size_t bytes, size_t alignment,
                                       CUdeviceptr, unsigned long long flags) {
  return withContext([&](Driver &d, auto &context) {
    if (!address || !bytes || bytes % Granularity || flags || (alignment && !std::has_single_bit(alignment)))
      return CUDA_ERROR_INVALID_VALUE;
    *address = d.machine->memory().reserve(static_cast<unsigned>(context->device), bytes,
                                           std::max(alignment, Granularity));
    return *address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
  });
}
CU_EXPORT CUresult cuMemAddressFree(CUdeviceptr address, size_t) {
  return guarded([&](Driver &) { return releaseMemory(address); });
}
CU_EXPORT CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
                               const CUmemAllocationProp *properties, unsigned long long flags) {
  return guarded([&](Driver &d) {
    if (!handle || !properties || !bytes || bytes % Granularity || flags)
      return CUDA_ERROR_INVALID_VALUE;
    if (properties->requestedHandleTypes)
      return notSupported("an allocation that can be shared");
    if (properties->location.type != 1 || properties->location.id < 0 ||
        properties->location.id >= static_cast<int>(d.deviceCount()))
      return CUDA_ERROR_INVALID_DEVICE;
    std::lock_guard lock(physicalMutex);
    *handle = nextPhysical++;
    physicals[*handle] = {bytes, properties->location.id};
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemRelease(CUmemGenericAllocationHandle handle) {
  return guarded([&](Driver &) {
    std::lock_guard lock(physicalMutex);
    return physicals.erase(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
CU_EXPORT CUresult cuMemMap(CUdeviceptr address, size_t bytes, size_t offset,
                            CUmemGenericAllocationHandle handle, unsigned long long flags) {
  return guarded([&](Driver &d) {
    std::lock_guard lock(physicalMutex);
    auto it = physicals.find(handle);
    if (it == physicals.end() || offset || flags || bytes != it->second.bytes)
      return CUDA_ERROR_INVALID_VALUE;
    for (auto &[at, mapping] : mappings)
      if (mapping.second == handle)
        return notSupported("mapping one allocation twice");
    if (!d.machine->memory().map(address, bytes))
      return CUDA_ERROR_INVALID_VALUE;
    mappings[address] = {bytes, handle};
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemUnmap(CUdeviceptr address, size_t bytes) {
  return guarded([&](Driver &d) {
    std::lock_guard lock(physicalMutex);
    if (!d.machine->memory().unmap(address, bytes))
      return CUDA_ERROR_INVALID_VALUE;
    std::erase_if(mappings, [&](auto &m) { return m.first >= address && m.first - address < bytes; });
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemSetAccess(CUdeviceptr address, size_t bytes, const CUmemAccessDesc *access,
                                  size_t count) {
  return guarded([&](Driver &d) {
    Memory &memory = d.machine->memory();
    auto allocation = memory.find(address);
    if (!allocation || !memory.contains(address, bytes) || (count && !access))
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count; ++i)
      if (unsigned peer = static_cast<unsigned>(access[i].location.id);
          access[i].location.type != 1 || peer >= d.deviceCount())
        return CUDA_ERROR_INVALID_DEVICE;
      else if (peer != allocation->space)
        memory.setPeer(peer, allocation->space, access[i].flags != 0);
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location,
                                  CUdeviceptr address) {
  return guarded([&](Driver &d) {
    auto allocation = d.machine->memory().find(address);
    if (!flags || !location || !allocation)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = d.machine->memory().mayAccess(static_cast<unsigned>(location->id), allocation->space) ? 3 : 0;
    return CUDA_SUCCESS;
  });
}

// Hints to managed memory change nothing here.
CU_EXPORT CUresult cuMemAdvise_v2(CUdeviceptr, size_t, int, CUmemLocation) { return CUDA_SUCCESS; }
CU_EXPORT CUresult cuMemPrefetchAsync_v2(CUdeviceptr address, size_t bytes, CUmemLocation, unsigned, CUstream) {
  return withContext([&](Driver &d, auto &) {
    return d.machine->memory().contains(address, bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

// What a pointer is.

static CUresult pointerAttribute(Driver &d, void *value, int attribute, CUdeviceptr address) {
  auto allocation = d.machine->memory().find(address);
  if (!allocation || allocation->freed)
    return CUDA_ERROR_INVALID_VALUE;
  bool host = allocation->space == d.machine->memory().hostSpace();
  bool isManaged = false;
  {
    std::lock_guard lock(d.memoryMutex);
    isManaged = d.managed.count(allocation->address);
  }
  int device = host ? 0 : static_cast<int>(allocation->space);
  switch (attribute) {
  case 1: {
    std::lock_guard lock(d.mutex);
    *static_cast<CUcontext *>(value) = reinterpret_cast<CUcontext>(d.primaries[device].get());
    break;
  }
  case 2: *static_cast<unsigned *>(value) = host && !isManaged ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE; break;
  case 3: *static_cast<CUdeviceptr *>(value) = address; break;
  case 4:
    if (!host)
      return CUDA_ERROR_INVALID_VALUE;
    *static_cast<CUdeviceptr *>(value) = address;
    break;
  case 6: *static_cast<int *>(value) = 0; break;
  case 7: *static_cast<unsigned long long *>(value) = allocation->serial; break;
  case 8: *static_cast<unsigned *>(value) = isManaged; break;
  case 9: *static_cast<int *>(value) = device; break;
  case 10: case 15: *static_cast<int *>(value) = 0; break;
  case 11: *static_cast<CUdeviceptr *>(value) = allocation->address; break;
  case 12: *static_cast<size_t *>(value) = allocation->size; break;
  case 13: *static_cast<int *>(value) = allocation->mapped; break;
  case 14: *static_cast<unsigned long long *>(value) = 0; break;
  case 16: *static_cast<int *>(value) = 3; break;
  case 17: {
    std::lock_guard lock(d.memoryMutex);
    auto it = d.pooled.find(allocation->address);
    *static_cast<CUmemoryPool *>(value) =
        it == d.pooled.end() ? nullptr : reinterpret_cast<CUmemoryPool>(it->second);
    break;
  }
  default: return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

CU_EXPORT CUresult cuPointerGetAttribute(void *value, int attribute, CUdeviceptr address) {
  return guarded([&](Driver &d) {
    return value ? pointerAttribute(d, value, attribute, address) : CUDA_ERROR_INVALID_VALUE;
  });
}
/// Unknown pointers are no error here: their attributes are zero.
CU_EXPORT CUresult cuPointerGetAttributes(unsigned count, int *attributes, void **values,
                                          CUdeviceptr address) {
  return guarded([&](Driver &d) {
    if (!attributes || !values)
      return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < count; ++i) {
      if (!values[i])
        return CUDA_ERROR_INVALID_VALUE;
      if (pointerAttribute(d, values[i], attributes[i], address) == CUDA_SUCCESS)
        continue;
      bool wide = attributes[i] == 1 || attributes[i] == 3 || attributes[i] == 4 ||
                  attributes[i] == 7 || attributes[i] == 11 || attributes[i] == 12 ||
                  attributes[i] == 14 || attributes[i] == 17;
      std::memset(values[i], attributes[i] == 9 ? 0xfe : 0, wide ? 8 : 4);
      if (attributes[i] == 9)
        *static_cast<int *>(values[i]) = -2;
    }
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuPointerSetAttribute(const void *, int, CUdeviceptr address) {
  return guarded([&](Driver &d) {
    return d.machine->memory().contains(address, 1) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
