//===- EmitControl.cpp - Dispatch and structured control flow -----*- C++ -*-===//
//
// scf operations become blocks; tiles that cross a block edge travel as one
// block argument per piece.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/TileEmitter.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tenon::tile {

Block *TileEmitter::newBlock() {
  region->push_back(new Block());
  return &region->back();
}

void TileEmitter::define(Value value, TileLayout layout, SmallVector<Piece> pieces) {
  values[value] = {std::move(layout), std::move(pieces)};
}

void TileEmitter::defineScalar(Value value, Value scalar) {
  define(value, TileLayout({}, width), {Piece{scalar, false}});
}

void TileEmitter::flatten(Value value, SmallVectorImpl<Value> &flat) {
  const Fragments &from = fragments(value);
  for (auto [index, piece] : llvm::enumerate(from.pieces))
    flat.push_back(vectorOf(piece, from.layout.chunkOf(index).lanes));
}

SmallVector<Value> TileEmitter::flatten(ValueRange range) {
  SmallVector<Value> flat;
  for (Value value : range)
    flatten(value, flat);
  return flat;
}

void TileEmitter::defineByArguments(ValueRange range, Block *block) {
  for (Value value : range) {
    TileLayout layout = layoutOf(value.getType());
    SmallVector<Piece> pieces;
    for (int64_t i = 0; i < layout.pieces(); ++i) {
      Type type = vectorType(elementOf(value.getType()), layout.chunkOf(i).lanes);
      pieces.push_back({block->addArgument(type, value.getLoc()), false});
    }
    define(value, std::move(layout), std::move(pieces));
  }
}

LogicalResult TileEmitter::emitBlock(Block &block) {
  for (Operation &op : block.without_terminator()) {
    builder.setLoc(op.getLoc());
    if (failed(emitOp(op)))
      return failure();
  }
  builder.setLoc(block.getTerminator()->getLoc());
  return success();
}

/// Tiles of more vectors than this are refused: they live in registers.
static constexpr int64_t kMaxPieces = 2048;

LogicalResult TileEmitter::verifySizes(Operation &op) {
  for (Type type : op.getResultTypes()) {
    int64_t elements = 1;
    for (int64_t size : shapeOf(type))
      elements = llvm::SaturatingMultiply<uint64_t>(elements, size);
    if (elements == 0)
      return op.emitError("has a tile without elements: ") << type;
    if (elements > kMaxPieces * 64 || layoutOf(type).pieces() > kMaxPieces)
      return op.emitError("has a tile of more than ") << kMaxPieces << " vectors: " << type;
  }
  return success();
}

