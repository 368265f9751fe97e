//===- VectorBuilder.cpp - Instructions on scalars and vectors ----*- C++ -*-===//
//
// See VectorBuilder.h.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/VectorBuilder.h"

#include <numeric>

using namespace mlir;

namespace tenon {

int64_t lanesOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.getNumElements() : 1;
}

Type vectorType(Type element, int64_t lanes) {
  return lanes == 1 ? element : VectorType::get({lanes}, element);
}

Value VectorBuilder::integer(Type type, int64_t value) {
  TypedAttr attr = getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, attr);
  return arith::ConstantOp::create(*this, attr);
}

Value VectorBuilder::zero(Type type) { return arith::ConstantOp::create(*this, getZeroAttr(type)); }

Value VectorBuilder::add(Value a, Value b) { return createOrFold<arith::AddIOp>(a, b); }
Value VectorBuilder::sub(Value a, Value b) { return createOrFold<arith::SubIOp>(a, b); }
Value VectorBuilder::mul(Value a, Value b) { return createOrFold<arith::MulIOp>(a, b); }

Value VectorBuilder::address(Type element, Value base, Value index) {
  Type pointer = getElementTypeOrSelf(base.getType());
  return LLVM::GEPOp::create(*this, vectorType(pointer, lanesOf(index.getType())), element,
                             base, ArrayRef<LLVM::GEPArg>{index});
}

Value VectorBuilder::address(Type element, Value base, int64_t index) {
  if (index == 0)
    return base;
  if (index != int32_t(index))
    return address(element, base, i64(index));
  return LLVM::GEPOp::create(*this, base.getType(), element, base,
                             ArrayRef<LLVM::GEPArg>{int32_t(index)});
}

/// Buffers are aligned to their elements, not to vectors.
static unsigned alignmentOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isIntOrFloat() ? std::max(1u, element.getIntOrFloatBitWidth() / 8) : 8;
}

Value VectorBuilder::load(Type type, Value pointer) {
  return LLVM::LoadOp::create(*this, type, pointer, alignmentOf(type));
}

void VectorBuilder::store(Value value, Value pointer) {
  LLVM::StoreOp::create(*this, value, pointer, alignmentOf(value.getType()));
}

Value VectorBuilder::splat(Value scalar, int64_t lanes) {
  if (lanes == 1)
    return scalar;
  auto type = VectorType::get({lanes}, scalar.getType());
  Attribute constant;
  if (matchPattern(scalar, m_Constant(&constant)))
    return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, constant));
  Value poison = LLVM::PoisonOp::create(*this, type);
  Value first = withLane(poison, scalar, 0);
  return shuffle(first, poison, SmallVector<int32_t>(lanes, 0));
}

Value VectorBuilder::lane(Value vector, int64_t lane) {
  if (!isa<VectorType>(vector.getType()))
    return vector;
  return LLVM::ExtractElementOp::create(*this, vector, i64(lane));
}

Value VectorBuilder::withLane(Value vector, Value scalar, int64_t lane) {
  return LLVM::InsertElementOp::create(*this, vector, scalar, i64(lane));
}

Value VectorBuilder::shuffle(Value a, Value b, ArrayRef<int32_t> lanes) {
  return LLVM::ShuffleVectorOp::create(*this, a, b, lanes);
}

Value VectorBuilder::slice(Value vector, int64_t first, int64_t lanes) {
  if (lanes == lanesOf(vector.getType()))
    return vector;
  return shuffle(vector, vector, llvm::to_vector(llvm::seq<int32_t>(first, first + lanes)));
}

Value VectorBuilder::concat(Value a, Value b) {
  int64_t first = lanesOf(a.getType()), second = lanesOf(b.getType());
  // Both sides of a shuffle have the same type: widen the shorter.
  SmallVector<int32_t> widen(first, -1);
  std::iota(widen.begin(), widen.begin() + second, 0);
  if (first != second)
    b = shuffle(b, b, widen);
  return shuffle(a, b, llvm::to_vector(llvm::seq<int32_t>(0, first + second)));
}

Value VectorBuilder::select(Value condition, Value a, Value b) {
  return LLVM::SelectOp::create(*this, condition, a, b);
}

} // namespace tenon
