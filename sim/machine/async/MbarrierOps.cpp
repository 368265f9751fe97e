// mbarrier instructions as ops.
#include "sim/machine/async/AsyncOps.h"

namespace tenon::sim {
namespace {

using ptx::Mod;
using ptx::Opcode;

/// What all of them have: an address, and mostly a count.
class MbarrierOp : public ExtendedOp {
public:
  AddressUse address;
  bool generic = true;
  std::optional<uint16_t> count, token;

protected:
  uint32_t countAt(const Warp &warp, unsigned lane) const {
    return count ? warp.row(uint16_t(operands[*count].reg))[lane] : 1;
  }
  void setToken(Warp &warp, unsigned lane, uint64_t value) const {
    if (token)
      warp.row64(uint16_t(operands[*token].reg))[lane] = value;
  }
  /// The place after its checks; nothing after a finding.
  std::optional<ClusterPlace> place(Warp &warp, unsigned lane, uint64_t at, AccessKind kind) const {
    auto where = findShared(warp, lane, at, generic, "an mbarrier");
    if (!where)
      return where;
    if (where->offset % 8 != 0) {
      report(warp, Kind::Misaligned, lane, at, "an mbarrier is not at a multiple of 8");
      return std::nullopt;
    }
    uint64_t shared = generic ? at - sharedWindow : at;
    return accessShared(actorOf(warp, lane), shared, 8, kind) ? where : std::nullopt;
  }
  Mbarrier *live(Warp &warp, unsigned lane, ClusterPlace where) const {
    Mbarrier *barrier = Mbarriers::of(*where.block).find(where.offset);
    if (!barrier)
      report(warp, Kind::Mbarrier, lane, where.offset,
             std::string(name) + " of an mbarrier that is not initialised");
    return barrier;
  }
  void misuse(Warp &warp, unsigned lane, ClusterPlace where, const std::string &message) const {
    if (!message.empty())
      report(warp, Kind::Mbarrier, lane, where.offset, std::string(name) + ": " + message);
  }
};

class InitOp : public MbarrierOp {
public:
  bool invalidate = false;

  Step run(Warp &warp, uint32_t mask) const override {
    eachLane(mask, [&](unsigned lane) { one(warp, lane); });
    return Step::Done;
  }

private:
  void one(Warp &warp, unsigned lane) const {
    auto where = place(warp, lane, address.at(*this, warp, lane), AccessKind::Write);
    if (!where)
      return;
    Mbarriers &barriers = Mbarriers::of(*where->block);
    if (invalidate) {
      if (live(warp, lane, *where))
        barriers.erase(where->offset);
      return;
    }
    uint32_t arrivals = countAt(warp, lane);
    if (arrivals == 0 || arrivals > maxMbarrierCount)
      misuse(warp, lane, *where,
             "count " + std::to_string(arrivals) + " is not in 1..2^20 - 1");
    Mbarrier *old = barriers.find(where->offset);
    if (old && (old->phase != 0 || old->pending != old->expected || old->transactions != 0))
      misuse(warp, lane, *where, "the object is in use and was not invalidated");
    barriers.create(where->offset, arrivals);
  }
};

class ArriveOp : public MbarrierOp {
public:
  bool expect = false, drop = false, relaxed = false;

  Step run(Warp &warp, uint32_t mask) const override {
    std::vector<uint32_t> clock, proxyClock;
    if (!relaxed)
      releaseTo(warp, clock, &proxyClock);
    uint64_t addresses[32];
    eachLane(mask, [&](unsigned lane) { addresses[lane] = address.at(*this, warp, lane); });
    uint32_t counts[32];
    eachLane(mask, [&](unsigned lane) { counts[lane] = countAt(warp, lane); });
    eachLane(mask, [&](unsigned lane) {
      one(warp, lane, addresses[lane], counts[lane], clock, proxyClock);
    });
    return Step::Done;
  }

private:
  void one(Warp &warp, unsigned lane, uint64_t at, uint32_t number,
           const std::vector<uint32_t> &clock, const std::vector<uint32_t> &proxyClock) const {
    auto where = place(warp, lane, at, AccessKind::Atomic);
    Mbarrier *barrier = where ? live(warp, lane, *where) : nullptr;
    if (!barrier)
      return;
    setToken(warp, lane, barrier->token());
    give(*barrier, clock, proxyClock);
    if (expect)
      misuse(warp, lane, *where, expectBytes(*barrier, number));
    if (drop)
      misuse(warp, lane, *where, dropExpected(*barrier, expect ? 1 : number));
    misuse(warp, lane, *where, arrive(*where->block, *barrier, expect ? 1 : number));
  }
};

/// expect_tx and complete_tx without an arrival.
class TransactionOp : public MbarrierOp {
public:
  bool complete = false;

  Step run(Warp &warp, uint32_t mask) const override {
    eachLane(mask, [&](unsigned lane) {
      auto where = place(warp, lane, address.at(*this, warp, lane), AccessKind::Atomic);
      Mbarrier *barrier = where ? live(warp, lane, *where) : nullptr;
      if (!barrier)
        return;
      uint32_t bytes = countAt(warp, lane);
      misuse(warp, lane, *where,
             complete ? completeBytes(*where->block, *barrier, bytes)
                      : expectBytes(*barrier, bytes));
    });
    return Step::Done;
  }
};

class WaitOp : public MbarrierOp {
public:
  uint16_t result = 0, state = 0;
  bool parity = false, blocking = false, relaxed = false;

