//===- MemoryAccess.cpp - One piece from or to memory -------------*- C++ -*-===//
//
// See MemoryAccess.h for the forms; the choice is in load() and store().
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/MemoryAccess.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tenon::tile {

MemoryAccess::MemoryAccess(VectorBuilder &builder, CpuFeatures features, Type element, Value spill)
    : builder(builder), features(features), memoryElement(element), isBool(element.isInteger(1)),
      spill(spill) {
  if (isBool)
    memoryElement = builder.getI8Type();
}

Value MemoryAccess::fromMemory(Value value) {
  if (!isBool)
    return value;
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, value,
                               builder.zero(value.getType()));
}

Value MemoryAccess::toMemory(Value value) {
  if (!isBool)
    return value;
  return arith::ExtUIOp::create(builder, vectorType(memoryElement, lanesOf(value.getType())),
                                value);
}

Value MemoryAccess::maskVector(Piece mask, int64_t lanes) {
  return mask.splat ? builder.splat(mask.value, lanes) : mask.value;
}

/// What masked-off lanes hold, as it would be in memory.
Value MemoryAccess::fillVector(Value fill, int64_t lanes) {
  if (!fill)
    return builder.zero(vectorType(memoryElement, lanes));
  return builder.splat(toMemory(fill), lanes);
}

bool MemoryAccess::hasGather() const {
  return features == CpuFeatures::Avx512 && memoryElement.getIntOrFloatBitWidth() >= 32;
}

Value MemoryAccess::loadScalar(Value pointer, Value mask, Value fill) {
  if (!mask)
    return builder.load(memoryElement, pointer);
  Value loaded = builder.load(memoryElement, builder.select(mask, pointer, spill));
  return builder.select(mask, loaded, fillVector(fill, 1));
}

void MemoryAccess::storeScalar(Value value, Value pointer, Value mask) {
  builder.store(value, mask ? builder.select(mask, pointer, spill) : pointer);
}

Value MemoryAccess::loadContiguous(Value pointer, int64_t lanes, Piece mask, Value fill) {
  Type type = vectorType(memoryElement, lanes);
  if (!mask.value)
    return builder.load(type, pointer);
  unsigned alignment = std::max(1u, memoryElement.getIntOrFloatBitWidth() / 8);
  return LLVM::MaskedLoadOp::create(builder, type, pointer, maskVector(mask, lanes),
                                    fillVector(fill, lanes), alignment);
}

/// Elements 0, 2, ... 2(n-1) lie in the n elements from 0 and the n from n-1; no
/// element past the last is read.
Value MemoryAccess::loadEverySecond(Value pointer, int64_t lanes) {
  Type type = vectorType(memoryElement, lanes);
  Value lower = builder.load(type, pointer);
  Value upper = builder.load(type, builder.address(memoryElement, pointer, lanes - 1));
  SmallVector<int32_t> picks;
  for (int64_t lane = 0; lane < lanes; ++lane)
    picks.push_back(2 * lane < lanes ? 2 * lane : 2 * lane - (lanes - 1) + lanes);
  return builder.shuffle(lower, upper, picks);
}

/// Wraps as address arithmetic does: lanes that far away are masked.
static int64_t laneOffset(int64_t lane, int64_t stride) {
  return static_cast<int64_t>(static_cast<uint64_t>(lane) * static_cast<uint64_t>(stride));
}

Value MemoryAccess::pointersAt(Value pointer, int64_t lanes, OpFoldResult stride) {
  auto constant = getConstantIntValue(stride);
  SmallVector<int64_t> numbers;
  for (int64_t lane = 0; lane < lanes; ++lane)
    numbers.push_back(constant ? laneOffset(lane, *constant) : lane);
  auto type = VectorType::get({lanes}, builder.getI64Type());
  Value offsets =
      arith::ConstantOp::create(builder, DenseElementsAttr::get(type, ArrayRef<int64_t>(numbers)));
  if (!constant)
    offsets = builder.mul(offsets, builder.splat(cast<Value>(stride), lanes));
  return builder.address(memoryElement, pointer, offsets);
}

