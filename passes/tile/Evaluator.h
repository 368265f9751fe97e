//===- Evaluator.h - values of a kernel at symbolic indices -----*- C++ -*-===//
//
// The pull generator: evaluates a value of a kernel's region at an index and
// emits what is needed, operand by operand, from the factor rules.
//
//   a map or view    its operands at the accesses of its rule, then its body
//   a reduction      a loop over its reduction factors around the body
//   an argument      a load from the kernel's buffer
//   a staged value   a load from scratch memory, filled before in a loop
//
// Indices compose, so a chain of reshapes, transposes and slices costs nothing.
// Guards (what must hold for an index to be valid) go down to the loads, which
// are masked by them. Each value is emitted once per scope and index.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_EVALUATOR_H
#define TENON_PASSES_TILE_EVALUATOR_H

#include "dialects/tenon/Tenon.h"
#include "passes/tile/TileBuilder.h"

namespace tenon {

/// A buffer of the kernel: its view and the order of its dimensions in memory.
struct Buffer {
  mlir::Value view;
  /// Dimensions from major to minor; empty for row-major order.
  llvm::SmallVector<int64_t> order;
};

struct ScratchLayout;

/// The stride of each dimension of a tensor stored in this order.
llvm::SmallVector<DimExpr> stridesOf(mlir::Type type, llvm::ArrayRef<int64_t> order);

/// Guards below a reduction: all, and those outside of which nothing is added.
struct BodyGuards {
  llvm::SmallVector<Guard> all, skipping;
};

/// The positions of a variable at which a guard begins and ceases to hold, if it
/// is about that variable alone.
std::optional<std::pair<int64_t, int64_t>> guardInterval(const Guard &guard, DimExpr variable);
/// Where a loop over the variable is divided so that each guard holds in whole
/// parts or nowhere in them: with [0, 3) and [3, 5) of 8, at 0, 3, 5, 8.
llvm::SmallVector<int64_t> guardSegments(llvm::ArrayRef<Guard> guards, DimExpr variable,
                                         int64_t extent);

class Evaluator {
public:
  /// \p entry is the first block of the function, where scratch is declared.
  Evaluator(TileBuilder &tiles, mlir::Block *entry) : tiles(tiles), entry(entry) {}

  /// Declares where a value lies in memory.
  void addBuffer(mlir::Value value, Buffer buffer) { buffers[value] = std::move(buffer); }
  const Buffer &getBuffer(mlir::Value value) const { return buffers.find(value)->second; }

  /// Values of this set are computed into scratch memory, whole in the
  /// dimensions whose index varies inside of the block.
  void setStaged(llvm::DenseSet<mlir::Value> values) { staged = std::move(values); }

  /// Values that the caller has computed, at the only index at which they are read.
  void setComputed(mlir::Value value, Scalar element) { computed[value] = element; }

  /// The tile dimension along which loops that fill scratch memory, and
  /// reductions over contiguous elements, run their lanes; -1 if none.
  void setVectorDim(int dim) { vectorDim = dim; }
  /// The tile dimension along which loops around a product inside of the block
  /// run their rows; -1 if the rows are a root variable's, or there are none.
  void setInnerRowDim(int dim) { innerRowDim = dim; }

  /// Evaluates \p value at \p index (one expression per dimension). Lanes where
  /// a guard does not hold are unspecified. Null after an error was reported.
  Scalar evaluate(mlir::Value value, llvm::ArrayRef<DimExpr> index,
                  llvm::ArrayRef<Guard> guards = {});

  /// The guards that are tested where the value is evaluated at an index, outside
  /// of reductions: of pads and of the pieces of concatenations.
  llvm::SmallVector<Guard> guardsOf(mlir::Value value, llvm::ArrayRef<DimExpr> index);
  /// Emits code that runs only where the guards hold.
  void emitWhere(llvm::ArrayRef<Guard> guards, llvm::function_ref<void()> emit);

