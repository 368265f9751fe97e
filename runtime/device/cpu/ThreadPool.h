// A persistent pool that runs one task on all its threads at a time.
//
// The caller is thread 0. Workers spin for a while after a task, because the
// next launch usually follows within microseconds, and then sleep. The split of
// the work is the caller's: the pool only says "you are thread t of n".
#pragma once

#include "runtime/support/Status.h"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace tenon {

class ThreadPool {
public:
  using Task = void (*)(void *context, unsigned thread);

  ThreadPool() = default;
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Starts `threads - 1` workers; once only.
  Status start(unsigned threads);
  unsigned size() const { return static_cast<unsigned>(workers.size()) + 1; }

  /// Calls task(context, t) for t in [0, count), t = 0 on the calling thread, and
  /// returns when all are done. 1 <= count <= size().
  void run(unsigned count, Task task, void *context);

private:
  void work(unsigned thread);
  uint32_t awaitEpoch(uint32_t seen);

  std::vector<std::thread> workers;
  Task task = nullptr;
  void *context = nullptr;
  unsigned active = 0;
  bool stopping = false;
  alignas(64) std::atomic<uint32_t> epoch{0};
  alignas(64) std::atomic<uint32_t> pending{0};
};

/// Processors this process may run on.
unsigned availableProcessors();

} // namespace tenon
