//===- TileBuilder.h - variables, scopes and indices of a tile function -===//
//
// What the generator of tile functions keeps while it emits code.
//
// Variables are the loop and lane indices: `d<i>` of an index expression is
// variable i. A tiled variable stands for `width` consecutive values that run
// along one dimension of every tile, starting at `base`; the others are scalars.
//
//   variable   base         width  tile dimension
//   d0 (rows)  %block * 12  12     0
//   d1 (cols)  %j           32     1
//   d2 (k)     %k           1      none
//
// An index expression becomes, where it is linear in the tiled variables, an
// offset and a stride per tile dimension (a load or store); else a tile of
// indices (a gather). Scopes are the nested blocks of the function: a value is
// emitted in the outermost scope in which everything it depends on is bound, so
// that nothing is computed again inside a loop that does not change it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_TILEBUILDER_H
#define TENON_PASSES_TILE_TILEBUILDER_H

#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/FactorRule.h"
#include "passes/tile/IREmitter.h"
#include <list>
#include <map>

namespace tenon {

/// One nested block of the function under construction.
struct Scope {
  mlir::Block *block = nullptr;
  Scope *parent = nullptr;
  unsigned depth = 0;
  /// The loop in this block inside which code is being emitted, if any: values
  /// that belong to this scope go before it.
  mlir::Operation *anchor = nullptr;
  /// Values already emitted here, by what they are (see Evaluator).
  std::map<std::vector<const void *>, mlir::Value> memo;
};

struct Variable {
  DimExpr extent;
  mlir::Value base;
  int64_t width = 1;
  int tileDim = -1;
  Scope *scope = nullptr;
  /// Runs inside of a block (reductions, rows walked again), not over blocks.
  bool isInner = false;
  /// The code being emitted runs only where all lanes are within the extent.
  bool isFull = false;
  /// The base may be no multiple of the width.
  bool isShifted = false;
  /// What the base is a multiple of, where that is not the width; 0: the width.
  int64_t alignment = 0;
};

/// offset + sum over tile dimensions of lane * stride.
struct LinearIndex {
  DimExpr base;
  llvm::SmallVector<DimExpr> strides; // null where the tile does not move
};

class TileBuilder {
public:
  /// Tiles have one dimension per entry of \p widths; a variable bound to a tile
  /// dimension has that width.
  TileBuilder(mlir::OpBuilder &builder, mlir::Location loc, FactorRanges ranges,
              llvm::ArrayRef<int64_t> widths);

  //===--- Scopes ---------------------------------------------------------===//
  Scope *getScope() { return current; }
  void setScope(Scope *scope);
  /// Opens the block of \p loop, which was just created in the current scope.
  Scope *enter(mlir::Operation *loop, mlir::Block *block);
  /// Closes the current scope: emission goes on after its loop.
  void leave();
  /// A loop over [from, to) by step with carried values; inside, \p body gets
  /// the induction variable and the values and returns the next ones.
  mlir::SmallVector<mlir::Value>
  loop(mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange inits,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);
  /// The outermost scope in which every leaf of the expressions is bound.
  Scope *scopeOf(llvm::ArrayRef<DimExpr> exprs);

  //===--- Variables ------------------------------------------------------===//
  unsigned addVariable(DimExpr extent);
  Variable &getVariable(unsigned index) { return variables[index]; }
  void bind(unsigned index, mlir::Value base, int tileDim = -1);
  llvm::ArrayRef<int64_t> getWidths() const { return widths; }
  /// For what is bound from now on; tiles of different widths must not meet.
  void setWidth(unsigned dim, int64_t width) { widths[dim] = width; }
  DimExpr var(unsigned index);
  /// A leaf standing for a tile of indices computed from data.
  DimExpr addDynamic(mlir::Value indexTile);
  /// True if lanes of the variable may lie beyond its extent.
  bool hasTail(unsigned index);

  //===--- Indices --------------------------------------------------------===//
  DimExpr simplify(DimExpr expr) { return ranges.simplify(expr); }
  FactorRanges &getRanges() { return ranges; }
  /// The value of an expression at the base of all tiled variables.
  mlir::Value scalar(DimExpr expr);
  /// A tile holding the value at every lane.
  mlir::Value tile(DimExpr expr);
  std::optional<LinearIndex> linearize(DimExpr expr);
  /// The shape of a tile that depends on these expressions.
  llvm::SmallVector<int64_t> shapeOf(llvm::ArrayRef<DimExpr> exprs);
  /// An i1 tile that is true where all guards hold; null if there are none.
  mlir::Value mask(llvm::ArrayRef<Guard> guards);

  //===--- Memory ---------------------------------------------------------===//
  mlir::Value load(mlir::Value view, DimExpr offset, llvm::ArrayRef<Guard> guards,
                   llvm::ArrayRef<DimExpr> extraStrides = {});
  void store(mlir::Value value, mlir::Value view, DimExpr offset, llvm::ArrayRef<Guard> guards,
             llvm::ArrayRef<DimExpr> extraStrides = {});

  /// Marks loads with how many neighbours are aligned and masked together
  /// (tile::kVectorAttr), for devices that move several elements at once.
  void setVectors(bool on) { marksVectors = on; }

  mlir::OpBuilder &ir() { return builder; }
  mlir::Location getLoc() { return loc; }
  void setLoc(mlir::Location newLoc);
  IREmitter &emitter() { return scalars; }
  unsigned getRank() { return rank; }

private:
  void resetInsertion();
  mlir::Value divide(DimExpr expr, mlir::Value a, mlir::Value b);
  mlir::Value combine(DimExpr expr, mlir::Value a, mlir::Value b);
  bool isAligned(DimExpr base, int64_t step);
  bool isUniform(const Guard &guard, unsigned dim, int64_t vector);
  int64_t vectorWidth(const LinearIndex &index, llvm::ArrayRef<Guard> guards);
  llvm::SmallVector<Guard> tailGuards(DimExpr offset, llvm::ArrayRef<Guard> guards);
  llvm::SmallVector<mlir::OpFoldResult> strideValues(const LinearIndex &index,
                                                     llvm::ArrayRef<DimExpr> extraStrides);
  llvm::SmallVector<int64_t> accessShape(const LinearIndex &index,
                                         llvm::ArrayRef<DimExpr> extraStrides);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  FactorRanges ranges;
  unsigned rank;
  IREmitter scalars;
  std::vector<Variable> variables;
  struct Dynamic {
    mlir::Value tile;
    Scope *scope;
  };
  std::vector<Dynamic> dynamics;
  std::list<Scope> scopes;
  llvm::SmallVector<mlir::Operation *> outerAnchors;
  Scope *current = nullptr;
  llvm::SmallVector<int64_t> widths;
  bool marksVectors = false;
};

} // namespace tenon

#endif // TENON_PASSES_TILE_TILEBUILDER_H
