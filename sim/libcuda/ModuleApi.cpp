// Modules and libraries, their functions and variables, JIT logs.
#include "sim/libcuda/Driver.h"

#include <cstring>
#include <fstream>
#include <sstream>

using namespace tenon::sim;
using namespace tenon::sim::driver;

namespace {

enum JitOption { InfoBuffer = 3, InfoBytes = 4, ErrorBuffer = 5, ErrorBytes = 6 };

/// Copies the logs into the caller's buffers; the size options return what was
/// written.
void writeLogs(const JitLog &log, unsigned count, const int *options, void **values) {
  auto write = [&](int bufferOption, int sizeOption, const std::string &text) {
    char *buffer = nullptr;
    void **size = nullptr;
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == bufferOption)
        buffer = static_cast<char *>(values[i]);
      if (options[i] == sizeOption)
        size = &values[i];
    }
    if (!buffer || !size)
      return;
    size_t room = static_cast<unsigned>(reinterpret_cast<uintptr_t>(*size));
    if (!room)
      return;
    size_t length = std::min(room - 1, text.size());
    std::memcpy(buffer, text.data(), length);
    buffer[length] = 0;
    *size = reinterpret_cast<void *>(uintptr_t(length));
  };
  write(InfoBuffer, InfoBytes, log.info);
  write(ErrorBuffer, ErrorBytes, log.error);
}

CUresult loadData(CUmodule *module, const void *image, size_t size, unsigned count,
                  const int *options, void **values) {
  return withContext([&](Driver &d, auto &context) {
    if (!module || !image || (count && (!options || !values)))
      return CUDA_ERROR_INVALID_VALUE;
    JitLog log;
    std::shared_ptr<LoadedModule> loaded;
    CUresult result = loadImage(image, size ? size : imageSize(image), context, log, loaded);
    writeLogs(log, count, options, values);
    if (result == CUDA_SUCCESS)
      *module = reinterpret_cast<CUmodule>(d.modules.add(loaded));
    return result;
  });
}

CUresult readFile(const char *path, std::string &into) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return CUDA_ERROR_FILE_NOT_FOUND;
  std::stringstream text;
  text << file.rdbuf();
  into = text.str();
  return into.size() < 4 ? CUDA_ERROR_INVALID_IMAGE : CUDA_SUCCESS;
}

CUresult variableOf(const LoadedModule &module, const char *name, CUdeviceptr *address,
                    size_t *bytes) {
  const GlobalVariable *variable = name ? module.module->variable(name) : nullptr;
  if (!variable)
    return name ? CUDA_ERROR_NOT_FOUND : CUDA_ERROR_INVALID_VALUE;
  if (address)
    *address = variable->address;
  if (bytes)
    *bytes = variable->size;
  return CUDA_SUCCESS;
}

int functionAttribute(FunctionObject &function, int attribute, CUresult &result) {
  const Kernel &kernel = *function.kernel;
  switch (attribute) {
  case 0: return static_cast<int>(kernel.maxThreads);
  case 1: return static_cast<int>(kernel.staticSharedBytes);
  case 2: return static_cast<int>(kernel.constantBytes);
  case 3: return static_cast<int>(kernel.localBytes);
  case 4: return static_cast<int>(kernel.registers);
  case 5: return kernel.ptxVersion;
  case 6: return kernel.target;
  case 7: return 0;
  case 8: return function.maxDynamicShared;
  case 9: return -1;
  case 10: return kernel.clusterShape[0] != 0;
  case 11: case 12: case 13: return static_cast<int>(kernel.clusterShape[attribute - 11]);
  case 14: return function.nonPortableCluster;
  case 15: return 0;
  }
  result = CUDA_ERROR_INVALID_VALUE;
  return 0;
}