  /// Stores a result of the kernel at the index.
  void store(Scalar element, mlir::Value value, llvm::ArrayRef<DimExpr> index);

private:
  Scalar evaluateOp(mlir::Value value, llvm::ArrayRef<DimExpr> index, llvm::ArrayRef<Guard> guards,
                    bool intoScratch = false);
  mlir::Value fillScratch(mlir::Value value, llvm::ArrayRef<DimExpr> index,
                          const ScratchLayout &layout, llvm::ArrayRef<Guard> guards);
  llvm::SmallVector<int> fillLanes(mlir::Value value, const ScratchLayout &layout,
                                   llvm::ArrayRef<unsigned> loops);
  Scalar loadBuffer(mlir::Value value, llvm::ArrayRef<DimExpr> index, llvm::ArrayRef<Guard> guards);
  Scalar evaluateBody(FactorRuleInterface op, const FactorRule &rule,
                      llvm::ArrayRef<DimExpr> factors, llvm::ArrayRef<Guard> guards);
  Scalar evaluateReduction(FactorRuleInterface op, const FactorRule &rule,
                           llvm::ArrayRef<DimExpr> index, llvm::ArrayRef<Guard> guards);
  Scalar evaluateArgReduce(ArgReduceOp op, llvm::ArrayRef<DimExpr> index,
                           llvm::ArrayRef<Guard> guards);
  Scalar evaluateConstant(ConstantOp op, llvm::ArrayRef<DimExpr> index);
  Scalar evaluateStaged(mlir::Value value, llvm::ArrayRef<DimExpr> index,
                        llvm::ArrayRef<Guard> guards);
  /// The index leaf for the value of operand \p number: checked, as a tile.
  DimExpr dynamicIndex(FactorRuleInterface op, const FactorRule &rule, unsigned number,
                       llvm::ArrayRef<DimExpr> factors, DimExpr extent,
                       llvm::ArrayRef<Guard> guards);
  /// True if lanes of a reduction over this variable should run along the
  /// vector dimension: its elements are contiguous and the dimension is free.
  bool reducesVector(FactorRuleInterface op, const FactorRule &rule,
                     llvm::ArrayRef<DimExpr> factors, unsigned variable);
  bool isContiguous(mlir::Value value, llvm::ArrayRef<DimExpr> index, unsigned variable,
                    unsigned depth = 0);
  BodyGuards bodyGuards(FactorRuleInterface op, const FactorRule &rule,
                        llvm::ArrayRef<DimExpr> factors, llvm::ArrayRef<unsigned> variables);
  mlir::Value branch(mlir::Value holds, int variable, llvm::ArrayRef<Guard> guards, mlir::Value acc,
                     llvm::function_ref<mlir::Value(mlir::Value)> inside,
                     llvm::function_ref<mlir::Value(mlir::Value)> outside);
  mlir::Value accumulate(FactorRuleInterface op, const FactorRule &rule,
                         llvm::ArrayRef<DimExpr> factors, llvm::ArrayRef<Guard> guards,
                         mlir::Value acc, llvm::ArrayRef<unsigned> vectorVariables);
  /// AccumulateInTurns.cpp: several sums of one reduction, each of every n-th element.
  bool takesTurns(FactorRuleInterface op, llvm::ArrayRef<int64_t> shape, DimExpr extent);
  mlir::Value accumulateInTurns(FactorRuleInterface op, const FactorRule &rule,
                                llvm::ArrayRef<DimExpr> factors, unsigned variable,
                                llvm::ArrayRef<Guard> guards, mlir::Value acc);
  bool usesDim(int dim, llvm::ArrayRef<DimExpr> exprs);
  /// The guards that views below this value put on its reads at an index;
  /// `neutral` is what their fill must be for a guard to be a skipping one.
  void collectGuards(mlir::Value value, llvm::ArrayRef<DimExpr> index, BodyGuards &guards,
                     std::optional<double> neutral, unsigned depth = 0);
  std::optional<unsigned> knownPiece(FactorRuleInterface op, const FactorRule &rule,
                                     llvm::ArrayRef<DimExpr> factors);
  /// Takes the guards out of \p guards that are intervals of one of the
  /// variables alone, and returns them.
  llvm::SmallVector<Guard> takeIntervals(BodyGuards &guards, llvm::ArrayRef<unsigned> variables);
  /// Those that are the same for all lanes and were not tested around.
  llvm::SmallVector<Guard> uniformGuards(llvm::ArrayRef<Guard> guards);
  /// An i1 that is true if all lanes of the tile are within the guards, for all
  /// values of the unbound \p variables; null if an index is not linear.
  mlir::Value holdForTile(llvm::ArrayRef<Guard> guards, llvm::ArrayRef<unsigned> variables = {});
  bool isAssumed(const Guard &guard);
  bool isMaskedBy(mlir::Value tile, llvm::ArrayRef<Guard> guards);

  /// True if evaluating the value here (not through scratch memory) contains a
  /// product, so that rows of a loop around it share what it reads.
  bool containsProduct(mlir::Value value, unsigned depth = 0);

  TileBuilder &tiles;
  mlir::Block *entry;
  llvm::DenseMap<mlir::Value, Buffer> buffers;
  llvm::DenseSet<mlir::Value> staged;
  llvm::DenseMap<mlir::Value, Scalar> computed;
  int vectorDim = -1, innerRowDim = -1;
  /// The guards with which each tile was loaded.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Guard>> masks;
  /// Guards that were tested around the code being emitted.
  llvm::SmallVector<Guard> assumed;
};

} // namespace tenon

#endif // TENON_PASSES_TILE_EVALUATOR_H
