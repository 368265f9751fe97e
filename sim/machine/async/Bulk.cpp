// cp.async.bulk and cp.reduce.async.bulk: one thread copies many bytes through
// the async proxy. Completion is told to an mbarrier (towards shared memory) or
// counted in bulk groups (towards global memory).
#include "sim/machine/async/ProxyRule.h"
#include "sim/machine/async/AsyncOps.h"
#include "sim/machine/async/Reduction.h"

#include <cstring>

namespace tenon::sim {
namespace {

using ptx::Mod;
using ptx::Opcode;

/// One end of a bulk copy.
struct BulkEnd {
  bool shared = false;
  uint64_t address = 0; // shared: as the own block sees it
};

class PendingBulk : public PendingOp {
public:
  PendingBulk(Warp &warp, unsigned lane) : PendingOp(warp, lane, true) {}

  BulkEnd to, from;
  uint32_t bytes = 0;
  std::vector<ClusterPlace> barriers; // one for each destination
  std::vector<uint64_t> destinations; // multicast: in place of `to`
  std::optional<ReductionOp> reduction;
  TensorElement type = TensorElement::U32;

  void run(Cluster &) override {
    const uint8_t *source = access(from, AccessKind::Read);
    if (destinations.empty())
      destinations.push_back(to.address);
    for (size_t i = 0; i < destinations.size(); ++i) {
      if (source)
        move({to.shared, destinations[i]}, source);
      if (i < barriers.size())
        completeTransfer(issuer.actor, *this, barriers[i], bytes);
    }
  }

  void unwaited() override {
    if (from.shared)
      reportUnwaited(issuer.actor, from.address);
  }

private:
  uint8_t *access(BulkEnd end, AccessKind kind) {
    return end.shared ? accessSharedAsync(issuer.actor, end.address, bytes, kind)
                      : accessGlobal(issuer.actor, end.address, bytes, kind);
  }

  void move(BulkEnd end, const uint8_t *source) {
    uint8_t *target = access(end, reduction ? AccessKind::Atomic : AccessKind::Write);
    if (!target)
      return;
    if (!reduction) {
      std::memcpy(target, source, bytes);
      return;
    }
    for (uint32_t at = 0; at < bytes; at += bytesOf(type))
      reduceElement(*reduction, type, target + at, source + at);
  }
};

class BulkOp : public ExtendedOp {
public:
  AddressUse to, from, barrier;
  bool toShared = false, fromShared = false, hasBarrier = false;
  uint16_t size = 0;
  std::optional<uint16_t> multicast;
  std::optional<ReductionOp> reduction;
  TensorElement type = TensorElement::U32;

  Step run(Warp &warp, uint32_t mask) const override {
    eachLane(mask, [&](unsigned lane) { issue(warp, lane); });
    return Step::Done;
  }

private:
  void issue(Warp &warp, unsigned lane) const {
    auto op = std::make_shared<PendingBulk>(warp, lane);
    op->to = {toShared, to.at(*this, warp, lane)};
    op->from = {fromShared, from.at(*this, warp, lane)};
    op->bytes = warp.row(uint16_t(operands[size].reg))[lane];
    op->reduction = reduction;
    op->type = type;
    if ((op->to.address | op->from.address | op->bytes) % 16 != 0) {
      report(warp, Kind::Misaligned, lane, op->to.address,
             "a bulk copy's addresses and its size of " + std::to_string(op->bytes) +
                 " bytes must be multiples of 16");
      return;
    }
    if (hasBarrier && !addBarriers(warp, lane, *op))
      return;
    if (toShared)
      countSharedFill(warp, op->bytes);
    if (hasBarrier)
      queueOf(warp).submit(std::move(op));
    else
      groupsOf(warp, slotBulk, true).add(queueOf(warp), std::move(op), 1u << lane);
  }

  bool addBarriers(Warp &warp, unsigned lane, PendingBulk &op) const {
    auto place = findShared(warp, lane, barrier.at(*this, warp, lane), false, "an mbarrier");
    if (!place)
      return false;
    if (!multicast) {
      op.barriers.push_back(*place);
      return true;
    }
    uint32_t ranks = warp.row(uint16_t(operands[*multicast].reg))[lane] & 0xffff;
    return multicastTo(warp, lane, ranks, op.to.address, *place, op.destinations, op.barriers);
  }
};

std::unique_ptr<ExtendedOp> decodeGroupOp(DecodeContext &context, const ptx::Instruction &i) {
  bool commits = i.opcode == Opcode::CpAsyncBulkCommitGroup;
  int64_t younger = 0;
  if (!commits && !context.constantValue(i.operands[0], younger))
    context.fail("cp.async.bulk.wait_group needs a constant");
  auto run = [=](const ExtendedOp &, Warp &warp, uint32_t mask) {
    CommitGroups &groups = groupsOf(warp, slotBulk, true);
    if (!commits)
      return groups.wait(warp, mask, uint32_t(younger));
    groups.commit(mask);
    return Step::Done;
  };
  return std::make_unique<LaneOp<decltype(run)>>("cp.async.bulk group", run);
}

std::unique_ptr<ExtendedOp> decodePrefetch() {
  auto run = [](const ExtendedOp &, Warp &, uint32_t) { return Step::Done; };
  return std::make_unique<LaneOp<decltype(run)>>("cp.async.bulk.prefetch", run);
}

void decodeReduction(DecodeContext &context, const ptx::Instruction &i, BulkOp &op) {
  op.reduction = reductionOf(i);
  auto type = tensorElementOf(i.type());
  if (!op.reduction || !type || !canReduce(*op.reduction, *type))
    return context.fail("a bulk reduction of this operator and type is not simulated");
  op.type = *type;
}

} // namespace

std::unique_ptr<ExtendedOp> decodeBulk(DecodeContext &context, const ptx::Instruction &i) {
  if (i.opcode == Opcode::CpAsyncBulkPrefetch)
    return decodePrefetch();
  if (i.opcode == Opcode::CpAsyncBulkCommitGroup || i.opcode == Opcode::CpAsyncBulkWaitGroup)
    return decodeGroupOp(context, i);
  auto op = std::make_unique<BulkOp>();
  op->name = "cp.async.bulk";
  op->toShared = i.mods[0] != Mod::Global;
  op->fromShared = i.mods[0] == Mod::Global || !i.has(Mod::Global);
  op->hasBarrier = i.has(Mod::MbarrierComplete);
  op->to = readAddress(*op, context, i.operands[0]);
  op->from = readAddress(*op, context, i.operands[1]);
  op->size = readOperand(*op, context, i.operands[2], 32);
  if (op->hasBarrier)
    op->barrier = readAddress(*op, context, i.operands[3]);
  if (i.has(Mod::MulticastCluster))
    op->multicast = readOperand(*op, context, i.operands[4], 32);
  if (i.opcode == Opcode::CpReduceAsyncBulk)
    decodeReduction(context, i, *op);
  if (i.has(Mod::CpMask) || i.has(Mod::IgnoreOob))
    context.fail("cp.async.bulk with a byte mask is not simulated");
  return op;
}

} // namespace tenon::sim