CUresult setAttribute(Driver &d, FunctionObject &function, int attribute, int value) {
  const GpuSpec &spec = d.machine->gpu(function.device).spec();
  switch (attribute) {
  case 8:
    if (value < 0 || uint64_t(value) + function.kernel->staticSharedBytes > spec.sharedPerBlockOptin)
      return CUDA_ERROR_INVALID_VALUE;
    function.maxDynamicShared = value;
    return CUDA_SUCCESS;
  case 9: return value >= -1 && value <= 100 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  case 14: function.nonPortableCluster = value != 0; return CUDA_SUCCESS;
  case 15: return CUDA_SUCCESS;
  default: return CUDA_ERROR_INVALID_VALUE;
  }
}

} // namespace

namespace tenon::sim::driver {

std::shared_ptr<FunctionObject> functionNamed(const std::shared_ptr<LoadedModule> &module,
                                              std::string_view name) {
  const Kernel *kernel = module->module->kernel(name);
  if (!kernel)
    return nullptr;
  std::lock_guard lock(module->mutex);
  auto &slot = module->functions[std::string(name)];
  if (!slot) {
    slot = std::make_shared<FunctionObject>();
    slot->module = module;
    slot->kernel = kernel;
    slot->device = module->context->device;
    const GpuSpec &spec = driver()->machine->gpu(slot->device).spec();
    slot->maxDynamicShared =
        static_cast<int>(spec.sharedPerBlock - std::min(spec.sharedPerBlock, kernel->staticSharedBytes));
    driver()->functions.add(slot);
  }
  return slot;
}

std::shared_ptr<LoadedModule> libraryModule(const std::shared_ptr<LibraryObject> &library,
                                            const std::shared_ptr<Context> &context,
                                            CUresult &result) {
  std::lock_guard lock(library->mutex);
  auto &slot = library->perDevice[context->device];
  if (!slot || slot->context != context) {
    JitLog log;
    std::shared_ptr<LoadedModule> loaded;
    result = loadImage(library->image.data(), library->image.size(), context, log, loaded);
    slot = loaded;
    if (loaded)
      driver()->modules.add(loaded);
  }
  return slot;
}

std::shared_ptr<FunctionObject> findFunction(const void *handle,
                                             const std::shared_ptr<Context> &context) {
  if (auto function = driver()->functions.find(handle))
    return function;
  auto kernel = driver()->kernels.find(handle);
  auto library = kernel ? kernel->library.lock() : nullptr;
  CUresult result = CUDA_SUCCESS;
  auto module = library ? libraryModule(library, context, result) : nullptr;
  return module ? functionNamed(module, kernel->name) : nullptr;
}

} // namespace tenon::sim::driver

CU_EXPORT CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  return loadData(module, image, 0, 0, nullptr, nullptr);
}
CU_EXPORT CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count,
                                      int *options, void **values) {
  return loadData(module, image, 0, count, options, values);
}
CU_EXPORT CUresult cuModuleLoadFatBinary(CUmodule *module, const void *image) {
  return loadData(module, image, 0, 0, nullptr, nullptr);
}
CU_EXPORT CUresult cuModuleLoad(CUmodule *module, const char *path) {
  return withContext([&](Driver &, auto &) {
    std::string image;
    CUresult result = path ? readFile(path, image) : CUDA_ERROR_INVALID_VALUE;
    return result != CUDA_SUCCESS ? result
                                  : loadData(module, image.c_str(), image.size(), 0, nullptr, nullptr);
  });
}

