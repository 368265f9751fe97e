// Shared race cells against an oracle that keeps every access and compares all
// pairs by happens-before, on random traces of barriers, arrivals and waits, plain
// and strong accesses: never a race that the oracle does not know, and the first
// race of a trace nearly always at the same access. Once as the slow path looks at
// them, once through what warps remember, as the handlers do.
#include "sim/machine/race/SharedCells.h"
#include <gtest/gtest.h>
#include <random>

namespace tenon::sim {
namespace {

struct Past {
  uint32_t entity, word, clock;
  bool write, strong;
};

class Trace {
public:
  Trace(uint64_t seed, bool remember) : random(seed), warps(2 + random() % 5), remember(remember) {
    cluster.clocks.init(warps);
    block.cluster = &cluster;
    block.shadow = makeSharedShadow(64);
    block.warps = std::vector<Warp>(warps);
    for (uint32_t e = 0; e < warps; ++e) {
      block.warps[e].block = &block;
      block.warps[e].entity = e;
      block.warps[e].clock = row(e);
      startRaceChecks(block.warps[e]);
    }
    named.resize(3, std::vector<uint32_t>(cluster.clocks.entities));
  }

  void run(unsigned steps) {
    for (unsigned i = 0; i < steps; ++i) {
      unsigned kind = random() % 100;
      uint32_t entity = uint32_t(random() % warps);
      if (kind < 60)
        access(entity);
      else if (kind < 72)
        barrier();
      else if (kind < 86)
        arrive(entity, named[random() % named.size()]);
      else
        joinRow(row(entity), named[random() % named.size()].data(), cluster.clocks.entities);
    }
  }

  size_t accesses = 0, falseOnes = 0;
  long first = -1, firstTrue = -1;

private:
  uint32_t *row(uint32_t entity) { return cluster.clocks.row(entity); }

  void access(uint32_t entity) {
    bool write = random() % 100 < 35, strong = random() % 100 < 20;
    uint32_t word = uint32_t(random() % 3), other = 0;
    Actor actor;
    actor.block = &block;
    actor.entity = entity;
    actor.clock = row(entity);
    bool found = !(remember && !strong && pass(block.warps[entity], word * 4, write)) &&
                 raceShared(actor, block, word * 4, 4, write ? AccessKind::Write : AccessKind::Read, strong, other);
    bool real = false;
    for (const Past &p : past)
      real |= p.word == word && p.entity != entity && (p.write || write) && !(p.strong && strong) &&
              p.clock > row(entity)[p.entity];
    past.push_back({entity, word, row(entity)[entity], write, strong});
    falseOnes += found && !real;
    if (found && first < 0)
      first = long(accesses);
    if (real && firstTrue < 0)
      firstTrue = long(accesses);
    ++accesses;
  }

  bool pass(Warp &warp, uint32_t offset, bool write) {
    return (write ? passWrites : passReads)(warp, *block.shadow, &offset, 1, 1);
  }

  void arrive(uint32_t entity, std::vector<uint32_t> &to) {
    joinRow(to.data(), row(entity), cluster.clocks.entities);
    ++row(entity)[entity];
    forgetReaderMemo(block.warps[entity]);
  }

  void barrier() {
    std::vector<uint32_t> all(cluster.clocks.entities);
    for (uint32_t e = 0; e < warps; ++e)
      arrive(e, all);
    for (uint32_t e = 0; e < warps; ++e)
      joinRow(row(e), all.data(), cluster.clocks.entities);
  }

  std::mt19937_64 random;
  uint32_t warps;
  bool remember;
  Cluster cluster;
  Block block;
  std::vector<std::vector<uint32_t>> named;
  std::vector<Past> past;
};

void compareWithOracle(bool remember) {
  size_t accesses = 0, falseOnes = 0, same = 0;
  constexpr unsigned traces = 5000;
  for (unsigned seed = 0; seed < traces; ++seed) {
    Trace trace(seed, remember);
    trace.run(seed % 3 == 0 ? 20 : seed % 3 == 1 ? 60 : 150);
    accesses += trace.accesses;
    falseOnes += trace.falseOnes;
    same += trace.first == trace.firstTrue;
  }
  EXPECT_GT(accesses, 150000u);
  EXPECT_EQ(falseOnes, 0u);
  EXPECT_GE(same, traces * 99 / 100) << same;
}

TEST(RaceOracle, SharedCellsAreNeverWrongAndHardlyEverLate) { compareWithOracle(false); }
TEST(RaceOracle, NorAreTheyThroughWhatWarpsRemember) { compareWithOracle(true); }

} // namespace
} // namespace tenon::sim
