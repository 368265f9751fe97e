//===- Pipeline.cpp - A product's loop through shared memory ------*- C++ -*-===//
//
// The loop and its steps; see Pipeline.h.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/Pipeline.h"

#include "dialects/tile/Schedules.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Iterators.h"

using namespace mlir;

namespace tenon::tile {

std::optional<PipelineSchedule> PipelineSchedule::of(FuncOp func) {
  auto attr = func->getAttrOfType<DenseI64ArrayAttr>(kPipelineAttr);
  if (!attr || attr.size() != 6)
    return std::nullopt;
  ArrayRef<int64_t> v = attr.asArrayRef();
  return PipelineSchedule{v[0], v[1], v[2], v[3], v[4], v[5]};
}

static bool isNarrow(Type tile) {
  Type element = getElementTypeOrSelf(tile);
  return element.isF16() || element.isBF16();
}

Distribution PipelineSchedule::accumulators(FuncOp func) const {
  bool isTensor = false;
  func.walk([&](DotOp dot) { isTensor |= isNarrow(dot.getA().getType()); });
  return Distribution((isTensor ? tensorAccumulator : scalarAccumulator)(m, n, warpsM, warpsN),
                      {0, 1});
}

DotOp Pipeline::productOf(scf::ForOp loop) {
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  if (yield.getNumOperands() != 1)
    return {};
  auto dot = yield.getOperand(0).getDefiningOp<DotOp>();
  return dot && dot.getAcc() == loop.getRegionIterArgs()[0] ? dot : DotOp();
}

/// Copies into \p body what \p tile is computed from, in front of its users there.
static Value sink(Value tile, Block *body, IRMapping &copies, OpBuilder &builder) {
  if (Value known = copies.lookupOrNull(tile))
    return known;
  Operation *op = tile.getDefiningOp();
  if (!op || !isa<RankedTensorType>(tile.getType()))
    return tile;
  for (Value operand : op->getOperands())
    copies.map(operand, sink(operand, body, copies, builder));
  builder.clone(*op, copies);
  return copies.lookup(tile);
}

/// Tiles outside of the loops lie as accumulators do.
static LogicalResult verifyTile(Operation &op, Type type, PipelineSchedule schedule) {
  auto tile = dyn_cast<RankedTensorType>(type);
  if (!tile || isa<ScratchOp>(op))
    return success();
  auto fits = [&](unsigned dim, int64_t size) {
    return tile.getDimSize(dim) == 1 || tile.getDimSize(dim) == size;
  };
  if (tile.getRank() != 2 || !fits(0, schedule.m) || !fits(1, schedule.n))
    return op.emitError("has a tile that does not lie over a product's threads: ") << type;
  return success();
}

LogicalResult Pipeline::prepare(FuncOp func) {
  SmallVector<DotOp> dots;
  func.walk([&](scf::ForOp loop) {
    if (DotOp dot = productOf(loop))
      dots.push_back(dot);
  });
  for (DotOp dot : dots) {
    OpBuilder builder(dot);
    for (OpOperand *side : {&dot.getAMutable(), &dot.getBMutable()}) {
      IRMapping copies;
      side->set(sink(side->get(), dot->getBlock(), copies, builder));
    }
  }
  // What is left without a user was an operand's.
  bool changed = true;
  while (changed) {
    changed = false;
    func.walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
      bool isTile = op->getNumResults() == 1 && isa<RankedTensorType>(op->getResult(0).getType());
      if (!isTile || !op->use_empty() || op->getNumRegions())
        return;
      op->erase();
      changed = true;
    });
  }
  for (Operation &op : func.getBody().front())
    for (Type type : op.getResultTypes())
      if (failed(verifyTile(op, type, *PipelineSchedule::of(func))))
        return failure();
  return success();
}

SharedAddresses::SharedAddresses(BitMatrix offsets, int64_t elementBytes,
                                 ArrayRef<std::pair<unsigned, uint64_t>> threads)
    : offsets(std::move(offsets)), bytes(elementBytes) {
  for (auto [bit, element] : threads) {
    images.push_back({bit, constant(element)});
    span |= images.back().second;
  }
}

Pipeline::Pipeline(GpuEmitter &emitter, scf::ForOp loop, DotOp dot)
    : emitter(emitter), builder(emitter.builder), loop(loop), dot(dot),
      schedule(*PipelineSchedule::of(emitter.func)), isTensor(isNarrow(dot.getA().getType())) {}

/// The exclusive or of what the thread number's bits stand for, an i64.
Value Pipeline::threadOffset(const SharedAddresses &addresses) {
  Type i32 = builder.getI32Type();
  Value all = builder.integer(i32, 0);
  for (auto [bit, image] : addresses.threadBits()) {
    Value isSet = arith::AndIOp::create(builder, emitter.thread, builder.integer(i32, 1 << bit));
    Value off = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, isSet,
                                      builder.integer(i32, 0));
    Value part = builder.select(off, builder.integer(i32, 0), builder.integer(i32, image));
    all = arith::XOrIOp::create(builder, all, part);
  }
  return arith::ExtUIOp::create(builder, builder.getI64Type(), all);
}

