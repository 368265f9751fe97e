//===- Layout.cpp - Construction and questions --------------------*- C++ -*-===//
//
// See Layout.h.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/layout/Layout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cassert>
#include <functional>
#include <numeric>

namespace tenon::tile {

using llvm::ArrayRef;
using llvm::SmallVector;

static unsigned log2(int64_t size) { return llvm::Log2_64(size); }

/// Bits of the dimensions after \p dim: where its bits start in an element number.
static unsigned firstBit(ArrayRef<int64_t> shape, unsigned dim) {
  unsigned bits = 0;
  for (int64_t size : shape.drop_front(dim + 1))
    bits += log2(size);
  return bits;
}

Layout::Layout(ArrayRef<int64_t> core, ArrayRef<uint64_t> registers, ArrayRef<uint64_t> lanes,
               ArrayRef<uint64_t> warps)
    : coreShape(core), repetitions(core.size(), 1), registers(registers), lanes(lanes),
      warps(warps) {
  assert(llvm::all_of(core, [](int64_t size) { return llvm::isPowerOf2_64(size); }));
}

Layout Layout::blocked(ArrayRef<int64_t> shape, int64_t vector, int64_t threads) {
  assert(!shape.empty());
  unsigned bits = 0, next = 0;
  for (int64_t size : shape)
    bits += log2(size);
  SmallVector<uint64_t> registers, lanes, warps;
  auto take = [&](SmallVector<uint64_t> &to, unsigned count, bool fill) {
    for (unsigned i = 0; i < count; ++i) {
      if (next < bits)
        to.push_back(uint64_t(1) << next++);
      else if (fill)
        to.push_back(0); // a copy
    }
  };
  take(registers, std::min(log2(vector), log2(shape.back())), false);
  take(lanes, std::min(5u, log2(threads)), true);
  take(warps, log2(threads) - lanes.size(), true);
  take(registers, bits - next, false);
  return Layout(shape, registers, lanes, warps);
}

// PTX ISA, "Matrix Fragments for mma.m16n8k16": lane = 4 * group + member.
Layout Layout::mmaAccumulator() {
  constexpr uint64_t row = 8; // 16 x 8: a row is 8 elements
  return Layout({16, 8}, {1, 8 * row}, {2, 4, row, 2 * row, 4 * row}, {});
}

Layout Layout::mmaLeft() {
  constexpr uint64_t row = 16;
  return Layout({16, 16}, {1, 8 * row, 8}, {2, 4, row, 2 * row, 4 * row}, {});
}

Layout Layout::mmaRight() {
  constexpr uint64_t row = 8; // k x n
  return Layout({16, 8}, {row, 8 * row}, {2 * row, 4 * row, 1, 2, 4}, {});
}

SmallVector<int64_t> Layout::shape() const {
  SmallVector<int64_t> result;
  for (auto [size, times] : llvm::zip(coreShape, repetitions))
    result.push_back(size * times);
  return result;
}

unsigned Layout::elementBits() const { return firstBit(coreShape, -1u); }

static int64_t product(ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>());
}

int64_t Layout::numRegisters() const {
  return (int64_t(1) << registerBits()) * product(repetitions);
}

BitMatrix Layout::map() const {
  SmallVector<uint64_t> columns(registers);
  columns.append(lanes);
  columns.append(warps);
  return BitMatrix(columns, elementBits());
}

/// The digits of a number under these sizes, the last fastest.
static SmallVector<int64_t> digits(int64_t number, ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> result(sizes.size());
  for (size_t i = sizes.size(); i-- > 0; number /= sizes[i])
    result[i] = number % sizes[i];
  return result;
}

SmallVector<int64_t> Layout::elementAt(Slot slot) const {
  uint64_t inCore = slot.reg & ((uint64_t(1) << registerBits()) - 1);
  uint64_t word = inCore | slot.lane << registerBits() | slot.warp << (registerBits() + laneBits());
  SmallVector<int64_t> element = digits(map().apply(word), coreShape);
  SmallVector<int64_t> copy = digits(slot.reg >> registerBits(), repetitions);
  for (auto [at, number, size] : llvm::zip(element, copy, coreShape))
    at += number * size;
  return element;
}

Slot Layout::slotOf(ArrayRef<int64_t> coordinates) const {
  uint64_t element = 0, copy = 0;
  for (auto [at, size, times] : llvm::zip(coordinates, coreShape, repetitions)) {
    element = element * size + at % size;
    copy = copy * times + at / size;
  }
  std::optional<uint64_t> word = map().solve(element);
  assert(word && "the layout covers all elements");
  auto bitsAt = [&](unsigned first, unsigned count) {
    return *word >> first & ((uint64_t(1) << count) - 1);
  };
  return {bitsAt(0, registerBits()) | copy << registerBits(), bitsAt(registerBits(), laneBits()),
          bitsAt(registerBits() + laneBits(), warpBits())};
}

