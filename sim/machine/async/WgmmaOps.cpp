// wgmma.mma_async, fence, commit_group and wait_group as ops.
#include "sim/machine/async/AsyncOps.h"
#include "sim/machine/async/WgmmaOp.h"

namespace tenon::sim {

using ptx::Mod;
using ptx::Opcode;

void WgmmaMmaOp::checkRegisters(Warp &warp, WgmmaState &state, bool addToD) const {
  if (!state.registers.fenced()) {
    report(warp, Kind::UninitialisedRegister, 0, 0,
           "wgmma.mma_async without a wgmma.fence before it");
    state.registers.fence(warp); // once is enough
    return;
  }
  // Accumulators that wgmmas in flight write need no fence between them.
  auto inFlight = [&](uint16_t row) {
    for (const auto &pending : state.issued)
      for (unsigned i = 0; !pending->done() && i < pending->op.accumulators.count; ++i)
        if (pending->op.row(pending->op.accumulators, i) == row)
          return true;
    return false;
  };
  bool intact = true;
  eachSource(addToD, [&](uint16_t row) {
    if (!state.registers.holds(warp, row) && !inFlight(row)) {
      intact = false;
      state.registers.remember(warp, row);
    }
  });
  if (!intact)
    report(warp, Kind::UninitialisedRegister, 0, 0,
           "a register of this wgmma was written after the last wgmma.fence");
}

Step WgmmaMmaOp::runAll(Warp &warp) const {
  WgmmaState &state = WgmmaState::of(warp);
  uint64_t a = registersA() ? 0 : warp.row64(uint16_t(operands[descriptorA].reg))[0];
  uint64_t b = warp.row64(uint16_t(operands[descriptorB].reg))[0];
  bool addToD = warp.predicate(uint16_t(operands[scaleD].reg)) & 1;
  checkRegisters(warp, state, addToD);
  bool isNew = false;
  auto pending = Warpgroups::of(*warp.block).next(warp, *this, isNew);
  if (isNew) {
    pending->descriptorA = a;
    pending->descriptorB = b;
    pending->addToD = addToD;
  } else if (&pending->op != this || pending->descriptorA != a || pending->descriptorB != b ||
             pending->addToD != addToD) {
    report(warp, Kind::MmaDivergence, 0, 0,
           "the warps of a warpgroup execute different wgmmas, or with different operands");
    return Step::Done;
  }
  pending->join(warp);
  std::erase_if(state.issued, [](const auto &old) { return old->done(); });
  state.issued.push_back(pending);
  if (isNew)
    queueOf(warp).submit(pending);
  state.groups.track(pending, allLanes);
  queueOf(warp).becameReady(*pending);
  signalChange(*warp.block);
  uint64_t k = uint64_t(256 / bitsOf(product.a));
  countTensorFlops(warp, 2 * 16 * uint64_t(product.n) * k);
  return Step::Done;
}

namespace {

class WgmmaWaitOp : public WarpWideOp {
public:
  uint32_t younger = 0;

protected:
  Step runAll(Warp &warp) const override {
    return WgmmaState::of(warp).groups.wait(warp, allLanes, younger);
  }
};

template <typename Run> class WholeWarpOp : public WarpWideOp {
public:
  WholeWarpOp(const char *label, Run function) : function(std::move(function)) { name = label; }

protected:
  Step runAll(Warp &warp) const override {
    function(warp);
    return Step::Done;
  }

private:
  Run function;
};

std::unique_ptr<ExtendedOp> decodeFence() {
  auto run = [](Warp &warp) { WgmmaState::of(warp).registers.fence(warp); };
  return std::make_unique<WholeWarpOp<decltype(run)>>("wgmma.fence", run);
}

std::unique_ptr<ExtendedOp> decodeCommit() {
  auto run = [](Warp &warp) { WgmmaState::of(warp).groups.commit(allLanes); };
  return std::make_unique<WholeWarpOp<decltype(run)>>("wgmma.commit_group", run);
}

std::unique_ptr<ExtendedOp> decodeWait(DecodeContext &context, const ptx::Instruction &i) {
  auto op = std::make_unique<WgmmaWaitOp>();
  op->name = "wgmma.wait_group";
  int64_t younger = 0;
  if (!context.constantValue(i.operands[0], younger))
    context.fail("wgmma.wait_group needs a constant");
  op->younger = uint32_t(younger);
  return op;
}

/// The immediates after scale-d: signs, then transpositions.
void decodeImmediates(DecodeContext &context, const ptx::Instruction &i, WgmmaMmaOp &op) {
  auto value = [&](size_t at, int64_t otherwise) {
    int64_t v = otherwise;
    if (at < i.operands.size() && !context.constantValue(i.operands[at], v))
      context.fail("wgmma.mma_async needs constants for its scales and transpositions");
    return v;
  };
  op.product.negateA = value(4, 1) == -1;
  op.product.negateB = value(5, 1) == -1;
  bool fromRegisters = op.registersA();
  op.product.mnMajorA = !fromRegisters && value(6, 0) != 0;
  op.product.mnMajorB = value(fromRegisters ? 6 : 7, 0) != 0;
}

} // namespace

static std::unique_ptr<ExtendedOp> decodeProduct(DecodeContext &context,
                                                 const ptx::Instruction &i) {
  auto op = std::make_unique<WgmmaMmaOp>();
  op->name = "wgmma.mma_async";
  op->pinsRegisters = true;
  auto d = elementOf(i.type(0)), a = elementOf(i.type(1)), b = elementOf(i.type(2));
  auto product = a && b && d ? makeWgmma(context.spec().tensorCore, i.shape.n, *a, *b, *d,
                                         context.fastMma())
                             : std::nullopt;
  if (!product) {
    context.fail("wgmma of this shape and these types is not simulated");
    return op;
  }
  op->product = *product;
  op->product.saturate = i.has(Mod::Satfinite);
  if (i.operands[1].kind == ptx::Operand::Kind::Vector)
    op->fragmentA = readList(*op, context, i.operands[1], 32);
  else
    op->descriptorA = readOperand(*op, context, i.operands[1], 64);
  op->descriptorB = readOperand(*op, context, i.operands[2], 64);
  op->scaleD = readOperand(*op, context, i.operands[3], 1);
  decodeImmediates(context, i, *op);
  readList(*op, context, i.operands[0], 32); // accumulators are read,
  op->accumulators = writeList(*op, context, i.operands[0], 32); // and written
  int perTile = *d == Element::F16 ? 2 : 4;
  if (op->accumulators.count != product->n / 8 * perTile ||
      (op->registersA() && op->fragmentA.count != 4))
    context.fail("wgmma.mma_async has a fragment of the wrong number of registers");
  return op;
}

std::unique_ptr<ExtendedOp> decodeWgmma(DecodeContext &context, const ptx::Instruction &i) {
  switch (i.opcode) {
  case Opcode::WgmmaFence:
    return decodeFence();
  case Opcode::WgmmaCommitGroup:
    return decodeCommit();
  case Opcode::WgmmaWaitGroup:
    return decodeWait(context, i);
  default:
    return decodeProduct(context, i);
  }
}

} // namespace tenon::sim
