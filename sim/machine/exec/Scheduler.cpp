// One host thread's work on a launch.
//
// 1. Take the next cluster; keep a list of those in progress.
// 2. Run every warp of every cluster in turn, a quantum each; the seed permutes
//    the order of warps and the length of quanta.
// 3. A cluster that has run for long without ending, or cannot go on, lets the
//    next one start beside it, up to what the GPU holds: blocks may wait for
//    blocks that have not begun (look-back scans, stream-K).
// 4. When nothing at all can go on, asynchronous engines are asked; when they
//    have nothing, it is a deadlock.
#include "sim/machine/exec/AsyncQueue.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/exec/Taint.h"
#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/WholeBarrier.h"
#include "sim/machine/memory/State.h"
#include <thread>

namespace tenon::sim {
namespace {

constexpr int64_t baseQuantum = 8192;
constexpr unsigned patience = 64;        // rounds before another cluster starts
constexpr uint64_t spinRounds = 4000;    // rounds of nothing but polling: a deadlock

uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

struct Running {
  std::unique_ptr<Cluster> cluster;
  uint64_t random = 0, rounds = 0;
  bool done = false;
};

struct Round {
  bool progress = false; // some warp ran and did not only poll
  bool ran = false;
};

class Worker {
public:
  Worker(Launch &launch, WorkerCounters &counters)
      : launch(launch), counters(counters), seed(launch.machine->options().seed) {
    uint64_t perSm = launch.gpu->occupancy(*launch.kernel, launch.threads, launch.dynamicShared).blocksPerSm;
    uint64_t size = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
    resident = std::max<uint64_t>(1, perSm * launch.gpu->spec().smCount / size);
    if (launch.together)
      resident = launch.clusters;
  }

  void run() {
    startNext();
    if (launch.together)
      while (startNext())
        ;
    while (!running.empty() && !launch.abort) {
      bool progress = false, ran = false;
      bool waiting = false;
      for (size_t i = 0; i < running.size() && !launch.abort; ++i) {
        Round round = runCluster(running[i]);
        progress |= round.progress;
        ran |= round.ran;
        waiting |= !running[i].done && (!round.progress || running[i].rounds > patience);
      }
      std::erase_if(running, [](const Running &r) { return r.done; });
      if (running.empty() || (waiting && running.size() < resident))
        progress |= startNext();
      idle = progress ? 0 : idle + 1;
      if (idle && running.size() && !ran)
        std::this_thread::yield();
      if (running.size() && (ran ? idle > spinRounds : idle > stillRounds()))
        return deadlock();
    }
    for (Running &r : running)
      finish(r);
    running.clear();
  }

private:
  /// Other host threads may still move what this one waits for.
  uint64_t stillRounds() const { return launch.workers > 1 ? 100000 : 2; }

  bool startNext() {
    uint64_t index = launch.nextCluster.fetch_add(1);
    if (index >= launch.clusters)
      return false;
    Running r;
    r.cluster = makeCluster(launch, index, counters);
    r.random = mix(seed ^ mix(index));
    running.push_back(std::move(r));
    return true;
  }

  Round runCluster(Running &r) {
    Round round;
    Cluster &cluster = *r.cluster;
    bool done = true;
    for (auto &block : cluster.blocks) {
      size_t count = block->warps.size();
      size_t first = seed ? (r.random = mix(r.random)) % count : 0;
      for (size_t k = 0; k < count; ++k) {
        Warp &warp = block->warps[first + k < count ? first + k : first + k - count];
        if (warp.finished)
          continue;
        done &= runOne(r, warp, round);
        if (launch.abort)
          return round;
      }
    }
    ++r.rounds;
    if (done) {
      finish(r);
      round.progress = true;
    } else if (!round.ran && cluster.queue && cluster.queue->progress(cluster)) {
      round.progress = round.ran = true;
    }
    return round;
  }

  /// True if the warp has ended.
  bool runOne(Running &r, Warp &warp, Round &round) {
    int64_t quantum = baseQuantum;
    if (seed) {
      r.random = mix(r.random);
      quantum = baseQuantum / 8 + int64_t(r.random % baseQuantum);
    }
    uint64_t before = warp.steps, changes = warp.block->changes;
    WarpState state = runWarp(warp, quantum);
    if (launch.program->usesAsync && r.cluster->queue)
      r.cluster->queue->poll(*r.cluster);
    bool ran = warp.steps != before || changes != warp.block->changes;
    round.ran |= ran;
    round.progress |= changes != warp.block->changes || warp.wrote ||
                      (state == WarpState::Runnable && !warp.polled);
    return warp.finished;
  }

  void finish(Running &r) {
    if (r.cluster->queue)
      r.cluster->queue->drain(*r.cluster);
    r.done = true;
  }

  void deadlock() {
    std::string text;
    for (Running &r : running) {
      for (auto &block : r.cluster->blocks)
        settleBarriers(*block);
      text += describeWaits(*r.cluster);
    }
    for (Running &r : running)
      for (auto &block : r.cluster->blocks)
        for (Warp &warp : block->warps)
          if (!warp.finished) {
            warp.current = warp.waiting.empty() ? warp.pc : warp.waiting.front().split.pc;
            if (!warp.waiting.empty() && warp.waiting.front().kind == WaitKind::Barrier)
              --warp.current;
            report(warp, Kind::Deadlock, unsigned(__builtin_ctz(warp.live | 1u << 31)), 0,
                   "no warp can go on: " + text.substr(0, 2000));
            launch.fail(LaunchStatus::Deadlock, "deadlock: " + text, true);
            return;
          }
  }

  Launch &launch;
  WorkerCounters &counters;
  uint64_t seed, resident = 1, idle = 0;
  std::vector<Running> running;
};

} // namespace

void work(Launch &launch, WorkerCounters &counters) { Worker(launch, counters).run(); }

} // namespace tenon::sim
