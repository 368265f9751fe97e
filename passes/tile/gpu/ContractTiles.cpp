//===- ContractTiles.cpp - the table of tiles for products ----------------===//
//
// Tiles for the tensor cores' 16-bit products, and for exact f32 products on CUDA
// cores, from the largest. `share` is about what part of the best rate a full GPU
// reaches with it: larger tiles fill shared memory less often and need fewer other
// instructions per product. A product takes the tile of the least
//
//   waves * m * n / share,   waves = ceil(blocks / multiprocessors)
//
// All fit the shared memory that every architecture of the table of targets has.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/gpu/ContractPlan.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace tenon {

namespace {
struct Entry {
  ContractTile tile;
  double share;
};

constexpr int64_t kMultiprocessors = 108;

constexpr Entry kTensorTiles[] = {
    {{128, 256, 32, 2, 4, 4}, 1.0}, {{128, 128, 32, 2, 2, 4}, 0.9},
    {{64, 128, 64, 2, 2, 3}, 0.75}, {{64, 64, 64, 2, 2, 4}, 0.6},
    {{32, 64, 64, 1, 2, 4}, 0.4},   {{16, 64, 64, 1, 4, 4}, 0.25},
};
constexpr Entry kExactTiles[] = {
    {{128, 128, 16, 4, 2, 3}, 1.0}, {{64, 64, 16, 2, 2, 4}, 0.8}, {{32, 64, 16, 1, 2, 4}, 0.6},
    {{16, 64, 16, 1, 2, 4}, 0.4},   {{16, 32, 16, 1, 1, 4}, 0.3},
};

double timeOf(const Entry &entry, int64_t batch, int64_t m, int64_t n) {
  double blocks = double(batch) * llvm::divideCeil(m, entry.tile.m) *
                  llvm::divideCeil(n, entry.tile.n);
  double waves = std::ceil(blocks / kMultiprocessors);
  return waves * entry.tile.m * entry.tile.n / entry.share;
}
} // namespace

ContractTile chooseContractTile(mlir::Type element, int64_t batch, int64_t m, int64_t n,
                                int64_t /*k*/) {
  llvm::ArrayRef<Entry> table = kExactTiles;
  if (element.isF16() || element.isBF16())
    table = kTensorTiles;
  const Entry *best = &table.front();
  for (const Entry &entry : table)
    if (timeOf(entry, batch, m, n) < timeOf(*best, batch, m, n))
      best = &entry;
  return best->tile;
}

} // namespace tenon
