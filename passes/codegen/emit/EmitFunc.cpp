//===- EmitFunc.cpp - The frame around a tile program -------------*- C++ -*-===//
//
// The entry reads the argument block and calls the body with bare pointers, so
// that `noalias` can be said of them; the body computes sizes once and loops over
// its blocks.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/TileEmitter.h"

using namespace mlir;

namespace tenon::tile {

TileEmitter::TileEmitter(FuncOp func, CpuFeatures features)
    : func(func), features(features), width(features == CpuFeatures::Avx512 ? 16 : 8),
      builder(func.getLoc(), func.getContext()) {}

TileEmitter::TileEmitter(FuncOp func, int64_t width)
    : func(func), features(CpuFeatures::Avx2), width(width),
      builder(func.getLoc(), func.getContext()) {}

DimExpr scratchSize(ScratchOp op) {
  Type element = cast<ViewType>(op.getType()).getElementType();
  int64_t bytes = std::max(1u, element.getIntOrFloatBitWidth() / 8);
  DimExpr elements = DimExpr(op.getElements()).max(DimExpr::constant(op.getContext(), 0));
  return (elements * bytes).ceilDiv(64) * 64;
}

LogicalResult TileEmitter::run() {
  builder.setInsertionPointAfter(func);
  LLVM::LLVMFuncOp body = createBody();
  if (failed(emitBody(body)))
    return failure();
  emitEntry(body);
  return success();
}

Type TileEmitter::elementOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isIndex() ? builder.getI64Type() : element;
}

/// Views, then symbols, scratch, begin, end.
LLVM::LLVMFuncOp TileEmitter::createBody() {
  size_t views = func.getViews().size();
  SmallVector<Type> inputs(views + 2, builder.pointerType());
  inputs.append(2, builder.getI64Type());
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), inputs);
  auto body = LLVM::LLVMFuncOp::create(builder, (func.getSymName() + ".body").str(), type,
                                       LLVM::Linkage::Internal, /*dsoLocal=*/true);
  for (size_t i = 0; i < views + 2; ++i)
    if (i >= views || !func.getArgAttr(i, kMayAlias))
      body.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  return body;
}

void TileEmitter::emitEntry(LLVM::LLVMFuncOp body) {
  Type pointer = builder.pointerType(), i64 = builder.getI64Type();
  builder.setInsertionPointAfter(body);
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), {pointer});
  auto entry = LLVM::LLVMFuncOp::create(builder, func.getSymName(), type);
  entry->setAttr(kChecksAttr, builder.getArrayAttr(checks));
  entry->setAttr(kScratchAttr, scratchBytes.getAttr());
  enter(entry.addEntryBlock(builder));
  Value args = entry.getArgument(0);
  auto field = [&](Type type, int64_t index) {
    return builder.load(type, builder.address(i64, args, index));
  };
  Value buffers = field(pointer, 0);
  SmallVector<Value> operands;
  for (size_t i = 0; i < func.getViews().size(); ++i)
    operands.push_back(builder.load(pointer, builder.address(pointer, buffers, i)));
  operands.append({field(pointer, 1), field(pointer, 2), field(i64, 3), field(i64, 4)});
  auto call = LLVM::CallOp::create(builder, body, operands);
  LLVM::ReturnOp::create(builder, call.getResults());
}

LogicalResult TileEmitter::emitBody(LLVM::LLVMFuncOp body) {
  if (!func.getBody().hasOneBlock())
    return func.emitError("cannot compile a tile program of several blocks; use scf");
  region = &body.getBody();
  enter(body.addEntryBlock(builder));
  size_t views = func.getViews().size();
  for (auto [view, pointer] : llvm::zip(func.getViews(), body.getArguments()))
    pointers[view] = pointer;
  for (auto [index, symbol] : llvm::enumerate(func.getSymbols().getAsRange<StringAttr>()))
    symbolValues[symbol.getValue()] =
        builder.load(builder.getI64Type(),
                     builder.address(builder.getI64Type(), body.getArgument(views), index));
  spill = LLVM::AllocaOp::create(builder, builder.pointerType(), builder.getI64Type(),
                                 builder.i64(1), /*alignment=*/8);
  if (failed(emitSizes(body.getArgument(views + 1))))
    return failure();

  Block *header = newBlock(), *loop = newBlock(), *exit = newBlock();
  failBlock = newBlock();
  Value block = header->addArgument(builder.getI64Type(), func.getLoc());
  failBlock->addArgument(builder.getI32Type(), func.getLoc());
  LLVM::BrOp::create(builder, body.getArgument(views + 2), header);
  enter(header);
  Value more =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, block, body.getArgument(views + 3));
  LLVM::CondBrOp::create(builder, more, loop, exit);
  enter(loop);
  defineScalar(func.getBlockId(), block);
  if (failed(emitBlock(func.getBody().front())))
    return failure();
  builder.setLoc(func.getLoc());
  LLVM::BrOp::create(builder, builder.add(block, builder.i64(1)), header);
  enter(exit);
  LLVM::ReturnOp::create(builder, builder.integer(builder.getI32Type(), 0));
  enter(failBlock);
  LLVM::ReturnOp::create(builder, failBlock->getArgument(0));
  return success();
}

/// Sizes are the same for all blocks: computed in the entry, as is the place of
/// each scratch view, one after the other at multiples of 64 bytes.
LogicalResult TileEmitter::emitSizes(Value scratch) {
  scratchBytes = DimExpr::constant(builder.getContext(), 0);
  WalkResult result = func.walk([&](Operation *op) {
    builder.setLoc(op->getLoc());
    if (auto dim = dyn_cast<DimOp>(op)) {
      FailureOr<Value> value = emitExpr(DimExpr(dim.getExpr()));
      if (failed(value))
        return dim.emitError("has a size that cannot be computed"), WalkResult::interrupt();
      defineScalar(dim, *value);
    } else if (auto place = dyn_cast<ScratchOp>(op)) {
      FailureOr<Value> offset = emitExpr(scratchBytes);
      scratchBytes = scratchBytes + scratchSize(place);
      if (failed(offset) || scratchBytes.isInvalid())
        return place.emitError("has a size that cannot be computed"), WalkResult::interrupt();
      pointers[place] = builder.address(builder.getI8Type(), scratch, *offset);
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

} // namespace tenon::tile
