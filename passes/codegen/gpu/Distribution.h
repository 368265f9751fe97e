//===- Distribution.h - A tile's dimensions over threads ----------*- C++ -*-===//
//
// A layout (dialects/tile/layout) in which every bit of a register, lane or warp moves
// along one dimension only, dimension by dimension. A position along a dimension is
//
//   the thread's part, from some bits of its number, + the register's part
//
// and the two never carry into each other. Accumulators of m16n8k16, warps 2 x 1:
//
//   rows      thread bits 2, 3, 4 -> 1, 2, 4; bit 5 -> 16      registers 0, 8
//   columns   thread bits 0, 1 -> 2, 4                         registers 0, 1
//
// A tile with a dimension of size 1 is the same without that dimension, so that
// broadcasts and reductions stay inside a thread's registers, or its row's lanes.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_GPU_DISTRIBUTION_H
#define TENON_PASSES_CODEGEN_GPU_DISTRIBUTION_H

#include "dialects/tile/layout/Layout.h"

namespace tenon::tile {

/// One bit of the thread number and the positions it adds.
struct ThreadBit {
  unsigned bit;
  int64_t position;
};

/// Where the positions along one dimension lie.
struct Spread {
  llvm::SmallVector<int64_t> registers{0}; ///< ascending
  llvm::SmallVector<ThreadBit> threads;
};

class Distribution {
public:
  Distribution() = default;
  /// \p layout without repeats; layout dimension i is the tile's dimension dims[i].
  Distribution(const Layout &layout, llvm::ArrayRef<unsigned> dims);

  llvm::ArrayRef<Spread> spreads() const { return all; }
  int64_t size(unsigned dim) const { return sizes[dim]; }

private:
  llvm::SmallVector<Spread> all;
  llvm::SmallVector<int64_t> sizes;
};

/// Accumulators of mma.sync over a block's tile, warps side by side.
Layout tensorAccumulator(int64_t m, int64_t n, int64_t warpsM, int64_t warpsN);
/// Accumulators on CUDA cores: squares of 4 x 4 in a thread, 4 x 8 threads in a warp.
Layout scalarAccumulator(int64_t m, int64_t n, int64_t warpsM, int64_t warpsN);

} // namespace tenon::tile

#endif