  Step run(Warp &warp, uint32_t mask) const override {
    uint32_t passed = 0, failed = 0;
    eachLane(mask, [&](unsigned lane) {
      auto where = place(warp, lane, address.at(*this, warp, lane), AccessKind::Atomic);
      Mbarrier *barrier = where ? live(warp, lane, *where) : nullptr;
      // After a finding the program goes on rather than hang.
      bool done = !barrier || isComplete(warp, lane, *barrier);
      (done ? passed : failed) |= 1u << lane;
      if (done && barrier && !relaxed)
        acquireFrom(warp, barrier->doneClock, &barrier->doneProxyClock);
    });
    if (!passed && blocking)
      return Step::Wait;
    if (failed)
      queueOf(warp).pollFailed();
    uint32_t &predicate = warp.predicate(uint16_t(operands[result].reg));
    predicate = (predicate & ~mask) | passed;
    return Step::Done;
  }

private:
  bool isComplete(const Warp &warp, unsigned lane, const Mbarrier &barrier) const {
    uint16_t row = uint16_t(operands[state].reg);
    return parity ? barrier.completedParity(warp.row(row)[lane])
                  : barrier.completed(warp.row64(row)[lane]);
  }
};

class PendingCountOp : public ExtendedOp {
public:
  uint16_t result = 0, state = 0;

  Step run(Warp &warp, uint32_t mask) const override {
    eachLane(mask, [&](unsigned lane) {
      uint64_t token = warp.row64(uint16_t(operands[state].reg))[lane];
      warp.row(uint16_t(operands[result].reg))[lane] = uint32_t(token) & maxMbarrierCount;
    });
    return Step::Done;
  }
};

template <typename Op> std::unique_ptr<Op> begin(const char *name, const ptx::Instruction &i) {
  auto op = std::make_unique<Op>();
  op->name = name;
  op->generic = isGeneric(i);
  return op;
}

std::unique_ptr<ExtendedOp> decodeArrive(DecodeContext &context, const ptx::Instruction &i) {
  auto op = begin<ArriveOp>("mbarrier.arrive", i);
  op->expect = i.has(Mod::ExpectTx);
  op->drop = i.opcode == Opcode::MbarrierArriveDrop;
  op->relaxed = i.has(Mod::Relaxed);
  size_t next = 0;
  if (i.operands[0].kind != ptx::Operand::Kind::Address) {
    if (i.operands[0].kind != ptx::Operand::Kind::Sink)
      op->token = writeOperand(*op, context, i.operands[0], 64);
    next = 1;
  }
  op->address = readAddress(*op, context, i.operands[next]);
  if (next + 1 < i.operands.size())
    op->count = readOperand(*op, context, i.operands[next + 1], 32);
  return op;
}

std::unique_ptr<ExtendedOp> decodeWait(DecodeContext &context, const ptx::Instruction &i) {
  auto op = begin<WaitOp>("mbarrier wait", i);
  op->blocking = i.opcode == Opcode::MbarrierTryWait;
  op->parity = i.has(Mod::Parity);
  op->relaxed = i.has(Mod::Relaxed);
  op->address = readAddress(*op, context, i.operands[1]);
  op->state = readOperand(*op, context, i.operands[2], op->parity ? 32 : 64);
  op->result = writeOperand(*op, context, i.operands[0], 1);
  return op;
}

} // namespace

std::unique_ptr<ExtendedOp> decodeMbarrier(DecodeContext &context, const ptx::Instruction &i) {
  switch (i.opcode) {
  case Opcode::MbarrierInit:
  case Opcode::MbarrierInval: {
    auto op = begin<InitOp>("mbarrier.init", i);
    op->invalidate = i.opcode == Opcode::MbarrierInval;
    if (op->invalidate)
      op->name = "mbarrier.inval";
    op->address = readAddress(*op, context, i.operands[0]);
    if (!op->invalidate)
      op->count = readOperand(*op, context, i.operands[1], 32);
    return op;
  }
  case Opcode::MbarrierExpectTx:
  case Opcode::MbarrierCompleteTx: {
    auto op = begin<TransactionOp>("mbarrier.expect_tx", i);
    op->complete = i.opcode == Opcode::MbarrierCompleteTx;
    op->address = readAddress(*op, context, i.operands[0]);
    op->count = readOperand(*op, context, i.operands[1], 32);
    return op;
  }
  case Opcode::MbarrierArrive:
  case Opcode::MbarrierArriveDrop:
    return decodeArrive(context, i);
  case Opcode::MbarrierTestWait:
  case Opcode::MbarrierTryWait:
    return decodeWait(context, i);
  default: {
    auto op = std::make_unique<PendingCountOp>();
    op->name = "mbarrier.pending_count";
    op->state = readOperand(*op, context, i.operands[1], 64);
    op->result = writeOperand(*op, context, i.operands[0], 32);
    return op;
  }
  }
}

} // namespace tenon::sim
