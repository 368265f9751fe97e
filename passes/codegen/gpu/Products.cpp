//===- Products.cpp - Multiplying out of shared memory ------------*- C++ -*-===//
//
// Tensor cores: a warp's tile is squares of 16 x 8; ldmatrix brings four 8 x 8
// matrices at once: a left side of 16 x 16, or two right sides of 16 x 8. Where memory
// is contiguous across k, ldmatrix turns them.
//
//   lanes of a left side's addresses:   0-7 rows, 8 further rows, 8 further k
//   lanes of two right sides':          0-7 columns (or k), 8 further k, next square
//
// CUDA cores: four k at a time, in order, one fused multiply-add each, so that sums
// are those of any other machine.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/Pipeline.h"

using namespace mlir;

namespace tenon::tile {

void Pipeline::layOutReads() {
  for (Side *side : {&left, &right}) {
    bool isLeft = side == &left;
    SmallVector<std::pair<unsigned, uint64_t>> threads;
    if (isTensor) {
      // Across: rows of the left side, columns of the right one.
      uint64_t across = side->element(1, 0), depth = side->element(0, 1);
      uint64_t rows = side->depthInner() ? across : depth;
      for (unsigned bit = 0; bit < 3; ++bit)
        threads.push_back({bit, rows << bit});
      threads.push_back({3, isLeft ? across * 8 : depth * 8});
      threads.push_back({4, isLeft ? depth * 8 : across * 8});
    }
    for (ThreadBit bit : emitter.accumulators.spreads()[isLeft ? 0 : 1].threads)
      if (!isTensor || bit.bit >= 5)
        threads.push_back({bit.bit, side->element(bit.position, 0)});
    side->read = side->read.over(threads);
  }
}

/// The elements at which this thread's reads of a step start.
SmallVector<uint64_t> Pipeline::elementsRead(Side &side) {
  bool isLeft = &side == &left;
  SmallVector<uint64_t> elements;
  if (isTensor) {
    int64_t size = isLeft ? schedule.warpM() : schedule.warpN();
    for (int64_t k = 0; k < schedule.k; k += 16)
      for (int64_t other = 0; other < size; other += 16)
        elements.push_back(side.element(other, k));
    return elements;
  }
  for (int64_t k = 0; k < schedule.k; ++k)
    for (int64_t other : emitter.accumulators.spreads()[isLeft ? 0 : 1].registers)
      elements.push_back(side.element(other, k));
  return elements;
}

/// Bases of this step: the thread's offsets, after the step's.
void Pipeline::startReads(Value step) {
  Type i8 = builder.getI8Type();
  for (Side *side : {&left, &right}) {
    side->stepBases.clear();
    for (auto [low, offset] : side->readBases)
      side->stepBases[low] = builder.address(i8, shared, builder.add(step, offset));
  }
}

Value Pipeline::readAddress(Side &side, uint64_t element) {
  uint64_t constant = side.read.constant(element);
  Value base = side.stepBases.lookup(side.read.low(constant));
  return builder.address(builder.getI8Type(), base, side.begin + side.read.high(constant));
}

SmallVector<Value> Pipeline::multiply(ArrayRef<Value> sums) {
  builder.setLoc(dot.getLoc());
  return isTensor ? multiplyTensor(sums) : multiplyScalar(sums);
}

SmallVector<Value> Pipeline::loadMatrices(Side &side, uint64_t element, bool transposed) {
  Type i32 = builder.getI32Type();
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), {i32, i32, i32, i32});
  auto shape = NVVM::LdStMatrixShapeAttr::get(builder.getContext(), 8, 8);
  Value all = NVVM::LdMatrixOp::create(
      builder, type, readAddress(side, element), 4,
      transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row, shape, NVVM::LdStMatrixEltType::B16);
  SmallVector<Value> result;
  for (int64_t i = 0; i < 4; ++i)
    result.push_back(LLVM::ExtractValueOp::create(builder, all, i));
  return result;
}