Layout Layout::repeated(ArrayRef<int64_t> times) const {
  Layout result(*this);
  for (auto [all, more] : llvm::zip(result.repetitions, times))
    all *= more;
  return result;
}

/// Inserts room for new high bits of a dimension into an element number.
static uint64_t widen(uint64_t vector, unsigned at, unsigned by) {
  uint64_t low = vector & ((uint64_t(1) << at) - 1);
  return (vector >> at << (at + by)) | low;
}

Layout Layout::grown(unsigned dim, int64_t times, bool overWarps) const {
  unsigned by = log2(times), at = firstBit(coreShape, dim) + log2(coreShape[dim]);
  Layout result(*this);
  for (auto *basis : {&result.registers, &result.lanes, &result.warps})
    for (uint64_t &vector : *basis)
      vector = widen(vector, at, by);
  result.coreShape[dim] *= times;
  for (unsigned i = 0; i < by; ++i)
    (overWarps ? result.warps : result.registers).push_back(uint64_t(1) << (at + i));
  return result;
}

Layout Layout::reduced(unsigned dim) const {
  unsigned first = firstBit(coreShape, dim), count = log2(coreShape[dim]);
  auto without = [&](uint64_t vector) {
    uint64_t low = vector & ((uint64_t(1) << first) - 1);
    return (vector >> (first + count) << first) | low;
  };
  Layout result(*this);
  result.coreShape[dim] = result.repetitions[dim] = 1;
  for (auto *basis : {&result.lanes, &result.warps})
    for (uint64_t &vector : *basis)
      vector = without(vector);
  result.registers.clear(); // registers that only had other columns are one now
  for (uint64_t vector : registers)
    if (without(vector))
      result.registers.push_back(without(vector));
  return result;
}

int64_t Layout::vectorWidth() const {
  unsigned bits = 0;
  while (bits < registerBits() && bits < log2(coreShape.back()) &&
         registers[bits] == uint64_t(1) << bits)
    ++bits;
  return int64_t(1) << bits;
}

std::string Layout::str() const {
  std::string text;
  llvm::raw_string_ostream out(text);
  auto list = [&](llvm::StringRef name, ArrayRef<uint64_t> basis) {
    out << name << "[";
    llvm::interleaveComma(basis, out);
    out << "]";
  };
  llvm::interleave(coreShape, out, "x");
  list(" register", registers);
  list(" lane", lanes);
  list(" warp", warps);
  if (product(repetitions) != 1) {
    out << " repeated ";
    llvm::interleave(repetitions, out, "x");
  }
  return text;
}

/// True if a vector is a sum of those of a space.
static bool isIn(uint64_t vector, ArrayRef<uint64_t> space) {
  return BitMatrix(space, 64).solve(vector).has_value();
}

/// Every slot of \p to finds its element in the same place of \p from, but for what
/// registers (and, where `lanes`, lanes) can hold.
static bool isWithin(const Layout &from, const Layout &to, bool lanes) {
  if (from.laneBits() != to.laneBits() || from.warpBits() != to.warpBits())
    return false;
  SmallVector<uint64_t> near(from.registerBasis());
  if (lanes)
    near.append(from.laneBasis().begin(), from.laneBasis().end());
  auto same = [&](ArrayRef<uint64_t> a, ArrayRef<uint64_t> b) {
    return llvm::all_of(llvm::zip(a, b), [&](auto pair) {
      return isIn(std::get<0>(pair) ^ std::get<1>(pair), near);
    });
  };
  return llvm::all_of(to.registerBasis(), [&](uint64_t v) { return isIn(v, near); }) &&
         (lanes || same(from.laneBasis(), to.laneBasis())) &&
         (!lanes || llvm::all_of(to.laneBasis(), [&](uint64_t v) { return isIn(v, near); })) &&
         same(from.warpBasis(), to.warpBasis());
}

ConversionKind conversionKind(const Layout &from, const Layout &to) {
  assert(from.shape() == to.shape() && "conversions keep the shape");
  if (from == to)
    return ConversionKind::None;
  if (from.core() != to.core())
    return ConversionKind::Shared;
  if (isWithin(from, to, /*lanes=*/false))
    return ConversionKind::Registers;
  return isWithin(from, to, /*lanes=*/true) ? ConversionKind::Shuffle : ConversionKind::Shared;
}

} // namespace tenon::tile
