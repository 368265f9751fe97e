//===- Layout.h - Where the elements of a tile lie ----------------*- C++ -*-===//
//
// A GPU's block has registers in lanes in warps. A layout says which element of a tile
// each register of each lane of each warp holds, as a linear map over bits ("Linear
// Layouts: Robust Code Generation of Efficient Tensor Computation Using F2", 2025):
// write the numbers of register, lane and warp side by side as one word of bits; every
// bit that is 1 contributes its *basis vector*, an element number, and contributions
// are combined by exclusive or. Shapes are powers of two, so an element's row-major
// number is its coordinates' bits side by side.
//
// A tile of 4 x 8 over 8 lanes of 4 registers, each lane with half a row:
//
//   register bit 0 -> column 1      lane bit 0 -> column 4
//   register bit 1 -> column 2      lane bits 1, 2 -> rows 1, 2
//
//            columns 0..3   columns 4..7
//   row 0    lane 0         lane 1
//   row 1    lane 2         lane 3          lane 5 = 101b holds, in register 2 = 10b,
//   row 2    lane 4         lane 5          row 2 (bit 2) ^ column 4 (bit 0) ^ column 2,
//   row 3    lane 6         lane 7          the element (2, 6)
//
// That is all there is, and questions become linear algebra on small matrices:
//
//   question                                   answer
//   do two threads hold the same element?      a kernel: inputs that change nothing
//   who holds element e?                       a solution of map(x) = e
//   how to get from layout a to layout b?      solve a(x) = b(y): x is where register,
//                                              lane, warp y finds its element
//   is the element in the same thread?         basis vectors differ by sums of a's
//                                              register vectors only
//   how wide are vector accesses?              the element bits 0, 1, ... that are
//                                              register vectors
//   which lanes conflict in shared memory?     lane vectors that share their bank bits
//   what does a row's reduction leave?         the map with the column bits left out
//
// Sizes that are no powers of two (a head of 80) are a core that is one, repeated
// along the dimension: 80 = 5 x 16. Repetitions are further registers, plainly
// numbered, the last dimension fastest.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_DIALECTS_TILE_LAYOUT_LAYOUT_H
#define TENON_DIALECTS_TILE_LAYOUT_LAYOUT_H

#include "dialects/tile/layout/BitMatrix.h"

#include <string>

namespace tenon::tile {

/// A place in a block.
struct Slot {
  uint64_t reg = 0, lane = 0, warp = 0;
  bool operator==(const Slot &) const = default;
};

class Layout {
public:
  /// Basis vectors of registers, lanes and warps, in a core of that shape.
  Layout(llvm::ArrayRef<int64_t> core, llvm::ArrayRef<uint64_t> registers,
         llvm::ArrayRef<uint64_t> lanes, llvm::ArrayRef<uint64_t> warps);

  /// Neighbours in a thread (up to \p vector along the last dimension), then over the
  /// lanes, the warps, and what remains in registers again, row-major. Where there are
  /// more threads than elements, threads hold copies. \p threads is a power of two.
  static Layout blocked(llvm::ArrayRef<int64_t> shape, int64_t vector, int64_t threads);
  /// Accumulators, left and right sides of mma.sync on 16-bit numbers (m16n8k16): 16x8,
  /// 16x16 and, as k x n, 16x8 elements in one warp.
  static Layout mmaAccumulator();
  static Layout mmaLeft();
  static Layout mmaRight();

  llvm::ArrayRef<int64_t> core() const { return coreShape; }
  llvm::ArrayRef<int64_t> repeats() const { return repetitions; }
  llvm::SmallVector<int64_t> shape() const;
  unsigned registerBits() const { return registers.size(); }
  unsigned laneBits() const { return lanes.size(); }
  unsigned warpBits() const { return warps.size(); }
  int64_t numRegisters() const;
  int64_t numThreads() const { return int64_t(1) << (laneBits() + warpBits()); }
  bool operator==(const Layout &other) const = default;

  /// The coordinates of the element in a slot.
  llvm::SmallVector<int64_t> elementAt(Slot slot) const;
  /// A slot that holds the element: the lowest in lane and warp.
  Slot slotOf(llvm::ArrayRef<int64_t> coordinates) const;
  /// True if every element is somewhere.
  bool coversAll() const { return map().isSurjective(); }

  /// The same with its core repeated: shape()[i] becomes times[i] as long.
  Layout repeated(llvm::ArrayRef<int64_t> times) const;
  /// More copies of the core along a dimension, in registers or in warps.
  Layout grown(unsigned dim, int64_t times, bool overWarps) const;
  /// Of a reduction's result, whose dimension has size 1: where its operand's row was.
  Layout reduced(unsigned dim) const;
  /// How many neighbours along the last dimension a thread holds in registers
  /// 0, 1, 2, ...: what one access can move.
  int64_t vectorWidth() const;
  /// Registers, lanes and warps side by side.
  BitMatrix map() const;
  std::string str() const;

  llvm::ArrayRef<uint64_t> registerBasis() const { return registers; }
  llvm::ArrayRef<uint64_t> laneBasis() const { return lanes; }
  llvm::ArrayRef<uint64_t> warpBasis() const { return warps; }

private:
  unsigned elementBits() const;

  llvm::SmallVector<int64_t> coreShape, repetitions;
  llvm::SmallVector<uint64_t> registers, lanes, warps;
};

/// What it takes to go from one layout of a shape to another.
enum class ConversionKind {
  None,      ///< The same registers.
  Registers, ///< Other registers of the same thread.
  Shuffle,   ///< Other lanes of the same warp.
  Shared,    ///< Through shared memory.
};
ConversionKind conversionKind(const Layout &from, const Layout &to);

/// How elements lie in shared memory, for one layout that writes and one that reads:
/// offset bits -> element bits. The low `vectorBits` bits of an offset are moved in
/// one access; the next bits choose the bank; the rest is free of conflicts with both.
struct SharedLayout {
  BitMatrix elements;
  unsigned vectorBits = 0;
  /// Where an element lies: the inverse.
  BitMatrix offsets() const { return *elements.rightInverse(); }
};
/// \p elementBytes is 1, 2, 4 or 8. Both layouts cover all of an equal core.
SharedLayout swizzleFor(const Layout &writer, const Layout &reader, unsigned elementBytes);
/// The most lanes of one access phase that meet in a bank with different words: 1 is
/// free of conflicts.
int64_t bankConflicts(const SharedLayout &shared, const Layout &threads, unsigned elementBytes);

} // namespace tenon::tile

#endif