SmallVector<Value> Pipeline::multiplyTensor(ArrayRef<Value> sums) {
  SmallVector<Value> acc(sums);
  Type f32 = builder.getF32Type(), element = getElementTypeOrSelf(dot.getA().getType());
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), {f32, f32, f32, f32});
  int64_t rows = schedule.warpM() / 16, columns = schedule.warpN() / 8;
  auto asOperand = [&](Value word) -> Value {
    if (element.isBF16())
      return word;
    return LLVM::BitcastOp::create(builder, VectorType::get({2}, element), word);
  };
  std::optional<std::array<NVVM::MMATypes, 2>> types;
  if (element.isBF16())
    types = {NVVM::MMATypes::bf16, NVVM::MMATypes::bf16};
  std::array<NVVM::MMALayout, 2> layouts{NVVM::MMALayout::row, NVVM::MMALayout::col};
  for (int64_t k = 0; k < schedule.k; k += 16) {
    SmallVector<SmallVector<Value>> a, b;
    for (int64_t row = 0; row < rows; ++row)
      a.push_back(llvm::map_to_vector(
          loadMatrices(left, left.element(row * 16, k), !left.depthInner()), asOperand));
    for (int64_t pair = 0; pair < columns; pair += 2) {
      auto words = llvm::map_to_vector(
          loadMatrices(right, right.element(pair * 8, k), !right.depthInner()), asOperand);
      b.push_back({words[0], words[1]});
      b.push_back({words[2], words[3]});
    }
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        // Registers (row half, column): two neighbours of row r, two of row r + 8.
        int64_t first = row * 2 * columns * 2 + column * 2, second = first + columns * 2;
        Value c[] = {acc[first], acc[first + 1], acc[second], acc[second + 1]};
        Value d = NVVM::MmaOp::create(builder, type, a[row], b[column], c,
                                      ArrayRef<int64_t>{16, 8, 16}, std::nullopt, std::nullopt,
                                      types, layouts);
        int64_t places[] = {first, first + 1, second, second + 1};
        for (auto [i, at] : llvm::enumerate(places))
          acc[at] = LLVM::ExtractValueOp::create(builder, d, i);
      }
  }
  return acc;
}

/// This thread's elements at four k: [k][element].
SmallVector<Value> Pipeline::loadElements(Side &side, int64_t depth) {
  auto type = VectorType::get({4}, builder.getF32Type());
  ArrayRef<int64_t> own = emitter.accumulators.spreads()[&side == &left ? 0 : 1].registers;
  int64_t count = own.size();
  SmallVector<Value> result(4 * count);
  auto load = [&](int64_t other, int64_t k) {
    return LLVM::LoadOp::create(builder, type, readAddress(side, side.element(other, k)), 16);
  };
  if (side.depthInner()) {
    for (int64_t i = 0; i < count; ++i) {
      Value vector = load(own[i], depth);
      for (int64_t k = 0; k < 4; ++k)
        result[k * count + i] = builder.lane(vector, k);
    }
    return result;
  }
  for (int64_t k = 0; k < 4; ++k)
    for (int64_t i = 0; i < count; i += 4) {
      Value vector = load(own[i], depth + k);
      for (int64_t j = 0; j < 4; ++j)
        result[k * count + i + j] = builder.lane(vector, j);
    }
  return result;
}

SmallVector<Value> Pipeline::multiplyScalar(ArrayRef<Value> sums) {
  SmallVector<Value> acc(sums);
  ArrayRef<Spread> spreads = emitter.accumulators.spreads();
  int64_t rows = spreads[0].registers.size(), columns = spreads[1].registers.size();
  for (int64_t depth = 0; depth < schedule.k; depth += 4) {
    SmallVector<Value> a = loadElements(left, depth), b = loadElements(right, depth);
    for (int64_t k = 0; k < 4; ++k)
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column) {
          Value &sum = acc[row * columns + column];
          sum = LLVM::FMAOp::create(builder, a[k * rows + row], b[k * columns + column], sum);
        }
  }
  return acc;
}

} // namespace tenon::tile
