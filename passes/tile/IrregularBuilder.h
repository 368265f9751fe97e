//===- IrregularBuilder.h - scalar code of irregular kernels ----*- C++ -*-===//
//
// Shorthands with which the generators of scan, scatter, sort and nonzero read
// like the loops that they emit. Values are tensors of rank 0, sizes and
// offsets are index values.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_IRREGULARBUILDER_H
#define TENON_PASSES_TILE_IRREGULARBUILDER_H

#include "dialects/tile/TileDialect.h"
#include "passes/tile/Evaluator.h"
#include "passes/tile/IREmitter.h"

namespace tenon {

class IrregularBuilder {
public:
  IrregularBuilder(mlir::OpBuilder &outer, KernelOp kernel, mlir::Operation *op,
                   llvm::ArrayRef<mlir::Type> views, llvm::ArrayRef<llvm::StringRef> symbols);

  /// Creates the function; code is emitted into it from here on.
  void begin(DimExpr grid);
  mlir::Value viewOf(mlir::Value value);

  mlir::Value size(DimExpr expr);
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value load(mlir::Value view, mlir::Value offset);
  /// Nothing for a null view: that of a result that nobody reads.
  void store(mlir::Value value, mlir::Value view, mlir::Value offset);
  llvm::SmallVector<mlir::Value>
  loop(mlir::Value from, mlir::Value to, mlir::ValueRange inits,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);

  /// The digits of a row-major number under these dimensions.
  llvm::SmallVector<mlir::Value> split(mlir::Value linear, llvm::ArrayRef<DimExpr> dims);
  mlir::Value offset(llvm::ArrayRef<mlir::Value> digits, mlir::Type type);
  /// Start and stride of this block's row along \p dim; one block per row.
  std::pair<mlir::Value, mlir::Value> row(mlir::Type type, int64_t dim);
  DimExpr rows(mlir::Type type, int64_t dim);

  mlir::Value toIndex(mlir::Value number);
  mlir::Value fromIndex(mlir::Value number, mlir::Type type);
  mlir::Value toBool(Scalar condition);
  Scalar scalar(mlir::Value value, mlir::Type type) { return scalars.wrap(value, type); }

  mlir::OpBuilder &ir() { return inner; }
  IREmitter &emitter() { return scalars; }
  mlir::Location getLoc() { return op->getLoc(); }
  tile::FuncOp getFunc() { return func; }

private:
  mlir::OpBuilder &outer;
  KernelOp kernel;
  mlir::Operation *op;
  llvm::ArrayRef<mlir::Type> views;
  llvm::ArrayRef<llvm::StringRef> symbols;
  mlir::OpBuilder inner;
  IREmitter scalars;
  tile::FuncOp func;
};

mlir::LogicalResult generateScan(IrregularBuilder &emit, ScanOp op);
mlir::LogicalResult generateScatter(IrregularBuilder &emit, ScatterOp op);
mlir::LogicalResult generateSort(IrregularBuilder &emit, SortOp op);
mlir::LogicalResult generateNonZero(IrregularBuilder &emit, NonZeroOp op);

} // namespace tenon

#endif // TENON_PASSES_TILE_IRREGULARBUILDER_H
