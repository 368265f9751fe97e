//===- Distribution.cpp - A tile's dimensions over threads --------*- C++ -*-===//
//
// See Distribution.h.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/Distribution.h"

#include "llvm/Support/MathExtras.h"

namespace tenon::tile {

using llvm::ArrayRef;
using llvm::SmallVector;

Distribution::Distribution(const Layout &layout, ArrayRef<unsigned> dims)
    : all(dims.size()), sizes(dims.size(), 1) {
  SmallVector<int64_t> shape = layout.shape();
  for (auto [i, size] : llvm::enumerate(shape))
    sizes[dims[i]] = size;
  /// The dimension that a basis vector moves along, and how far.
  auto along = [&](uint64_t vector) -> std::pair<unsigned, int64_t> {
    for (size_t i = shape.size(); i-- > 0;) {
      if (int64_t position = vector % shape[i])
        return {dims[i], position};
      vector /= shape[i];
    }
    return {0, 0};
  };
  for (uint64_t vector : layout.registerBasis()) {
    auto [dim, position] = along(vector);
    SmallVector<int64_t> &registers = all[dim].registers;
    for (size_t i = 0, count = registers.size(); i < count; ++i)
      registers.push_back(registers[i] + position);
  }
  SmallVector<uint64_t> threads(layout.laneBasis());
  threads.append(layout.warpBasis().begin(), layout.warpBasis().end());
  for (auto [bit, vector] : llvm::enumerate(threads))
    if (auto [dim, position] = along(vector); position)
      all[dim].threads.push_back({unsigned(bit), position});
  for (Spread &spread : all)
    llvm::sort(spread.registers);
}

/// \p core over the rest of a warp's tile in registers, then over warps.
static Layout overBlock(Layout core, int64_t m, int64_t n, int64_t warpsM, int64_t warpsN) {
  SmallVector<int64_t> shape = core.shape();
  return core.grown(1, n / warpsN / shape[1], false)
      .grown(0, m / warpsM / shape[0], false)
      .grown(1, warpsN, true)
      .grown(0, warpsM, true);
}

Layout tensorAccumulator(int64_t m, int64_t n, int64_t warpsM, int64_t warpsN) {
  return overBlock(Layout::mmaAccumulator(), m, n, warpsM, warpsN);
}

Layout scalarAccumulator(int64_t m, int64_t n, int64_t warpsM, int64_t warpsN) {
  constexpr uint64_t row = 32;
  Layout core({16, 32}, {1, 2, row, 2 * row}, {4, 8, 16, 4 * row, 8 * row}, {});
  return overBlock(core, m, n, warpsM, warpsN);
}

} // namespace tenon::tile
