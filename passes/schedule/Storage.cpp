//===- Storage.cpp - where tensors lie --------------------------*- C++ -*-===//
//
// The part of ProgramBuilder that hands out buffers.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/ProgramBuilder.h"

using namespace mlir;

namespace tenon {

DimExpr byteSize(Type tensorType) {
  auto type = cast<RankedTensorType>(tensorType);
  return product(type.getContext(), getDims(type)) * elementBytes(type);
}

Value ProgramBuilder::destination(Value tensor) {
  Value buffer = wanted.lookup(tensor);
  if (!buffer)
    buffer = createPlace(tensor.getType());
  storage[tensor] = buffer;
  return buffer;
}

/// Whether an operation writes its results to any buffer that it is given.
static bool writesWherever(Operation *op) {
  return isa<KernelOp, IfOp, LoopOp, DimOp, CallOp>(op) || isa<spmd::SpmdDialect>(op->getDialect());
}

void ProgramBuilder::want(Value tensor, Value buffer, Block *block) {
  while (auto reshape = tensor.getDefiningOp<ReshapeOp>())
    tensor = reshape.getInput();
  Operation *maker = tensor.getDefiningOp();
  if (maker && maker->getBlock() == block && writesWherever(maker))
    wanted.try_emplace(tensor, buffer);
}

void ProgramBuilder::copyIfElsewhere(Location loc, Value tensor, Value buffer) {
  Value source = bufferOf(tensor);
  if (source != buffer)
    exec::CopyOp::create(builder, loc, source, buffer);
}

/// The program's arena where inputs bind all symbols of the size, else the one
/// made after the last binding.
Value ProgramBuilder::currentArena(DimExpr size) {
  bool early = true;
  size.walkLeaves(
      [&](DimExpr leaf) { early &= !leaf.isSymbol() || boundByInputs.contains(leaf.getSymbol()); });
  return early ? arenas.front().arena : arenas.back().arena;
}

Value ProgramBuilder::createPlace(Type tensorType) {
  DimExpr size = byteSize(tensorType);
  Value arena = currentArena(size);
  auto scope = llvm::find_if(arenas, [&](ArenaScope &s) { return s.arena == arena; });
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(scope->last);
  auto place =
      exec::PlaceOp::create(builder, func.getLoc(), exec::BufferType::get(func.getContext()), arena,
                            cast<DimExprAttr>(size.getAttr()), ValueRange());
  scope->last = place;
  return place;
}

} // namespace tenon
