//===- VectorBuilder.h - Instructions on scalars and native vectors -*- C++ -*-===//
//
// A builder of the few LLVM and arith operations that tile programs become,
// with folding of integer constants (addresses are mostly constants).
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_EMIT_VECTORBUILDER_H
#define TENON_PASSES_CODEGEN_EMIT_VECTORBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace tenon {

/// The number of lanes of a vector type, 1 for a scalar.
int64_t lanesOf(mlir::Type type);
/// \p element itself for one lane, else a vector of it.
mlir::Type vectorType(mlir::Type element, int64_t lanes);

class VectorBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  mlir::Type pointerType() { return mlir::LLVM::LLVMPointerType::get(getContext()); }

  /// A constant of a scalar or vector type: all lanes the same number.
  mlir::Value integer(mlir::Type type, int64_t value);
  mlir::Value i64(int64_t value) { return integer(getI64Type(), value); }
  mlir::Value zero(mlir::Type type);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);

  /// The address of element \p index (an i64 or a vector of i64) after \p base.
  mlir::Value address(mlir::Type element, mlir::Value base, mlir::Value index);
  mlir::Value address(mlir::Type element, mlir::Value base, int64_t index);
  mlir::Value load(mlir::Type type, mlir::Value pointer);
  void store(mlir::Value value, mlir::Value pointer);

  /// A vector whose lanes are all \p scalar.
  mlir::Value splat(mlir::Value scalar, int64_t lanes);
  mlir::Value lane(mlir::Value vector, int64_t lane);
  mlir::Value withLane(mlir::Value vector, mlir::Value scalar, int64_t lane);
  mlir::Value shuffle(mlir::Value a, mlir::Value b, llvm::ArrayRef<int32_t> lanes);
  /// The lanes [first, first + lanes) of a vector.
  mlir::Value slice(mlir::Value vector, int64_t first, int64_t lanes);
  /// The lanes of \p a, then those of \p b, which may be fewer.
  mlir::Value concat(mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
};

} // namespace tenon

#endif