LogicalResult TileEmitter::emitOp(Operation &op) {
  if (failed(verifySizes(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](arith::ConstantOp op) { return emitConstant(op); })
      .Case([&](scf::ForOp op) { return emitFor(op); })
      .Case([&](scf::IfOp op) { return emitIf(op); })
      .Case([&](scf::WhileOp op) { return emitWhile(op); })
      .Case<DimOp, ScratchOp>([&](auto) { return success(); })
      .Case([&](LoadOp op) { return emitLoad(op); })
      .Case([&](StoreOp op) { return emitStore(op); })
      .Case([&](GatherOp op) { return emitGather(op); })
      .Case([&](ScatterOp op) { return emitScatter(op); })
      .Case([&](CheckOp op) { return emitCheck(op); })
      .Case([&](IotaOp op) { return emitIota(op); })
      .Case([&](BroadcastOp op) { return emitBroadcast(op); })
      .Case([&](ReduceOp op) { return emitReduce(op); })
      .Case([&](DotOp op) { return emitDot(op); })
      .Case([&](SplatOp op) {
        TileLayout layout = layoutOf(op.getType());
        SmallVector<Piece> pieces(layout.pieces(), Piece{scalar(op.getScalar()), true});
        return define(op, std::move(layout), std::move(pieces)), success();
      })
      .Case([&](ExtractOp op) { return defineScalar(op, scalar(op.getTile())), success(); })
      .Default([&](Operation *op) { return emitElementwise(*op); });
}

/// header(iv, carried): iv < upper ? body : exit, the carried values are the results.
LogicalResult TileEmitter::emitFor(scf::ForOp op) {
  Block *header = newBlock(), *body = newBlock(), *exit = newBlock();
  Value upper = scalar(op.getUpperBound()), step = scalar(op.getStep());
  SmallVector<Value> start{scalar(op.getLowerBound())};
  start.append(flatten(op.getInitArgs()));
  LLVM::BrOp::create(builder, start, header);

  Value iv = header->addArgument(elementOf(op.getInductionVar().getType()), op.getLoc());
  defineScalar(op.getInductionVar(), iv);
  defineByArguments(op.getRegionIterArgs(), header);
  enter(header);
  auto less = op.getUnsignedCmp() ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
  LLVM::CondBrOp::create(builder, arith::CmpIOp::create(builder, less, iv, upper), body, exit);

  enter(body);
  if (failed(emitBlock(*op.getBody())))
    return failure();
  SmallVector<Value> next{builder.add(iv, step)};
  next.append(flatten(op.getBody()->getTerminator()->getOperands()));
  LLVM::BrOp::create(builder, next, header);

  enter(exit);
  for (auto [result, carried] : llvm::zip(op.getResults(), op.getRegionIterArgs())) {
    Fragments same = fragments(carried);
    values[result] = std::move(same);
  }
  return success();
}

LogicalResult TileEmitter::emitIf(scf::IfOp op) {
  bool hasElse = !op.getElseRegion().empty();
  Block *then = newBlock(), *other = hasElse ? newBlock() : nullptr, *merge = newBlock();
  LLVM::CondBrOp::create(builder, scalar(op.getCondition()), then, hasElse ? other : merge);
  for (Region *arm : op.getRegions()) {
    if (arm->empty())
      continue;
    enter(arm == &op.getThenRegion() ? then : other);
    if (failed(emitBlock(arm->front())))
      return failure();
    LLVM::BrOp::create(builder, flatten(arm->front().getTerminator()->getOperands()), merge);
  }
  defineByArguments(op.getResults(), merge);
  enter(merge);
  return success();
}

/// before(carried) -> condition(passed) ? after(passed) -> before : exit(passed)
LogicalResult TileEmitter::emitWhile(scf::WhileOp op) {
  Block *before = newBlock(), *after = newBlock(), *exit = newBlock();
  LLVM::BrOp::create(builder, flatten(op.getInits()), before);
  defineByArguments(op.getBeforeArguments(), before);
  enter(before);
  if (failed(emitBlock(*op.getBeforeBody())))
    return failure();
  scf::ConditionOp condition = op.getConditionOp();
  SmallVector<Value> passed = flatten(condition.getArgs());
  defineByArguments(op.getAfterArguments(), after);
  defineByArguments(op.getResults(), exit);
  LLVM::CondBrOp::create(builder, scalar(condition.getCondition()), after, passed, exit, passed);
  enter(after);
  if (failed(emitBlock(*op.getAfterBody())))
    return failure();
  LLVM::BrOp::create(builder, flatten(op.getYieldOp().getOperands()), before);
  enter(exit);
  return success();
}

/// One i1: whether all elements of a mask hold.
Value TileEmitter::allOf(const Fragments &mask) {
  Value all;
  for (Piece piece : mask.pieces) {
    Value one = piece.value;
    if (isa<VectorType>(one.getType()))
      one = LLVM::vector_reduce_and::create(builder, builder.getI1Type(), one);
    all = all ? arith::AndIOp::create(builder, all, one).getResult() : one;
  }
  return all;
}

LogicalResult TileEmitter::emitCheck(CheckOp op) {
  checks.push_back(op.getMessageAttr());
  Block *next = newBlock();
  Value code = builder.integer(builder.getI32Type(), checks.size());
  LLVM::CondBrOp::create(builder, allOf(fragments(op.getCondition())), next, ValueRange{},
                         failBlock, ValueRange{code});
  enter(next);
  return success();
}

} // namespace tenon::tile
