// Instructions in which lanes of a warp look at one another: shuffles, votes,
// matches, reductions, elections. With .sync they are meeting points of the lanes
// that their mask names.
#include "sim/machine/code/Decoding.h"
#include "sim/machine/exec/BarrierBits.h"
#include "sim/machine/exec/WarpOps.h"

namespace tenon::sim {

using namespace ptx;

static ShuffleOp::Mode shuffleMode(const Instruction &i) {
  return i.has(Mod::Up) ? ShuffleOp::Up : i.has(Mod::Down) ? ShuffleOp::Down
         : i.has(Mod::Bfly) ? ShuffleOp::Butterfly : ShuffleOp::Index;
}

static VoteOp::Mode voteMode(const Instruction &i) {
  return i.has(Mod::All) ? VoteOp::All : i.has(Mod::Any) ? VoteOp::Any
         : i.has(Mod::Uni) ? VoteOp::Uniform : VoteOp::Ballot;
}

static ReduceOp::Mode reduceMode(const Instruction &i) {
  const std::pair<Mod, ReduceOp::Mode> table[] = {
      {Mod::Add, ReduceOp::Add}, {Mod::Min, ReduceOp::Min}, {Mod::Max, ReduceOp::Max},
      {Mod::And, ReduceOp::And}, {Mod::Or, ReduceOp::Or},   {Mod::Xor, ReduceOp::Xor}};
  for (auto [mod, mode] : table)
    if (i.has(mod))
      return mode;
  return ReduceOp::Add;
}

bool Decoding::decodeWarp(const I &i) {
  using O = Opcode;
  // d, or d|p with either part `_`.
  auto pair = [&](WarpOp &op, unsigned bits) {
    const Operand &d = i.operands[0];
    bool both = d.kind == Operand::Kind::Pair;
    op.operands.push_back(write(both ? d.elements[0] : d, bits));
    op.operands.back().write = true;
    op.operands.push_back(both ? write(d.elements[1], 1) : scratch(1));
    op.operands.back().write = true;
  };
  auto finish = [&](std::unique_ptr<WarpOp> op, const Operand *members) {
    op->convergent = members != nullptr;
    op->oneMask = !members || members->kind == Operand::Kind::Immediate;
    op->operands.push_back(members ? read(*members, 32) : constant(allLanes, 32));
    emitExtended(std::move(op));
    return true;
  };
  switch (i.opcode) {
  case O::Shfl:
  case O::ShflSync: {
    auto op = std::make_unique<ShuffleOp>();
    op->mode = shuffleMode(i);
    pair(*op, 32);
    for (unsigned n = 1; n <= 3; ++n)
      op->operands.push_back(read(i.operands[n], 32));
    return finish(std::move(op), i.opcode == O::ShflSync ? &i.operands[4] : nullptr);
  }
  case O::Vote:
  case O::VoteSync: {
    auto op = std::make_unique<VoteOp>();
    op->mode = voteMode(i);
    pair(*op, op->mode == VoteOp::Ballot ? 32 : 1);
    op->operands.push_back(read(i.operands[1], 1));
    return finish(std::move(op), i.opcode == O::VoteSync ? &i.operands[2] : nullptr);
  }
  case O::MatchSync:
  case O::MatchAllSync: {
    auto op = std::make_unique<MatchOp>();
    op->all = i.opcode == O::MatchAllSync;
    pair(*op, 32);
    op->operands.push_back(read(i.operands[1], typeBits(i.type())));
    return finish(std::move(op), &i.operands[2]);
  }
  case O::ReduxSync: {
    auto op = std::make_unique<ReduceOp>();
    op->mode = reduceMode(i);
    op->isSigned = isSignedType(i.type());
    op->isFloat = i.type() == Type::F32;
    op->abs = i.has(Mod::Abs);
    op->nan = i.has(Mod::Nan);
    pair(*op, 32);
    op->operands.push_back(read(i.operands[1], 32));
    return finish(std::move(op), &i.operands[2]);
  }
  case O::ElectSync: {
    auto op = std::make_unique<ElectOp>();
    pair(*op, 32);
    op->operands.push_back(constant(0, 32));
    return finish(std::move(op), &i.operands[1]);
  }
  case O::BarWarpSync: {
    auto op = std::make_unique<WarpSyncOp>();
    op->operands.push_back(scratch(32));
    op->operands.push_back(scratch(1));
    op->operands.push_back(constant(0, 32));
    return finish(std::move(op), &i.operands[0]);
  }
  default:
    return false;
  }
}

bool Decoding::decodeBarrier(const I &i) {
  using O = Opcode;
  if (i.opcode == O::BarrierCluster) {
    auto op = std::make_unique<ClusterBarrierOp>();
    op->arrive = i.has(Mod::Arrive);
    op->release = !i.has(Mod::Relaxed);
    emitExtended(std::move(op));
    return true;
  }
  if (i.opcode != O::Bar && i.opcode != O::Barrier)
    return false;
  BarrierBits bits;
  bits.kind = i.has(Mod::Red) ? BarrierBits::Reduce : i.has(Mod::Arrive) ? BarrierBits::Arrive
                                                                          : BarrierBits::Sync;
  bits.aligned = i.opcode == O::Bar || i.has(Mod::Aligned);
  bits.reduction = i.has(Mod::Popc) ? BarrierBits::Popc : i.has(Mod::And) ? BarrierBits::And
                                                                          : BarrierBits::Or;
  bool reduces = bits.kind == BarrierBits::Reduce;
  size_t first = reduces ? 1 : 0, last = i.operands.size() - (reduces ? 1 : 0);
  bits.hasCount = last - first > 1;
  int64_t ignored;
  bits.uniform = constantValue(i.operands[first], ignored) &&
                 (!bits.hasCount || constantValue(i.operands[first + 1], ignored));
  RegisterUse id = read(i.operands[first], 32);
  RegisterUse count = bits.hasCount ? read(i.operands[first + 1], 32) : constant(0, 32);
  std::optional<RegisterUse> value, d;
  if (reduces) {
    value = read(i.operands[last], 1);
    d = write(i.operands[0], bits.reduction == BarrierBits::Popc ? 32 : 1);
  }
  DraftOp &op = emit(HandlerId::Barrier);
  use(op, Field::A, id, false, true);
  use(op, Field::B, count, false, true);
  if (reduces) {
    use(op, Field::C, *value, false);
    use(op, Field::D, *d, true);
  }
  op.slots[0].imm = bits.pack();
  return true;
}

} // namespace tenon::sim
