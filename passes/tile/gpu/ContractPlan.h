//===- ContractPlan.h - a kernel as one product for a GPU -------*- C++ -*-===//
//
// Sees a kernel's only product as a matrix product, whatever the graph says around
// it: every dimension of the stored value belongs to
//
//   rows      only one operand depends on it (the batch and positions of a layer's
//             input, the pixels of a convolution)
//   columns   only the other one does (the weight's own dimension, heads and their
//             elements)
//   batch     both do (the heads of scores)
//
// and the dimensions of a class are the digits of one number: rows m, columns n,
// summed k. With (b, s, h, d) stored and a product over (b, s), (h, d):
//
//   m = b * S + s      n = h * 64 + d
//
// so that each block has a tile of m x n, walks k, and stores through digits, which
// the expressions' simplification makes strides again.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_GPU_CONTRACTPLAN_H
#define TENON_PASSES_TILE_GPU_CONTRACTPLAN_H

#include "dialects/tenon/SymbolSizes.h"
#include "passes/tile/Demand.h"

namespace tenon {

/// How a block computes a tile: see dialects/tile/Variants.h for the attribute.
struct ContractTile {
  int64_t m, n, k;         ///< Elements of the tile, and of one step.
  int64_t warpsM, warpsN;  ///< Warps along the tile's dimensions.
  int64_t stages;          ///< Steps held in shared memory.
};

struct ContractPlan {
  ContractOp op;
  /// Root variables: dimensions of the stored value, or digits of them.
  llvm::SmallVector<DimExpr> extents;
  /// The stored value's index over them.
  llvm::SmallVector<DimExpr> index;
  /// Of the product's result, at that index.
  llvm::SmallVector<DimExpr> productIndex;
  /// Root variables by class, from major to minor.
  llvm::SmallVector<unsigned> batch, rows, columns;
  /// Summed factors of the rule from major to minor.
  llvm::SmallVector<unsigned> summed;
  /// The operand that the rows belong to.
  unsigned rowOperand = 0;
  DimExpr m, n, k;
  /// In what numbers operands are multiplied: their own type, or a narrower one.
  mlir::Type element;
  ContractTile tile;

  DimExpr blocks() const;
  /// The parts of the number \p flat over these extents, major to minor.
  static llvm::SmallVector<DimExpr> digits(DimExpr flat, llvm::ArrayRef<DimExpr> extents);
};

/// The plan for storing \p values, of equal dimensions, in the memory order of the
/// first; nothing where the generic nest must do. Products of f32 are multiplied in
/// the type \p products.
std::optional<ContractPlan> planContraction(llvm::ArrayRef<mlir::Value> values,
                                            llvm::ArrayRef<int64_t> storeOrder,
                                            const BufferOrders &orders,
                                            const FactorRanges &ranges,
                                            const SymbolSizes &sizes, mlir::Type products);

/// The tile for a product of these sizes, from the table in ContractTiles.cpp.
ContractTile chooseContractTile(mlir::Type element, int64_t batch, int64_t m, int64_t n, int64_t k);

} // namespace tenon

#endif // TENON_PASSES_TILE_GPU_CONTRACTPLAN_H
