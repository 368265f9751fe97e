// Building a block: shared memory, warps, and the rows that are filled before the
// first instruction (immediates, special registers, kernel parameters).
#include "sim/machine/exec/AsyncQueue.h"
#include "sim/machine/exec/Launch.h"
#include "sim/machine/exec/Taint.h"
#include "sim/machine/memory/State.h"
#include "sim/machine/race/GlobalCells.h"
#include "sim/machine/race/SharedCells.h"
#include <cstdlib>
#include <cstring>

namespace tenon::sim {

Block::Block() = default;
Block::~Block() = default;

namespace {

using S = ptx::SpecialRegister;

std::array<uint32_t, 3> unravel(uint64_t linear, const std::array<uint32_t, 3> &shape) {
  return {uint32_t(linear % shape[0]), uint32_t(linear / shape[0] % shape[1]),
          uint32_t(linear / shape[0] / shape[1])};
}

/// The value of a special register for one lane.
uint64_t specialValue(const Warp &warp, S reg, unsigned component, unsigned lane) {
  const Block &block = *warp.block;
  const Launch &launch = *block.launch;
  const Cluster &cluster = *block.cluster;
  auto pick = [&](const std::array<uint32_t, 3> &v, uint32_t fourth) -> uint64_t {
    return component < 3 ? v[component] : fourth;
  };
  std::array<uint32_t, 3> inCluster, clusterId, clusterCount;
  for (unsigned k = 0; k < 3; ++k) {
    inCluster[k] = block.index[k] % cluster.shape[k];
    clusterId[k] = block.index[k] / cluster.shape[k];
    clusterCount[k] = launch.grid[k] / cluster.shape[k];
  }
  uint32_t bit = 1u << lane;
  switch (reg) {
  case S::Tid:
    return pick(unravel(uint64_t(warp.index) * laneCount + lane, launch.block), 0);
  case S::Ntid: return pick(launch.block, 0);
  case S::Laneid: return lane;
  case S::Warpid: return warp.index;
  case S::Nwarpid: return launch.warpsPerBlock;
  case S::Ctaid: return pick(block.index, 0);
  case S::Nctaid: return pick(launch.grid, 0);
  case S::Smid: return block.linear % launch.gpu->spec().smCount;
  case S::Nsmid: return launch.gpu->spec().smCount;
  case S::Gridid: return launch.serial;
  case S::IsExplicitCluster: return launch.explicitCluster;
  case S::Clusterid: return pick(clusterId, 0);
  case S::Nclusterid: return pick(clusterCount, 0);
  case S::ClusterCtaid: return pick(inCluster, 0);
  case S::ClusterNctaid: return pick(cluster.shape, 0);
  case S::ClusterCtarank: return block.rank;
  case S::ClusterNctarank: return cluster.size;
  case S::LanemaskEq: return bit;
  case S::LanemaskLt: return bit - 1;
  case S::LanemaskLe: return bit | (bit - 1);
  case S::LanemaskGt: return ~(bit | (bit - 1));
  case S::LanemaskGe: return ~(bit - 1);
  case S::Envreg:
    return component == 1 ? launch.workspace >> 32 : component == 2 ? uint32_t(launch.workspace) : 0;
  case S::TotalSmemSize: case S::AggrSmemSize: return launch.sharedBytes;
  case S::DynamicSmemSize: return launch.dynamicShared;
  default: return 0;
  }
}

uint64_t parameterValue(const Launch &launch, const PresetRow &row) {
  uint64_t value = 0;
  if (row.value + row.bytes <= launch.parameters.size())
    std::memcpy(&value, launch.parameters.data() + row.value, row.bytes);
  if (row.isSigned && row.bytes < 8) {
    unsigned shift = 64 - row.bytes * 8u;
    value = uint64_t(int64_t(value << shift) >> shift);
  }
  return value;
}

void fillRows(Warp &warp, const Launch &launch) {
  warp.predicate(0) = allLanes;
  for (const PresetRow &row : warp.program->presets) {
    bool special = row.kind == PresetRow::Kind::Special;
    uint64_t same = row.kind == PresetRow::Kind::Parameter ? parameterValue(launch, row) : row.value;
    if (row.bits == 1) {
      warp.predicate(row.row) = (special ? specialValue(warp, row.special, 0, 0) : same) ? allLanes : 0;
      continue;
    }
    for (unsigned lane = 0; lane < laneCount; ++lane) {
      uint64_t v = special ? specialValue(warp, row.special, row.component, lane) : same;
      if (row.bits == 64)
        warp.row64(row.row)[lane] = v;
      else
        warp.row(row.row)[lane] = uint32_t(v);
    }
  }
}

/// Registers that some path reads before it sets them begin as unset.
void markUnset(Warp &warp, const Launch &launch) {
  const std::vector<RegisterUse> &registers = launch.program->maybeUnset;
  if (registers.empty() || !launch.machine->options().checks.has(Kind::UninitialisedRegister))
    return;
  TaintState &taint = startTaint(warp, Kind::UninitialisedRegister, launch.program->functions[0].entry, 0);
  for (const RegisterUse &use : registers)
    taint.set(use, allLanes, allLanes);
}

void startWarp(Warp &warp, Block &block, uint32_t index, uint8_t *file, WorkerCounters &counters) {
  Launch &launch = *block.launch;
  Cluster &cluster = *block.cluster;
  const Program &program = *launch.program;
  warp.block = &block;
  warp.program = &program;
  warp.file = file;
  warp.index = index;
  warp.entity = block.rank * launch.warpsPerBlock + index;
  warp.clock = cluster.clocks.row(warp.entity);
  warp.proxyClock = cluster.clocks.proxyRow(warp.entity);
  uint32_t threads = std::min(launch.threads - index * laneCount, laneCount);
  warp.exists = warp.live = threads == laneCount ? allLanes : (1u << threads) - 1;
  warp.active = warp.live;
  warp.turn = program.turnLength;
  warp.nextPc = reinterpret_cast<const Op *>(UINTPTR_MAX);
  warp.pc = program.ops.data() + program.functions[0].entry;
  warp.shared = block.shared.get();
  warp.sharedBytes = block.sharedBytes;
  warp.sharedShadow = block.shadow.get();
  warp.checkShared = launch.machine->options().checks.has(Kind::RaceShared);
  warp.shadow = &launch.machine->memory().state().shadow;
  warp.globalRace = launch.race.get();
  warp.blockCounts = counters.full.data();
  warp.maskedCounts = counters.masked.data();
  warp.blockLanes = counters.lanes.data();
  warp.blockDivergent = counters.divergent.data();
  warp.counters = counters.sites.data();
  warp.patterns = counters.patterns.data();
  warp.localBytes = program.localBytes;
  warp.localStore.resize(size_t(warp.localBytes) * laneCount);
  warp.localInitStore.resize(size_t(warp.localBytes) / 4 * 16);
  warp.local = warp.localStore.data();
  warp.localInit = warp.localInitStore.data();
  fillRows(warp, launch);
  markUnset(warp, launch);
  startRaceChecks(warp);
  startGlobalId(warp);
}

uint8_t *allocateFiles(size_t bytes) {
  auto *p = static_cast<uint8_t *>(std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096));
  if (!p)
    throw std::bad_alloc();
  return p;
}

std::unique_ptr<Block> makeBlock(Cluster &cluster, uint32_t rank, uint64_t clusterIndex,
                                 WorkerCounters &counters) {
  Launch &launch = *cluster.launch;
  auto block = std::make_unique<Block>();
  block->launch = &launch;
  block->cluster = &cluster;
  block->rank = rank;
  std::array<uint32_t, 3> perAxis;
  for (unsigned k = 0; k < 3; ++k)
    perAxis[k] = launch.grid[k] / cluster.shape[k];
  auto origin = unravel(clusterIndex, perAxis), within = unravel(rank, cluster.shape);
  for (unsigned k = 0; k < 3; ++k)
    block->index[k] = origin[k] * cluster.shape[k] + within[k];
  block->linear = block->index[0] + launch.grid[0] * (block->index[1] + launch.grid[1] * block->index[2]);
  block->threads = block->liveThreads = launch.threads;
  block->sharedBytes = launch.sharedBytes;
  size_t shared = (size_t(launch.sharedBytes) + 4095) / 4096 * 4096 + 4096;
  block->shared = {allocateFiles(shared), std::free};
  std::memset(block->shared.get(), 0xcd, shared);
  block->shadow = makeSharedShadow(launch.sharedBytes);
  std::memset(block->shared.get(), 0, launch.program->reservedShared);
  std::memset(block->shadow->init.data(), 0xff, launch.program->reservedShared / 8);
  size_t fileBytes = size_t(launch.program->rows + 2) * rowBytes;
  block->files = {allocateFiles(fileBytes * launch.warpsPerBlock), std::free};
  std::memset(block->files.get(), 0, fileBytes * launch.warpsPerBlock);
  block->warps = std::vector<Warp>(launch.warpsPerBlock);
  for (uint32_t w = 0; w < launch.warpsPerBlock; ++w)
    startWarp(block->warps[w], *block, w, block->files.get() + fileBytes * w, counters);
  counters.warps += launch.warpsPerBlock;
  ++counters.blocks;
  return block;
}

} // namespace

std::unique_ptr<Cluster> makeCluster(Launch &launch, uint64_t index, WorkerCounters &counters) {
  auto cluster = std::make_unique<Cluster>();
  cluster->launch = &launch;
  cluster->index = index;
  cluster->shape = launch.cluster;
  cluster->size = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
  cluster->liveThreads = cluster->size * launch.threads;
  cluster->clocks.init(cluster->size * launch.warpsPerBlock);
  for (uint32_t rank = 0; rank < cluster->size; ++rank)
    cluster->blocks.push_back(makeBlock(*cluster, rank, index, counters));
#ifdef TENON_SIM_ASYNC
  cluster->queue = makeAsyncQueue(*cluster);
#endif
  return cluster;
}

} // namespace tenon::sim
