//===- IREmitter.h - scalar bodies as operations on tiles -------*- C++ -*-===//
//
// The ScalarEmitter that builds arith and math operations. Values are tiles
// (static tensors of one rank, each dimension 1 or the width of a tiled
// variable); operands are broadcast to each other where they meet.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_IREMITTER_H
#define TENON_PASSES_TILE_IREMITTER_H

#include "dialects/tenon/Scalar.h"
#include "mlir/IR/Builders.h"

namespace tenon {

/// The type in which an element type is computed: f32 for f16 and bf16,
/// signless integers of the same width.
mlir::Type computeType(mlir::Type type);
/// The signless type under which an element lies in memory.
mlir::Type storageType(mlir::Type type);

class IREmitter : public ScalarEmitter {
public:
  /// Builds at \p builder's insertion point; tiles have \p rank dimensions.
  IREmitter(mlir::OpBuilder &builder, unsigned rank) : builder(builder), rank(rank) {}

  void setLoc(mlir::Location newLoc) { loc = newLoc; }
  Scalar apply(ScalarFn fn, llvm::ArrayRef<Scalar> args) override;
  Scalar constant(double value, mlir::Type type) override;
  Scalar cast(Scalar value, mlir::Type type) override;

  Scalar wrap(mlir::Value value, mlir::Type type) { return {this, value, type}; }
  /// A tile of all ones shape holding an integer or index constant.
  mlir::Value indexConstant(int64_t value);
  /// Repeats \p tile to \p shape.
  mlir::Value broadcast(mlir::Value tile, llvm::ArrayRef<int64_t> shape);
  /// Broadcasts all values to their common shape.
  void unify(llvm::MutableArrayRef<mlir::Value> values);
  /// The neutral element of a combiner.
  Scalar neutral(unsigned combiner, mlir::Type type);
  /// Combines two elements as a reduction does.
  mlir::Value combine(unsigned combiner, mlir::Value a, mlir::Value b, mlir::Type type);

private:
  mlir::Value unary(ScalarFn fn, mlir::Value x, mlir::Type type);
  mlir::Value binaryFloat(ScalarFn fn, mlir::Value x, mlir::Value y);
  mlir::Value binaryInteger(ScalarFn fn, mlir::Value x, mlir::Value y, bool isUnsigned);
  mlir::Value compare(ScalarFn fn, mlir::Value x, mlir::Value y, mlir::Type type);
  mlir::Value divideInteger(ScalarFn fn, mlir::Value x, mlir::Value y, bool isUnsigned);
  mlir::Value shift(ScalarFn fn, mlir::Value x, mlir::Value y, bool isUnsigned);
  mlir::Value powInteger(mlir::Value x, mlir::Value y, bool isUnsigned);
  mlir::Value saturate(mlir::Value x, unsigned width, bool isUnsigned);
  mlir::Value floatToInteger(mlir::Value x, unsigned width, bool isUnsigned);
  mlir::Value splat(mlir::TypedAttr value, mlir::Type like);
  mlir::Value integerLike(int64_t value, mlir::Type like);

  mlir::OpBuilder &builder;
  unsigned rank;
  mlir::Location loc = builder.getUnknownLoc();
};

} // namespace tenon

#endif // TENON_PASSES_TILE_IREMITTER_H
