// The driver's state and the helpers that the API's functions share.
#pragma once

#include "sim/libcuda/Objects.h"

namespace tenon::sim::driver {

struct Driver {
  std::unique_ptr<Machine> machine;
  std::vector<std::shared_ptr<Context>> primaries; // null until retained
  std::vector<int> primaryCount;
  std::vector<unsigned> primaryFlags;
  std::vector<std::shared_ptr<PoolObject>> pools; // the default pool of each device
  std::vector<PoolObject *> currentPool;
  std::mutex mutex;

  HandleTable<Context> contexts;
  HandleTable<Stream> streams;
  HandleTable<EventObject> events;
  HandleTable<LoadedModule> modules;
  HandleTable<FunctionObject> functions;
  HandleTable<LibraryObject> libraries;
  HandleTable<KernelObject> kernels;
  HandleTable<Graph> graphs;
  HandleTable<GraphExec> graphExecs;
  HandleTable<PoolObject> poolTable;

  std::mutex clockMutex;
  StreamClock hostClock; // what the host knows to be done
  std::atomic<uint32_t> nextStream{1};
  std::atomic<uint64_t> nextContext{1};
  std::mutex memoryMutex;
  std::unordered_map<CUdeviceptr, PoolObject *> pooled;
  std::unordered_map<CUdeviceptr, size_t> hostRegistered;
  std::unordered_map<CUdeviceptr, unsigned> hostFlags; // pinned allocations
  std::set<CUdeviceptr> managed;

  unsigned deviceCount() const { return machine->gpuCount(); }
  void report(); // findings and counters, at the end of the process
};

/// The driver once cuInit succeeded, else null.
Driver *driver();
CUresult initialize();

/// The calling thread's context, checked: result() is its error or that there is none.
struct Current {
  std::shared_ptr<Context> context;
  CUresult result = CUDA_SUCCESS;
  explicit operator bool() const { return result == CUDA_SUCCESS; }
};
Current current();
std::vector<std::shared_ptr<Context>> &contextStack(); // of the calling thread
std::shared_ptr<Context> makeContext(int device, unsigned flags, bool primary);
void destroyContext(const std::shared_ptr<Context> &context);
std::shared_ptr<Context> retainPrimary(int device);

/// Null, 1 (legacy) and 2 (per thread) name streams of the current context.
std::shared_ptr<Stream> findStream(const std::shared_ptr<Context> &context, CUstream handle);
std::shared_ptr<Stream> makeStream(const std::shared_ptr<Context> &context, unsigned flags,
                                   int priority);

/// Puts work behind what is on the stream (or into the graph that it captures).
CUresult submit(const std::shared_ptr<Stream> &stream, Work work, bool wait = false);
CUresult synchronize(const std::shared_ptr<Stream> &stream);
CUresult synchronizeContext(const std::shared_ptr<Context> &context);
/// Does the work now, on the calling thread.
CUresult perform(const Work &work, const std::shared_ptr<Context> &context,
                 const StreamPosition &position);
CUresult performGraph(Graph &graph, const std::shared_ptr<Context> &context,
                      const StreamPosition &position);

/// Checks a copy's arguments and resolves unified pointers.
CUresult checkCopy(const CUDA_MEMCPY3D &copy);
CUresult performCopy(const CUDA_MEMCPY3D &copy, const StreamPosition &position);
CUDA_MEMCPY3D linearCopy(CUdeviceptr to, CUdeviceptr from, size_t bytes);
/// Pageable host memory in a copy: the driver does not return before it is read.
bool usesPageable(const CUDA_MEMCPY3D &copy);

struct JitLog {
  std::string info, error;
};
CUresult loadImage(const void *image, size_t size, const std::shared_ptr<Context> &context,
                   JitLog &log, std::shared_ptr<LoadedModule> &loaded);
/// Length of a module image that the API passes without a size; 0 if unknown.
size_t imageSize(const void *image);
/// The PTX text to use from a fat binary, PTX or machine code.
CUresult selectPtx(const void *image, size_t size, const GpuSpec &gpu, std::string &text,
                   std::string &why);

std::shared_ptr<FunctionObject> findFunction(const void *functionOrKernel,
                                             const std::shared_ptr<Context> &context);
std::shared_ptr<FunctionObject> functionNamed(const std::shared_ptr<LoadedModule> &module,
                                              std::string_view name);
std::shared_ptr<LoadedModule> libraryModule(const std::shared_ptr<LibraryObject> &library,
                                            const std::shared_ptr<Context> &context,
                                            CUresult &result);
CUresult packArguments(const Kernel &kernel, void **parameters, void **extra,
                       std::vector<std::byte> &into);
CUresult checkLaunch(const KernelWork &work, const Context &context);

CUresult releaseMemory(CUdeviceptr address);
/// Memory that the host may write at any time counts as initialised.
void markHostVisible(uint64_t address, uint64_t size);

/// Says on stderr that a function is absent, once each.
CUresult notSupported(const char *name);

/// No exception crosses the C interface.
template <typename Body> CUresult guarded(Body body) noexcept {
  try {
    if (!driver())
      return CUDA_ERROR_NOT_INITIALIZED;
    return body(*driver());
  } catch (const std::bad_alloc &) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  } catch (...) {
    return CUDA_ERROR_UNKNOWN;
  }
}
/// The same for functions that need a current context without an error.
template <typename Body> CUresult withContext(Body body) noexcept {
  return guarded([&](Driver &driver) {
    Current now = current();
    return now ? body(driver, now.context) : now.result;
  });
}

} // namespace tenon::sim::driver
