//===- HostEmitter.h - scalar bodies computed at once -----------*- C++ -*-===//
//
// The ScalarEmitter that computes instead of building IR. Payloads are
//
//   FloatAttr     a number of a float type (f16 and bf16 compute in f32)
//   DimExprAttr   an integer or boolean: a constant, or an expression over the
//                 module's symbols
//   none          not known
//
// so one evaluation of an operation's body folds constants and follows shape
// computations: `select(x < 0, x + n, x)` on the size `B` is `B`, because a
// comparison is decided by the ranges of symbols where it can be.
//
// Integers wrap to their width as the kernels do; what an expression cannot
// say exactly (a quotient of unknown sign) is not known. An expression that may
// not fit a narrower type (an exporter casts sizes to int32) is either not
// known, or known under an assumption that the caller must check at run time.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_HOSTEMITTER_H
#define TENON_DIALECTS_TENON_HOSTEMITTER_H

#include "dialects/tenon/DimExpr.h"
#include "dialects/tenon/Scalar.h"
#include "dialects/tenon/SymbolRanges.h"

namespace tenon {

/// Holds where `expr <= limit`.
struct SizeAssumption {
  DimExpr expr;
  int64_t limit;
};

class HostEmitter : public ScalarEmitter {
public:
  /// \p assumptions: where to note what was assumed; null: assume nothing.
  HostEmitter(mlir::MLIRContext *context, const SymbolRanges &ranges,
              llvm::SmallVectorImpl<SizeAssumption> *assumptions = nullptr)
      : context(context), ranges(ranges), assumptions(assumptions) {}

  Scalar apply(ScalarFn fn, llvm::ArrayRef<Scalar> args) override;
  Scalar constant(double value, mlir::Type type) override;
  Scalar cast(Scalar value, mlir::Type type) override;

  /// A scalar of this payload (null: not known).
  Scalar get(mlir::Attribute payload, mlir::Type type) { return {this, payload, type}; }
  Scalar getInt(DimExpr value, mlir::Type type);

private:
  Scalar unknown(mlir::Type type) { return {this, mlir::Attribute(), type}; }
  Scalar getFloat(double value, mlir::Type type);
  Scalar getBool(std::optional<bool> value);
  Scalar applyFloat(ScalarFn fn, llvm::ArrayRef<Scalar> args);
  Scalar applyInt(ScalarFn fn, llvm::ArrayRef<Scalar> args);
  Scalar applySymbolic(ScalarFn fn, llvm::ArrayRef<Scalar> args);
  Scalar select(llvm::ArrayRef<Scalar> args);
  bool fits(DimExpr expr, mlir::IntegerType type);

  mlir::MLIRContext *context;
  const SymbolRanges &ranges;
  llvm::SmallVectorImpl<SizeAssumption> *assumptions;
};

/// The number a payload stands for; nothing for an expression that is not
/// constant.
std::optional<double> asNumber(mlir::Attribute payload);
std::optional<int64_t> asInteger(mlir::Attribute payload);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_HOSTEMITTER_H
