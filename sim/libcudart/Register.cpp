// What nvcc's start-up code calls: registration of fat binaries, functions and
// variables, and the launch syntax's configuration stack.
#include "sim/libcudart/Runtime.h"

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace tenon::sim::runtime {
namespace {

struct ManagedVariable {
  void **pointer;
  std::string name;
};
/// One fat binary; loaded when something of it is first used.
struct Binary {
  const void *image = nullptr;
  CUlibrary library = nullptr;
  CUresult result = CUDA_SUCCESS;
  std::vector<ManagedVariable> managed;
};
struct Symbol {
  Binary *binary;
  std::string name;
};
struct Registry {
  std::recursive_mutex mutex;
  std::unordered_map<void *, std::unique_ptr<Binary>> binaries;
  std::unordered_map<const void *, Symbol> functions, variables;
  std::unordered_map<const void *, CUkernel> kernels;
};
/// Never destroyed: programs unregister after static destructors ran.
Registry &registry() {
  static auto *instance = new Registry;
  return *instance;
}

CUresult load(Binary &binary) {
  if (binary.library || binary.result != CUDA_SUCCESS)
    return binary.result;
  binary.result = cuLibraryLoadData(&binary.library, binary.image, nullptr, nullptr, 0, nullptr, nullptr, 0);
  for (ManagedVariable &variable : binary.managed) {
    CUdeviceptr address = 0;
    if (binary.library && cuLibraryGetGlobal(&address, nullptr, binary.library, variable.name.c_str()) == CUDA_SUCCESS)
      *variable.pointer = reinterpret_cast<void *>(address);
  }
  return binary.result;
}

struct Configuration {
  dim3 grid, block;
  size_t shared;
  void *stream;
};
thread_local std::vector<Configuration> configurations;

} // namespace

CUkernel kernelOf(const void *function) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  if (auto known = r.kernels.find(function); known != r.kernels.end())
    return known->second;
  auto it = r.functions.find(function);
  if (it == r.functions.end()) // maybe a handle of __cudaGetKernel; the driver checks it
    return reinterpret_cast<CUkernel>(const_cast<void *>(function));
  CUkernel kernel = nullptr;
  if (ensureContext() != CUDA_SUCCESS || load(*it->second.binary) != CUDA_SUCCESS ||
      cuLibraryGetKernel(&kernel, it->second.binary->library, it->second.name.c_str()) != CUDA_SUCCESS)
    return nullptr;
  return r.kernels[function] = kernel;
}

CUresult symbolOf(const void *symbol, CUdeviceptr *address, size_t *bytes) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  auto it = r.variables.find(symbol);
  if (it == r.variables.end())
    return static_cast<CUresult>(cudaErrorInvalidSymbol);
  if (CUresult result = load(*it->second.binary); result != CUDA_SUCCESS)
    return result;
  return cuLibraryGetGlobal(address, bytes, it->second.binary->library, it->second.name.c_str());
}

} // namespace tenon::sim::runtime

using namespace tenon::sim::runtime;

CUDART void **__cudaRegisterFatBinary(void *image) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  auto binary = std::make_unique<Binary>();
  binary->image = image;
  auto *handle = reinterpret_cast<void **>(binary.get());
  r.binaries[handle] = std::move(binary);
  return handle;
}
CUDART void __cudaRegisterFatBinaryEnd(void **) {}

CUDART void __cudaUnregisterFatBinary(void **handle) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  auto it = r.binaries.find(handle);
  if (it == r.binaries.end())
    return;
  Binary *binary = it->second.get();
  std::erase_if(r.functions, [&](auto &f) {
    if (f.second.binary == binary)
      r.kernels.erase(f.first);
    return f.second.binary == binary;
  });
  std::erase_if(r.variables, [&](auto &v) { return v.second.binary == binary; });
  if (binary->library)
    cuLibraryUnload(binary->library);
  r.binaries.erase(it);
}