CU_EXPORT CUresult cuModuleUnload(CUmodule handle) {
  return withContext([&](Driver &d, auto &) {
    auto module = d.modules.remove(handle);
    if (!module)
      return CUDA_ERROR_INVALID_HANDLE;
    synchronizeContext(module->context); // nothing of it may still run
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuModuleGetFunction(CUfunction *function, CUmodule handle, const char *name) {
  return withContext([&](Driver &d, auto &) {
    auto module = d.modules.find(handle);
    if (!module || !function || !name)
      return module ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    auto found = functionNamed(module, name);
    *function = reinterpret_cast<CUfunction>(found.get());
    return found ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
  });
}

CU_EXPORT CUresult cuModuleGetFunctionCount(unsigned *count, CUmodule handle) {
  return withContext([&](Driver &d, auto &) {
    auto module = d.modules.find(handle);
    if (!module || !count)
      return module ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    *count = static_cast<unsigned>(module->module->kernels().size());
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned count,
                                              CUmodule handle) {
  return withContext([&](Driver &d, auto &) {
    auto module = d.modules.find(handle);
    if (!module || !functions)
      return module ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    unsigned i = 0;
    for (const Kernel *kernel : module->module->kernels())
      if (i < count)
        functions[i++] = reinterpret_cast<CUfunction>(functionNamed(module, kernel->name).get());
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule handle,
                                        const char *name) {
  return withContext([&](Driver &d, auto &) {
    auto module = d.modules.find(handle);
    return module ? variableOf(*module, name, address, bytes) : CUDA_ERROR_INVALID_HANDLE;
  });
}

CU_EXPORT CUresult cuModuleGetLoadingMode(int *mode) {
  if (mode)
    *mode = 1; // eager
  return mode ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CU_EXPORT CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction handle) {
  return withContext([&](Driver &, auto &context) {
    auto function = findFunction(handle, context);
    if (!function || !value)
      return function ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    CUresult result = CUDA_SUCCESS;
    *value = functionAttribute(*function, attribute, result);
    return result;
  });
}

CU_EXPORT CUresult cuFuncSetAttribute(CUfunction handle, int attribute, int value) {
  return withContext([&](Driver &d, auto &context) {
    auto function = findFunction(handle, context);
    return function ? setAttribute(d, *function, attribute, value) : CUDA_ERROR_INVALID_HANDLE;
  });
}

CU_EXPORT CUresult cuFuncSetCacheConfig(CUfunction handle, int) {
  return withContext([&](Driver &, auto &context) {
    return findFunction(handle, context) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

CU_EXPORT CUresult cuFuncGetModule(CUmodule *module, CUfunction handle) {
  return withContext([&](Driver &, auto &context) {
    auto function = findFunction(handle, context);
    if (!function || !module)
      return function ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    *module = reinterpret_cast<CUmodule>(function->module.lock().get());
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuFuncGetName(const char **name, CUfunction handle) {
  return withContext([&](Driver &, auto &context) {
    auto function = findFunction(handle, context);
    if (!function || !name)
      return function ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    *name = function->kernel->name.c_str();
    return CUDA_SUCCESS;
  });
}

static CUresult parameterInfo(const std::shared_ptr<FunctionObject> &function, size_t index,
                              size_t *offset, size_t *size) {
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!offset || index >= function->kernel->parameters.size())
    return CUDA_ERROR_INVALID_VALUE;
  *offset = function->kernel->parameters[index].offset;
  if (size)
    *size = function->kernel->parameters[index].size;
  return CUDA_SUCCESS;
}
CU_EXPORT CUresult cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset, size_t *size) {
  return withContext([&](Driver &, auto &context) {
    return parameterInfo(findFunction(handle, context), index, offset, size);
  });
}
CU_EXPORT CUresult cuKernelGetParamInfo(CUkernel handle, size_t index, size_t *offset, size_t *size) {
  return withContext([&](Driver &, auto &context) {
    return parameterInfo(findFunction(handle, context), index, offset, size);
  });
}
CU_EXPORT CUresult cuFuncIsLoaded(int *state, CUfunction handle) {
  return withContext([&](Driver &, auto &context) {
    if (!findFunction(handle, context) || !state)
      return CUDA_ERROR_INVALID_VALUE;
    *state = 1;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuFuncLoad(CUfunction handle) {
  return withContext([&](Driver &, auto &context) {
    return findFunction(handle, context) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

// Libraries.

static CUresult loadLibrary(CUlibrary *library, const void *image, size_t size) {
  return guarded([&](Driver &d) {
    if (!library || !image)
      return CUDA_ERROR_INVALID_VALUE;
    auto object = std::make_shared<LibraryObject>();
    const char *bytes = static_cast<const char *>(image);
    object->image.assign(bytes, bytes + (size ? size : imageSize(image)));
    object->image.push_back(0); // PTX text ends with a zero
    // Bad images are refused here when there is a context to try them in.
    if (Current now = current()) {
      CUresult result = CUDA_SUCCESS;
      if (!libraryModule(object, now.context, result))
        return result;
    }
    *library = reinterpret_cast<CUlibrary>(d.libraries.add(object));
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuLibraryLoadData(CUlibrary *library, const void *image, int *, void **, unsigned,
                                     int *, void **, unsigned) {
  return loadLibrary(library, image, 0);
}

CU_EXPORT CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *path, int *, void **,
                                         unsigned, int *, void **, unsigned) {
  std::string image;
  CUresult result = path ? readFile(path, image) : CUDA_ERROR_INVALID_VALUE;
  return result == CUDA_SUCCESS ? loadLibrary(library, image.data(), image.size()) : result;
}

CU_EXPORT CUresult cuLibraryUnload(CUlibrary handle) {
  return guarded([&](Driver &d) {
    auto library = d.libraries.remove(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    for (auto &[name, kernel] : library->kernels)
      d.kernels.remove(kernel.get());
    for (auto &[device, module] : library->perDevice)
      if (module) {
        synchronizeContext(module->context);
        d.modules.remove(module.get());
      }
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary handle, const char *name) {
  return withContext([&](Driver &d, auto &context) {
    auto library = d.libraries.find(handle);
    if (!library || !kernel || !name)
      return library ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    CUresult result = CUDA_SUCCESS;
    auto module = libraryModule(library, context, result);
    if (!module)
      return result;
    if (!module->module->kernel(name))
      return CUDA_ERROR_NOT_FOUND;
    std::lock_guard lock(library->mutex);
    auto &slot = library->kernels[name];
    if (!slot) {
      slot = std::make_shared<KernelObject>();
      slot->library = library;
      slot->name = name;
      d.kernels.add(slot);
    }
    *kernel = reinterpret_cast<CUkernel>(slot.get());
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuLibraryGetModule(CUmodule *module, CUlibrary handle) {
  return withContext([&](Driver &d, auto &context) {
    auto library = d.libraries.find(handle);
    if (!library || !module)
      return library ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    CUresult result = CUDA_SUCCESS;
    *module = reinterpret_cast<CUmodule>(libraryModule(library, context, result).get());
    return result;
  });
}

CU_EXPORT CUresult cuLibraryGetGlobal(CUdeviceptr *address, size_t *bytes, CUlibrary handle,
                                      const char *name) {
  return withContext([&](Driver &d, auto &context) {
    auto library = d.libraries.find(handle);
    CUresult result = CUDA_ERROR_INVALID_HANDLE;
    auto module = library ? libraryModule(library, context, result) : nullptr;
    return module ? variableOf(*module, name, address, bytes) : result;
  });
}
CU_EXPORT CUresult cuLibraryGetManaged(CUdeviceptr *address, size_t *bytes, CUlibrary handle,
                                       const char *name) {
  return cuLibraryGetGlobal(address, bytes, handle, name);
}

CU_EXPORT CUresult cuKernelGetFunction(CUfunction *function, CUkernel handle) {
  return withContext([&](Driver &d, auto &context) {
    if (!function || !d.kernels.find(handle))
      return function ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    *function = reinterpret_cast<CUfunction>(findFunction(handle, context).get());
    return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
  });
}

CU_EXPORT CUresult cuKernelGetName(const char **name, CUkernel handle) {
  return guarded([&](Driver &d) {
    auto kernel = d.kernels.find(handle);
    if (!kernel || !name)
      return kernel ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
    *name = kernel->name.c_str();
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuKernelGetAttribute(int *value, int attribute, CUkernel handle, CUdevice) {
  return cuFuncGetAttribute(value, attribute, reinterpret_cast<CUfunction>(handle));
}
CU_EXPORT CUresult cuKernelSetAttribute(int attribute, int value, CUkernel handle, CUdevice) {
  return cuFuncSetAttribute(reinterpret_cast<CUfunction>(handle), attribute, value);
}
CU_EXPORT CUresult cuKernelSetCacheConfig(CUkernel handle, int config, CUdevice) {
  return cuFuncSetCacheConfig(reinterpret_cast<CUfunction>(handle), config);
}
