// What the handles of the driver API stand for. A handle is the object's
// address; it is only followed after it was found in its table, so that a stale
// or foreign handle is an error and never a crash.
#pragma once

#include "sim/libcuda/Api.h"
#include "sim/machine/Machine.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <variant>

namespace tenon::sim::driver {

template <typename T> class HandleTable {
public:
  T *add(std::shared_ptr<T> object) {
    std::lock_guard lock(mutex);
    T *raw = object.get();
    objects.emplace(raw, std::move(object));
    return raw;
  }
  std::shared_ptr<T> find(const void *handle) const {
    std::lock_guard lock(mutex);
    auto it = objects.find(handle);
    return it == objects.end() ? nullptr : it->second;
  }
  std::shared_ptr<T> remove(const void *handle) {
    std::lock_guard lock(mutex);
    auto it = objects.find(handle);
    if (it == objects.end())
      return nullptr;
    std::shared_ptr<T> object = std::move(it->second);
    objects.erase(it);
    return object;
  }
  std::vector<std::shared_ptr<T>> all() const {
    std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<T>> list;
    for (auto &[handle, object] : objects)
      list.push_back(object);
    return list;
  }

private:
  mutable std::mutex mutex;
  std::unordered_map<const void *, std::shared_ptr<T>> objects;
};

struct Context;
struct Stream;
struct Graph;
struct GraphNode;

/// Something that will be done: the end of one operation of a stream.
struct Completion {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  std::chrono::steady_clock::time_point when;

  void finish();
  void wait();
  bool isDone();
};
using CompletionRef = std::shared_ptr<Completion>;

struct LoadedModule;

struct FunctionObject {
  std::weak_ptr<LoadedModule> module;
  const Kernel *kernel = nullptr;
  std::atomic<int> maxDynamicShared{0};
  std::atomic<bool> nonPortableCluster{false};
  int device = 0;
};

struct LoadedModule {
  std::shared_ptr<Context> context;
  std::unique_ptr<Module> module;
  std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<FunctionObject>> functions;
  ~LoadedModule();
};

/// A library is loaded on a device when a kernel of it is first asked for there.
struct KernelObject;
struct LibraryObject {
  std::vector<char> image;
  std::mutex mutex;
  std::unordered_map<int, std::shared_ptr<LoadedModule>> perDevice;
  std::unordered_map<std::string, std::shared_ptr<KernelObject>> kernels;
};
struct KernelObject {
  std::weak_ptr<LibraryObject> library;
  std::string name;
};

struct EventObject {
  std::weak_ptr<Context> context;
  unsigned flags = 0;
  std::mutex mutex;
  CompletionRef completion; // null: never recorded
  StreamClock clock;
  std::shared_ptr<Graph> captureGraph; // recorded in a capture
  std::vector<GraphNode *> captureNodes;
};

// What operations do. Also the parameters of graph nodes.
struct KernelWork {
  std::shared_ptr<LoadedModule> module;
  std::shared_ptr<FunctionObject> function;
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1}, cluster{0, 0, 0};
  uint32_t shared = 0;
  bool cooperative = false, programmatic = false;
  std::vector<std::byte> arguments;
};
struct CopyWork {
  CUDA_MEMCPY3D copy{};
};
struct FillWork {
  CUdeviceptr address = 0;
  size_t pitch = 0;
  unsigned value = 0, elementSize = 1;
  size_t width = 0, height = 1; // elements, rows
};
struct HostWork {
  CUhostFn function = nullptr;
  void *data = nullptr;
};
struct EmptyWork {};
struct RecordWork {
  std::shared_ptr<EventObject> event;
};
struct WaitWork {
  std::shared_ptr<EventObject> event;
};
struct ChildWork {
  std::shared_ptr<Graph> graph;
};
struct FreeWork {
  CUdeviceptr address = 0;
};
struct ValueWork { // cuStreamWriteValue, cuStreamWaitValue
  CUdeviceptr address = 0;
  uint64_t value = 0;
  unsigned bytes = 4, flags = 0;
  bool wait = false;
};
using Work = std::variant<KernelWork, CopyWork, FillWork, HostWork, EmptyWork, RecordWork, WaitWork,
                          ChildWork, FreeWork, ValueWork>;

struct GraphNode {
  Work work;
  std::vector<GraphNode *> dependencies;
  bool enabled = true;
  Graph *graph = nullptr;
};

struct Graph : std::enable_shared_from_this<Graph> {
  std::list<GraphNode> nodes; // addresses stay valid
  std::mutex mutex;
  ~Graph();
  GraphNode *add(Work work, std::vector<GraphNode *> dependencies);
  /// A copy; `mapped` says which node became which.
  std::shared_ptr<Graph> clone(std::unordered_map<const GraphNode *, GraphNode *> &mapped) const;
  /// Nodes so that each comes after those it depends on; empty on a cycle.
  std::vector<GraphNode *> ordered();
  void remove(GraphNode *node);
};
/// The graph of a node's handle, or null if there is no such node.
std::shared_ptr<Graph> graphOf(const void *node);

struct GraphExec {
  std::shared_ptr<Graph> graph;
  std::unordered_map<const GraphNode *, GraphNode *> fromOriginal;
  std::mutex mutex;
};

struct Task {
  std::vector<CompletionRef> waits;
  std::function<void()> run;
  CompletionRef done;
};

/// A queue of work with a host thread of its own, started at the first task.
struct Stream {
  std::weak_ptr<Context> context;
  uint32_t id = 0;
  unsigned flags = 0; // 1: non-blocking
  int priority = 0;
  bool legacy = false;

  // Guarded by the context's mutex.
  StreamClock clock;
  uint64_t count = 0;
  CompletionRef tail;
  std::shared_ptr<Graph> capture;
  std::vector<GraphNode *> captureTail;
  bool captureOrigin = false, captureBroken = false;

  ~Stream();
  void push(Task task);
  void stop();

private:
  void loop();
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> tasks;
  bool stopping = false;
  std::thread thread;
};

struct Context {
  int device = 0;
  bool primary = false;
  unsigned flags = 0;
  uint64_t id = 0;
  std::mutex mutex;
  std::set<std::shared_ptr<Stream>> streams; // without the legacy one
  std::shared_ptr<Stream> legacy;
  std::atomic<CUresult> error{CUDA_SUCCESS};
  std::atomic<bool> destroyed{false};
  std::unordered_map<int, size_t> limits;
  std::set<int> peers;

  void fail(CUresult result) {
    CUresult none = CUDA_SUCCESS;
    error.compare_exchange_strong(none, result);
  }
};

struct PoolObject {
  int device = 0;
  uint64_t releaseThreshold = 0;
  std::atomic<uint64_t> used{0}, high{0};
};

} // namespace tenon::sim::driver
