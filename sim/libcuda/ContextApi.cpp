// Contexts: primary and own, the stack of the calling thread, limits, peers.
#include "sim/libcuda/Driver.h"

using namespace tenon::sim;
using namespace tenon::sim::driver;

namespace {

bool isDevice(Driver &d, CUdevice device) {
  return device >= 0 && device < static_cast<int>(d.deviceCount());
}

CUcontext handleOf(const std::shared_ptr<Context> &context) {
  return reinterpret_cast<CUcontext>(context.get());
}

constexpr size_t DefaultLimits[] = {1024, 1 << 20, 8 << 20, 2, 2048, 128, 0};

} // namespace

CU_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!context)
      return CUDA_ERROR_INVALID_VALUE;
    *context = handleOf(retainPrimary(device));
    return CUDA_SUCCESS;
  });
}

static CUresult dropPrimary(Driver &d, CUdevice device, bool all) {
  if (!isDevice(d, device))
    return CUDA_ERROR_INVALID_DEVICE;
  std::shared_ptr<Context> ending;
  {
    std::lock_guard lock(d.mutex);
    if (!d.primaries[device])
      return all ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
    d.primaryCount[device] = all ? 0 : d.primaryCount[device] - 1;
    if (d.primaryCount[device] <= 0)
      ending.swap(d.primaries[device]);
  }
  if (ending)
    destroyContext(ending);
  return CUDA_SUCCESS;
}

CU_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return guarded([&](Driver &d) { return dropPrimary(d, device, false); });
}
CU_EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
  return cuDevicePrimaryCtxRelease_v2(device);
}
CU_EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  return guarded([&](Driver &d) { return dropPrimary(d, device, true); });
}
CU_EXPORT CUresult cuDevicePrimaryCtxReset(CUdevice device) {
  return cuDevicePrimaryCtxReset_v2(device);
}

CU_EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    std::lock_guard lock(d.mutex);
    d.primaryFlags[device] = flags;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned flags) {
  return cuDevicePrimaryCtxSetFlags_v2(device, flags);
}

CU_EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!flags || !active)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(d.mutex);
    *flags = d.primaryFlags[device];
    *active = d.primaries[device] != nullptr;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device) {
  return guarded([&](Driver &d) {
    if (!context)
      return CUDA_ERROR_INVALID_VALUE;
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    auto made = makeContext(device, flags, false);
    contextStack().push_back(made);
    *context = handleOf(made);
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuCtxCreate_v4(CUcontext *context, void *, unsigned flags, CUdevice device) {
  return cuCtxCreate_v2(context, flags, device);
}

CU_EXPORT CUresult cuCtxDestroy_v2(CUcontext handle) {
  return guarded([&](Driver &d) {
    auto context = d.contexts.find(handle);
    if (!context || context->primary)
      return CUDA_ERROR_INVALID_CONTEXT;
    destroyContext(context);
    auto &stack = contextStack();
    if (!stack.empty() && stack.back() == context)
      stack.pop_back();
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxPushCurrent_v2(CUcontext handle) {
  return guarded([&](Driver &d) {
    auto context = d.contexts.find(handle);
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    contextStack().push_back(context);
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxPopCurrent_v2(CUcontext *handle) {
  return guarded([&](Driver &) {
    auto &stack = contextStack();
    if (stack.empty())
      return CUDA_ERROR_INVALID_CONTEXT;
    if (handle)
      *handle = handleOf(stack.back());
    stack.pop_back();
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxSetCurrent(CUcontext handle) {
  return guarded([&](Driver &d) {
    auto &stack = contextStack();
    auto context = d.contexts.find(handle);
    if (handle && !context)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!stack.empty())
      stack.pop_back();
    if (context)
      stack.push_back(context);
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxGetCurrent(CUcontext *handle) {
  return guarded([&](Driver &) {
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    auto &stack = contextStack();
    *handle = stack.empty() ? nullptr : handleOf(stack.back());
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxGetDevice(CUdevice *device) {
  return guarded([&](Driver &) {
    auto &stack = contextStack();
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    if (stack.empty())
      return CUDA_ERROR_INVALID_CONTEXT;
    *device = stack.back()->device;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxGetFlags(unsigned *flags) {
  return withContext([&](Driver &, auto &context) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = context->flags;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxSetFlags(unsigned flags) {
  return withContext([&](Driver &, auto &context) {
    context->flags = flags;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxGetId(CUcontext handle, unsigned long long *id) {
  return guarded([&](Driver &d) {
    auto context = handle ? d.contexts.find(handle) : current().context;
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!id)
      return CUDA_ERROR_INVALID_VALUE;
    *id = context->id;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxGetApiVersion(CUcontext, unsigned *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = 3020;
  return CUDA_SUCCESS;
}

CU_EXPORT CUresult cuCtxSynchronize() {
  return withContext([&](Driver &, auto &context) { return synchronizeContext(context); });
}

CU_EXPORT CUresult cuCtxSetLimit(int limit, size_t value) {
  return withContext([&](Driver &, auto &context) {
    if (limit < 0 || limit > 6)
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    std::lock_guard lock(context->mutex);
    context->limits[limit] = value;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxGetLimit(size_t *value, int limit) {
  return withContext([&](Driver &, auto &context) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    if (limit < 0 || limit > 6)
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    std::lock_guard lock(context->mutex);
    auto it = context->limits.find(limit);
    *value = it != context->limits.end() ? it->second : DefaultLimits[limit];
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxGetCacheConfig(int *config) {
  if (config)
    *config = 0;
  return config ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
CU_EXPORT CUresult cuCtxSetCacheConfig(int) { return CUDA_SUCCESS; }
CU_EXPORT CUresult cuCtxResetPersistingL2Cache() { return CUDA_SUCCESS; }

CU_EXPORT CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return withContext([&](Driver &, auto &) {
    if (least)
      *least = 0;
    if (greatest)
      *greatest = -5;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned flags) {
  return withContext([&](Driver &d, auto &context) {
    auto other = d.contexts.find(peer);
    if (!other || flags)
      return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_CONTEXT;
    if (other->device == context->device)
      return CUDA_ERROR_INVALID_DEVICE;
    std::lock_guard lock(context->mutex);
    if (!context->peers.insert(other->device).second)
      return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
    d.machine->memory().setPeer(context->device, other->device, true);
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuCtxDisablePeerAccess(CUcontext peer) {
  return withContext([&](Driver &d, auto &context) {
    auto other = d.contexts.find(peer);
    if (!other)
      return CUDA_ERROR_INVALID_CONTEXT;
    std::lock_guard lock(context->mutex);
    if (!context->peers.erase(other->device))
      return CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
    d.machine->memory().setPeer(context->device, other->device, false);
    return CUDA_SUCCESS;
  });
}