/// The pointer of one lane.
static Value lanePointer(VectorBuilder &builder, Type element, Value pointer, int64_t lane,
                         OpFoldResult stride) {
  if (auto constant = getConstantIntValue(stride))
    return builder.address(element, pointer, laneOffset(lane, *constant));
  return builder.address(element, pointer, builder.mul(cast<Value>(stride), builder.i64(lane)));
}

Piece MemoryAccess::load(Value pointer, int64_t lanes, OpFoldResult stride, Piece mask,
                         Value fill) {
  bool uniform = !mask.value || mask.splat || lanes == 1;
  if (lanes == 1)
    return {fromMemory(loadScalar(pointer, mask.value, fill)), false};
  if (isConstantIntValue(stride, 0)) {
    if (uniform)
      return {fromMemory(loadScalar(pointer, mask.value, fill)), true};
    Value any = LLVM::vector_reduce_or::create(builder, builder.getI1Type(), mask.value);
    Value all = builder.splat(loadScalar(pointer, any, fill), lanes);
    return {fromMemory(builder.select(mask.value, all, fillVector(fill, lanes))), false};
  }
  if (isConstantIntValue(stride, 1))
    return {fromMemory(loadContiguous(pointer, lanes, mask, fill)), false};
  if (isConstantIntValue(stride, 2) && !mask.value && lanes >= 4)
    return {fromMemory(loadEverySecond(pointer, lanes)), false};
  if (hasGather() && mask.value)
    return {gather(pointersAt(pointer, lanes, stride), mask, fill), false};
  Value result = LLVM::PoisonOp::create(builder, vectorType(memoryElement, lanes));
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value on = !mask.value || mask.splat ? mask.value : builder.lane(mask.value, lane);
    Value at = lanePointer(builder, memoryElement, pointer, lane, stride);
    result = builder.withLane(result, loadScalar(at, on, fill), lane);
  }
  return {fromMemory(result), false};
}

void MemoryAccess::store(Piece value, Value pointer, int64_t lanes, OpFoldResult stride,
                         Piece mask) {
  if (lanes == 1)
    return storeScalar(toMemory(value.value), pointer, mask.value);
  Value vector = toMemory(value.splat ? builder.splat(value.value, lanes) : value.value);
  if (isConstantIntValue(stride, 1)) {
    if (!mask.value)
      return builder.store(vector, pointer);
    unsigned alignment = std::max(1u, memoryElement.getIntOrFloatBitWidth() / 8);
    LLVM::MaskedStoreOp::create(builder, vector, pointer, maskVector(mask, lanes), alignment);
    return;
  }
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value on = !mask.value || mask.splat ? mask.value : builder.lane(mask.value, lane);
    storeScalar(builder.lane(vector, lane),
                lanePointer(builder, memoryElement, pointer, lane, stride), on);
  }
}

Value MemoryAccess::gather(Value pointers, Piece mask, Value fill) {
  return fromMemory(gatherStored(pointers, mask, fill));
}

Value MemoryAccess::gatherStored(Value pointers, Piece mask, Value fill) {
  int64_t lanes = lanesOf(pointers.getType());
  if (hasGather()) {
    Value on = mask.value ? maskVector(mask, lanes)
                          : builder.integer(vectorType(builder.getI1Type(), lanes), 1);
    unsigned alignment = memoryElement.getIntOrFloatBitWidth() / 8;
    return LLVM::masked_gather::create(builder, vectorType(memoryElement, lanes), pointers, on,
                                       ValueRange{fillVector(fill, lanes)}, alignment);
  }
  Value result = LLVM::PoisonOp::create(builder, vectorType(memoryElement, lanes));
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value on = !mask.value || mask.splat ? mask.value : builder.lane(mask.value, lane);
    result = builder.withLane(result, loadScalar(builder.lane(pointers, lane), on, fill), lane);
  }
  return result;
}

void MemoryAccess::scatter(Value value, Value pointers, Piece mask) {
  Value vector = toMemory(value);
  int64_t lanes = lanesOf(pointers.getType());
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value on = !mask.value || mask.splat ? mask.value : builder.lane(mask.value, lane);
    storeScalar(builder.lane(vector, lane), builder.lane(pointers, lane), on);
  }
}

} // namespace tenon::tile