CUDART void __cudaRegisterFunction(void **handle, const char *host, char *, const char *name, int, void *,
                                   void *, dim3 *, dim3 *, int *) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  r.functions[host] = {reinterpret_cast<Binary *>(handle), name};
}
CUDART void __cudaRegisterVar(void **handle, char *host, char *, const char *name, int, size_t, int, int) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  r.variables[host] = {reinterpret_cast<Binary *>(handle), name};
}
/// The program reads the variable through a pointer, which is set when the
/// binary is loaded: at once, if there is a device.
CUDART void __cudaRegisterManagedVar(void **handle, void **host, char *, const char *name, int, size_t, int, int) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  auto *binary = reinterpret_cast<Binary *>(handle);
  binary->managed.push_back({host, name});
  r.variables[host] = {binary, name};
}
/// Called before managed variables are used from the host.
CUDART char __cudaInitModule(void **handle) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  auto it = r.binaries.find(handle);
  if (it != r.binaries.end() && ensureContext() == CUDA_SUCCESS)
    load(*it->second);
  return 1;
}

CUDART unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, void *stream) {
  configurations.push_back({grid, block, shared, stream});
  return 0;
}
CUDART cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream) {
  if (configurations.empty())
    return record(cudaErrorMissingConfiguration);
  Configuration top = configurations.back();
  configurations.pop_back();
  *grid = top.grid;
  *block = top.block;
  *shared = top.shared;
  *static_cast<void **>(stream) = top.stream;
  return cudaSuccess;
}

CUDART cudaError_t __cudaGetKernel(CUkernel *kernel, const void *host) {
  *kernel = kernelOf(host);
  return *kernel ? cudaSuccess : record(cudaErrorInvalidDeviceFunction);
}
CUDART cudaError_t cudaGetKernel(CUkernel *kernel, const void *host) { return __cudaGetKernel(kernel, host); }

CUDART cudaError_t cudaGetSymbolAddress(void **pointer, const void *symbol) {
  return call([&] {
    CUdeviceptr address = 0;
    CUresult result = symbolOf(symbol, &address, nullptr);
    *pointer = reinterpret_cast<void *>(address);
    return result;
  });
}
CUDART cudaError_t cudaGetSymbolSize(size_t *bytes, const void *symbol) {
  return call([&] { return symbolOf(symbol, nullptr, bytes); });
}

static cudaError_t symbolCopy(const void *symbol, void *host, size_t count, size_t offset, bool to,
                              bool async, CUstream stream) {
  return call([&] {
    CUdeviceptr address = 0;
    size_t size = 0;
    CUresult result = symbolOf(symbol, &address, &size);
    if (result != CUDA_SUCCESS)
      return result;
    if (offset > size || count > size - offset)
      return CUDA_ERROR_INVALID_VALUE;
    CUdeviceptr from = to ? number(host) : address + offset, target = to ? address + offset : number(host);
    return async ? cuMemcpyAsync(target, from, count, stream) : cuMemcpy(target, from, count);
  });
}
CUDART cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *from, size_t n, size_t offset, int) {
  return symbolCopy(symbol, const_cast<void *>(from), n, offset, true, false, nullptr);
}
CUDART cudaError_t cudaMemcpyFromSymbol(void *to, const void *symbol, size_t n, size_t offset, int) {
  return symbolCopy(symbol, to, n, offset, false, false, nullptr);
}
CUDART cudaError_t cudaMemcpyToSymbolAsync(const void *symbol, const void *from, size_t n, size_t offset, int, CUstream s) {
  return symbolCopy(symbol, const_cast<void *>(from), n, offset, true, true, s);
}
CUDART cudaError_t cudaMemcpyFromSymbolAsync(void *to, const void *symbol, size_t n, size_t offset, int, CUstream s) {
  return symbolCopy(symbol, to, n, offset, false, true, s);
}
