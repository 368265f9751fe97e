// wgmma in flight: joining of the four warps, performing, register checks.
#include "sim/machine/async/ProxyRule.h"
#include "sim/machine/async/Warpgroup.h"

#include "sim/machine/async/WgmmaOp.h"
#include "sim/machine/code/Program.h"

#include <algorithm>
#include <cstring>

namespace tenon::sim {

constexpr unsigned kWarpgroupExtension = 1;

static uint64_t hashRow(const Warp &warp, uint16_t row) {
  const uint32_t *values = warp.row(row);
  uint64_t hash = 0;
  for (unsigned lane = 0; lane < laneCount; ++lane)
    hash = (hash ^ values[lane]) * 0x9e3779b97f4a7c15u + (hash >> 29);
  return hash;
}

void WgmmaRegisters::fence(const Warp &warp) {
  if (!collected) {
    for (const auto &op : warp.program->extended)
      if (auto *wgmma = dynamic_cast<const WgmmaMmaOp *>(op.get()))
        wgmma->eachSource(true, [&](uint16_t row) { rows.push_back(row); });
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    collected = true;
  }
  hasFence = true;
  for (uint16_t row : rows)
    remember(warp, row);
}

bool WgmmaRegisters::holds(const Warp &warp, uint16_t row) const {
  auto it = expected.find(row);
  return it != expected.end() && it->second == hashRow(warp, row);
}

void WgmmaRegisters::remember(const Warp &warp, uint16_t row) {
  expected[row] = hashRow(warp, row);
}

WgmmaState &WgmmaState::of(Warp &warp) {
  auto &extension = warp.extensions[slotWgmma];
  if (!extension)
    extension = std::make_unique<WgmmaState>();
  return static_cast<WgmmaState &>(*extension);
}

PendingWgmma::PendingWgmma(Warp &warp, const WgmmaMmaOp &op) : PendingOp(warp, 0, true), op(op) {}

void PendingWgmma::join(Warp &warp) {
  warps[warp.index % 4] = &warp;
  uint32_t entities = uint32_t(issuer.clock.size());
  joinRow(issuer.clock.data(), warp.clock, entities);
  joinRow(issuer.proxyClock.data(), warp.proxyClock, entities);
}

bool PendingWgmma::ready() const {
  return std::all_of(warps.begin(), warps.end(), [](Warp *warp) { return warp != nullptr; });
}

void PendingWgmma::abandoned() {
  report(issuer.actor, Kind::MmaDivergence, 0,
         "wgmma was not executed by all four warps of its warpgroup");
}

bool PendingWgmma::gather(WgmmaOperands &operands) {
  auto read = [&](uint32_t address, void *unit) {
    const uint8_t *from = accessSharedAsync(issuer.actor, address, 16, AccessKind::Read);
    if (from)
      std::memcpy(unit, from, 16);
    return from != nullptr;
  };
  if (!readOperandB(op.product, decodeDescriptor(descriptorB), read, operands))
    return false;
  if (!op.registersA())
    return readOperandA(op.product, decodeDescriptor(descriptorA), read, operands);
  for (int w = 0; w < 4; ++w) {
    const uint32_t *rows[4];
    for (unsigned i = 0; i < 4; ++i)
      rows[i] = warps[size_t(w)]->row(op.row(op.fragmentA, i));
    takeOperandA(op.product, w, rows, operands);
  }
  return true;
}

void PendingWgmma::run(Cluster &cluster) {
  if (before)
    static_cast<EngineQueue &>(*cluster.queue).perform(*before);
  before.reset();
  for (Warp *warp : warps) {
    WgmmaRegisters &registers = WgmmaState::of(*warp).registers;
    bool intact = true;
    op.eachSource(addToD, [&](uint16_t row) { intact &= registers.holds(*warp, row); });
    if (!intact)
      report(issuer.actor, Kind::UninitialisedRegister, 0,
             "a register of a wgmma in flight was written before wgmma.wait_group");
  }
  static thread_local WgmmaOperands operands;
  if (!gather(operands))
    return;
  static thread_local void *pointers[4][128];
  void *const *lists[4];
  for (size_t w = 0; w < 4; ++w) {
    for (unsigned i = 0; i < op.accumulators.count; ++i)
      pointers[w][i] = warps[w]->row(op.row(op.accumulators, i));
    lists[w] = pointers[w];
  }
  multiplyWarpgroup(op.product, addToD, operands, lists);
  for (Warp *warp : warps)
    for (unsigned i = 0; i < op.accumulators.count; ++i)
      WgmmaState::of(*warp).registers.remember(*warp, op.row(op.accumulators, i));
}

Warpgroups &Warpgroups::of(Block &block) {
  auto &extension = block.extensions[kWarpgroupExtension];
  if (!extension)
    extension = std::make_unique<Warpgroups>();
  auto &groups = static_cast<Warpgroups &>(*extension);
  groups.groups.resize((block.warps.size() + 3) / 4);
  return groups;
}

std::shared_ptr<PendingWgmma> Warpgroups::next(Warp &warp, const WgmmaMmaOp &op, bool &isNew) {
  Group &group = groups[warp.index / 4];
  while (!group.open.empty() && group.open.front()->ready())
    group.open.pop_front();
  isNew = false;
  for (auto &pending : group.open)
    if (!pending->joined(warp.index % 4))
      return pending;
  isNew = true;
  auto pending = std::make_shared<PendingWgmma>(warp, op);
  if (group.last && !group.last->done())
    pending->before = group.last;
  group.last = pending;
  group.open.push_back(pending);
  return pending;
}

} // namespace tenon::sim
