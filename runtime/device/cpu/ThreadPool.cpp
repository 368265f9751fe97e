// One epoch per task: raising it wakes sleepers. The word `parts` publishes task
// and context (release); a part is taken by counting it up while its epoch is
// still the current one. `pending` counts the parts that are not done; the next
// task is not published before it is 0, so whoever holds a part sees its own task.
#include "runtime/device/cpu/ThreadPool.h"

#include <algorithm>
#include <sched.h>
#include <system_error>

namespace tenon {
namespace {

/// Some hundred microseconds of pause instructions: more than a launch that does
/// without the workers takes, so that they are awake until the program ends.
constexpr unsigned spins = 12000;

void pause() { __builtin_ia32_pause(); }

} // namespace

unsigned availableProcessors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

Status ThreadPool::start(unsigned threads) {
  try {
    for (unsigned thread = 1; thread < threads; ++thread)
      workers.emplace_back([this, thread] { work(thread); });
  } catch (const std::system_error &) {
    return Status(TENON_OUT_OF_MEMORY, "cannot start thread " + std::to_string(workers.size() + 1) +
                                           " of " + std::to_string(threads));
  }
  return {};
}

ThreadPool::~ThreadPool() {
  stopping.store(true, std::memory_order_relaxed);
  epoch.fetch_add(1, std::memory_order_release);
  epoch.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

uint32_t ThreadPool::awaitEpoch(uint32_t seen) {
  for (unsigned i = 0; i < spins; ++i) {
    uint32_t now = epoch.load(std::memory_order_acquire);
    if (now != seen)
      return now;
    pause();
  }
  epoch.wait(seen, std::memory_order_acquire);
  return epoch.load(std::memory_order_acquire);
}

void ThreadPool::takeParts(uint32_t now, unsigned thread) {
  uint64_t word = parts.load(std::memory_order_acquire);
  while (word >> 32 == now && (word >> 16 & 0xffff) < (word & 0xffff)) {
    if (!parts.compare_exchange_weak(word, word + 0x10000, std::memory_order_acq_rel,
                                     std::memory_order_acquire))
      continue;
    task(context, static_cast<unsigned>(word >> 16 & 0xffff), thread);
    if (pending.fetch_sub(1, std::memory_order_acq_rel) == 1)
      pending.notify_one();
    word = parts.load(std::memory_order_acquire);
  }
}

void ThreadPool::work(unsigned thread) {
  for (uint32_t seen = 0;;) {
    seen = awaitEpoch(seen);
    if (stopping.load(std::memory_order_relaxed))
      return;
    takeParts(seen, thread);
  }
}

void ThreadPool::run(unsigned count, Task newTask, void *newContext) {
  if (count <= 1 || workers.empty()) {
    for (unsigned part = 0; part < count; ++part)
      newTask(newContext, part, 0);
    return;
  }
  task = newTask;
  context = newContext;
  pending.store(count, std::memory_order_relaxed);
  uint32_t now = epoch.load(std::memory_order_relaxed) + 1;
  parts.store(uint64_t(now) << 32 | count, std::memory_order_release);
  epoch.store(now, std::memory_order_release);
  epoch.notify_all();
  takeParts(now, 0);
  for (unsigned i = 0; i < spins; ++i) {
    if (pending.load(std::memory_order_acquire) == 0)
      return;
    pause();
  }
  while (uint32_t left = pending.load(std::memory_order_acquire))
    pending.wait(left, std::memory_order_acquire);
}

} // namespace tenon
