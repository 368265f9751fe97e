// cp.async: copies of 4, 8 or 16 bytes by every lane from global to shared
// memory, in the generic proxy, with commit groups or an mbarrier.
#include "sim/machine/async/AsyncOps.h"

#include <cstring>

namespace tenon::sim {
namespace {

using ptx::Mod;
using ptx::Opcode;

struct LaneCopy {
  uint64_t from = 0, to = 0;
  uint32_t bytes = 0; // read; the rest of the destination becomes zero
};

class PendingCopy : public PendingOp {
public:
  PendingCopy(Warp &warp, uint32_t mask, uint32_t size)
      : PendingOp(warp, unsigned(__builtin_ctz(mask)), false), mask(mask), size(size) {}

  void run(Cluster &) override {
    eachLane(mask, [&](unsigned lane) {
      const LaneCopy &copy = lanes[lane];
      Actor actor = issuer.actor;
      actor.lane = lane;
      uint8_t *to = accessShared(actor, copy.to, size, AccessKind::Write);
      const uint8_t *from =
          copy.bytes ? accessGlobal(actor, copy.from, copy.bytes, AccessKind::Read) : nullptr;
      if (!to)
        return;
      std::memset(to, 0, size);
      if (from)
        std::memcpy(to, from, copy.bytes);
    });
  }

  std::array<LaneCopy, 32> lanes;

private:
  uint32_t mask, size;
};

class CpAsyncOp : public ExtendedOp {
public:
  AddressUse to, from;
  bool generic = false;
  uint32_t size = 16;
  std::optional<uint16_t> sourceSize, ignoreSource;

  Step run(Warp &warp, uint32_t mask) const override {
    auto op = std::make_shared<PendingCopy>(warp, mask, size);
    bool aligned = true;
    eachLane(mask, [&](unsigned lane) {
      LaneCopy &copy = op->lanes[lane];
      copy = {from.at(*this, warp, lane), to.at(*this, warp, lane), bytesAt(warp, lane)};
      if (generic)
        copy.to -= sharedWindow;
      if (aligned && (copy.from % size != 0 || copy.to % size != 0)) {
        aligned = false;
        report(warp, Kind::Misaligned, lane, copy.from % size ? copy.from : copy.to,
               "cp.async of " + std::to_string(size) + " bytes at an address that is no multiple");
      }
    });
    if (!aligned)
      return Step::Done;
    groupsOf(warp, slotCpAsync, false).add(queueOf(warp), std::move(op), mask);
    countSharedFill(warp, uint64_t(size) * unsigned(__builtin_popcount(mask)));
    return Step::Done;
  }

private:
  uint32_t bytesAt(const Warp &warp, unsigned lane) const {
    if (ignoreSource) {
      bool set = warp.predicate(uint16_t(operands[*ignoreSource].reg)) >> lane & 1;
      return set ? 0 : size;
    }
    if (!sourceSize)
      return size;
    return std::min(size, warp.row(uint16_t(operands[*sourceSize].reg))[lane]);
  }
};

/// cp.async.mbarrier.arrive: arrives once the lanes' copies so far are done.
class PendingArrival : public PendingOp {
public:
  PendingArrival(Warp &warp, unsigned lane, ClusterPlace where,
                 std::vector<std::shared_ptr<PendingOp>> before)
      : PendingOp(warp, lane, false), where(where), before(std::move(before)), warp(warp) {}

  void run(Cluster &) override {
    std::vector<uint32_t> clock = issuer.clock;
    for (auto &op : before) {
      queueOf(warp).perform(*op);
      clock[op->slot()] = std::max(clock[op->slot()], op->slotClock());
    }
    Mbarrier *barrier = Mbarriers::of(*where.block).find(where.offset);
    if (!barrier)
      return report(issuer.actor, Kind::Mbarrier, where.offset,
                    "cp.async.mbarrier.arrive on an mbarrier that is not initialised");
    give(*barrier, clock, issuer.proxyClock);
    std::string misuse = arrive(*where.block, *barrier, 1);
    if (!misuse.empty())
      report(issuer.actor, Kind::Mbarrier, where.offset, "cp.async.mbarrier.arrive: " + misuse);
  }

private:
  ClusterPlace where;
  std::vector<std::shared_ptr<PendingOp>> before;
  Warp &warp;
};

class ArriveOnCopiesOp : public ExtendedOp {
public:
  AddressUse address;
  bool generic = true, increment = true;