/// The thread's offset with each pattern of constant bits that it may meet.
llvm::MapVector<uint64_t, Value> Pipeline::basesOf(const SharedAddresses &addresses,
                                                   ArrayRef<uint64_t> elements) {
  llvm::MapVector<uint64_t, Value> bases;
  Value start = threadOffset(addresses);
  for (uint64_t element : elements) {
    uint64_t low = addresses.low(addresses.constant(element));
    if (!bases.contains(low))
      bases[low] = low ? arith::XOrIOp::create(builder, start, builder.i64(low)).getResult() : start;
  }
  return bases;
}

Value Pipeline::nextStep(Value step) {
  Value next = builder.add(step, builder.i64(stepBytes));
  Value wraps = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, next,
                                      builder.i64(stepBytes * schedule.stages));
  return builder.select(wraps, builder.i64(0), next);
}

LogicalResult Pipeline::copyStep(Value iv, Value step, bool isFirst) {
  return failure(failed(copySide(left, iv, step, isFirst)) ||
                 failed(copySide(right, iv, step, isFirst)));
}

/// A step's copies, if there is such a step, as one group.
LogicalResult Pipeline::copyIf(Value iv, Value step, bool isFirst) {
  Value upper = emitter.scalar(loop.getUpperBound());
  Value exists = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, iv, upper);
  Block *copy = emitter.newBlock(), *next = emitter.newBlock();
  LLVM::CondBrOp::create(builder, exists, copy, next);
  emitter.enter(copy);
  if (failed(copyStep(iv, step, isFirst)))
    return failure();
  LLVM::BrOp::create(builder, ValueRange{}, next);
  emitter.enter(next);
  NVVM::CpAsyncCommitGroupOp::create(builder);
  return success();
}

LogicalResult Pipeline::run() {
  if (failed(planSide(left, dot.getA(), 1)) || failed(planSide(right, dot.getB(), 0)))
    return failure();
  right.begin = left.bytes();
  stepBytes = left.bytes() + right.bytes();
  emitter.pipelineBytes = std::max(emitter.pipelineBytes, stepBytes * schedule.stages);
  shared = emitter.sharedMemory("_scratch", 0);
  layOutReads();
  for (Side *side : {&left, &right}) {
    side->readBases = basesOf(side->read, elementsRead(*side));
    side->writeBases = basesOf(side->write, llvm::to_vector(llvm::make_second_range(side->vectors())));
  }
  for (Side *side : {&left, &right})
    if (failed(emitIn(*side, side->once, /*isFirst=*/true)))
      return failure();

  Type i64 = builder.getI64Type();
  Value first = emitter.scalar(loop.getLowerBound()), upper = emitter.scalar(loop.getUpperBound());
  Value stride = emitter.scalar(loop.getStep());
  auto after = [&](Value iv, int64_t steps) {
    return builder.add(iv, builder.mul(stride, builder.i64(steps)));
  };
  for (int64_t step = 0; step + 1 < schedule.stages; ++step)
    if (failed(copyIf(after(first, step), builder.i64(step * stepBytes), step == 0)))
      return failure();

  SmallVector<Value> inits{first, builder.i64(0), builder.i64((schedule.stages - 1) * stepBytes)};
  emitter.flatten(loop.getInitArgs()[0], inits);
  Block *header = emitter.newBlock(), *body = emitter.newBlock(), *exit = emitter.newBlock();
  LLVM::BrOp::create(builder, inits, header);
  emitter.enter(header);
  for (size_t i = 0; i < inits.size(); ++i)
    header->addArgument(i < 3 ? i64 : inits[i].getType(), loop.getLoc());
  Value iv = header->getArgument(0), read = header->getArgument(1), write = header->getArgument(2);
  SmallVector<Value> sums(header->args_begin() + 3, header->args_end());
  Value more = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, iv, upper);
  LLVM::CondBrOp::create(builder, more, body, exit);
  emitter.enter(body);
  NVVM::CpAsyncWaitGroupOp::create(builder, schedule.stages - 2);
  emitter.barrier();
  if (failed(copyIf(after(iv, schedule.stages - 1), write, /*isFirst=*/false)))
    return failure();
  startReads(read);
  SmallVector<Value> next{after(iv, 1), nextStep(read), nextStep(write)};
  next.append(multiply(sums));
  LLVM::BrOp::create(builder, next, header);
  emitter.enter(exit);
  SmallVector<Piece> pieces;
  for (Value sum : sums)
    pieces.push_back({sum, false});
  Value result = loop.getResult(0);
  emitter.define(result, emitter.layoutOf(result.getType()), std::move(pieces));
  return success();
}

} // namespace tenon::tile
