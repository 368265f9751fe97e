// A persistent pool that runs one task on all its threads at a time.
//
// A task has parts; whoever is awake takes the next one, the caller too, so that a
// worker that the system does not let run, or whose part takes long, holds nobody
// up. Workers spin for a while after a task, because the next launch
// usually follows within microseconds, and then sleep. The split of the work is
// the caller's: the pool only says "this is part t of n".
#pragma once

#include "runtime/support/Status.h"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace tenon {

class ThreadPool {
public:
  /// \p thread is one of size(): no two parts run on it at the same time.
  using Task = void (*)(void *context, unsigned part, unsigned thread);

  ThreadPool() = default;
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Starts `threads - 1` workers; once only.
  Status start(unsigned threads);
  unsigned size() const { return static_cast<unsigned>(workers.size()) + 1; }

  /// The most parts of a task.
  static constexpr unsigned maxParts = 0xffff;

  /// Calls task(context, part, thread) for part in [0, count), each once and on any
  /// thread, and returns when all are done. 1 <= count <= maxParts.
  void run(unsigned count, Task task, void *context);

private:
  void work(unsigned thread);
  uint32_t awaitEpoch(uint32_t seen);
  void takeParts(uint32_t now, unsigned thread);

  std::vector<std::thread> workers;
  Task task = nullptr;
  void *context = nullptr;
  /// Read by workers that wake late for a task, too.
  std::atomic<bool> stopping{false};
  alignas(64) std::atomic<uint32_t> epoch{0};
  /// The epoch, the parts that are taken, and how many there are: 32 and twice 16
  /// bits in one word, so that a late worker cannot take a part of another task.
  alignas(64) std::atomic<uint64_t> parts{0};
  alignas(64) std::atomic<uint32_t> pending{0};
};

/// Processors this process may run on.
unsigned availableProcessors();

} // namespace tenon