  Step run(Warp &warp, uint32_t mask) const override {
    eachLane(mask, [&](unsigned lane) {
      auto where =
          findShared(warp, lane, address.at(*this, warp, lane), generic, "an mbarrier");
      if (!where)
        return;
      Mbarrier *barrier = Mbarriers::of(*where->block).find(where->offset);
      if (barrier && increment)
        ++barrier->pending;
      auto before = groupsOf(warp, slotCpAsync, false).issuedBy(1u << lane);
      queueOf(warp).submit(
          std::make_shared<PendingArrival>(warp, lane, *where, std::move(before)));
    });
    stepClock(warp);
    return Step::Done;
  }
};

std::unique_ptr<ExtendedOp> decodeGroupOp(DecodeContext &context, const ptx::Instruction &i) {
  int64_t younger = 0;
  if (i.opcode == Opcode::CpAsyncWaitGroup && !context.constantValue(i.operands[0], younger))
    context.fail("cp.async.wait_group needs a constant");
  bool commits = i.opcode != Opcode::CpAsyncWaitGroup;
  bool waits = i.opcode != Opcode::CpAsyncCommitGroup;
  auto run = [=](const ExtendedOp &, Warp &warp, uint32_t mask) {
    CommitGroups &groups = groupsOf(warp, slotCpAsync, false);
    if (commits)
      groups.commit(mask);
    return waits ? groups.wait(warp, mask, uint32_t(younger)) : Step::Done;
  };
  return std::make_unique<LaneOp<decltype(run)>>("cp.async group", run);
}

std::unique_ptr<ExtendedOp> decodeArriveOnCopies(DecodeContext &context,
                                                 const ptx::Instruction &i) {
  auto op = std::make_unique<ArriveOnCopiesOp>();
  op->name = "cp.async.mbarrier.arrive";
  op->generic = isGeneric(i);
  op->increment = !i.has(Mod::NoInc);
  op->address = readAddress(*op, context, i.operands[0]);
  return op;
}

} // namespace

std::unique_ptr<ExtendedOp> decodeCpAsync(DecodeContext &context, const ptx::Instruction &i) {
  if (i.opcode == Opcode::CpAsyncMbarrierArrive)
    return decodeArriveOnCopies(context, i);
  if (i.opcode != Opcode::CpAsync)
    return decodeGroupOp(context, i);
  auto op = std::make_unique<CpAsyncOp>();
  op->name = "cp.async";
  op->generic = isGeneric(i);
  op->to = readAddress(*op, context, i.operands[0]);
  op->from = readAddress(*op, context, i.operands[1]);
  int64_t size = 0;
  if (!context.constantValue(i.operands[2], size) || (size != 4 && size != 8 && size != 16) ||
      (i.has(Mod::Cg) && size != 16))
    context.fail("cp.async copies 4, 8 or 16 bytes, and with .cg 16");
  op->size = uint32_t(size);
  bool hasHint = i.has(Mod::L2CacheHint);
  if (i.operands.size() == 4u + (hasHint ? 1 : 0)) {
    const ptx::Operand &extra = i.operands[3];
    bool isPredicate =
        extra.kind == ptx::Operand::Kind::Register &&
        context.function().registers[extra.reg].type == ptx::Type::Pred;
    (isPredicate ? op->ignoreSource : op->sourceSize) =
        readOperand(*op, context, extra, isPredicate ? 1 : 32);
  }
  return op;
}

} // namespace tenon::sim
