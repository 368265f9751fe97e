//===- DimExpr.h - integer expressions over symbols -------------*- C++ -*-===//
//
// The one expression type of Tenon: sizes of dimensions, strides, grids,
// offsets of the memory plan, and the index maps of factor rules.
//
//   leaf        meaning                                       printed
//   constant    a 64-bit integer                              42
//   symbol      a module-level size (range, divisibility)     B
//   factor      an op's iteration factor, in index maps       d0
//   operand     an element of an op's operand, in index maps  v0
//
// Expressions are unique per context and canonical: a sorted polynomial with
// integer coefficients whose atoms are leaves or floordiv, ceildiv, mod, min,
// max of canonical expressions. So `==` is equality of polynomials:
// `(B + 1) * 2 - 2 == 2 * B`. Arithmetic never wraps: what leaves 64 bits, or
// divides by a constant that is not positive, is the invalid expression, which
// absorbs everything; check isInvalid() before trusting what a file says.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_DIMEXPR_H
#define TENON_DIALECTS_TENON_DIMEXPR_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace mlir {
class AsmParser;
class AsmPrinter;
} // namespace mlir

namespace tenon {

class DimExprAttr;

/// The operator or leaf of a DimExpr. The order is the canonical order of
/// atoms; the values are part of the textual form only by name.
enum class DimKind : unsigned {
  Constant,
  Symbol,
  Factor,
  Operand,
  Add,
  Mul,
  FloorDiv,
  CeilDiv,
  Mod,
  Min,
  Max,
  Invalid
};

/// A value handle of an immutable, uniqued integer expression.
class DimExpr {
public:
  DimExpr() = default;
  explicit DimExpr(mlir::Attribute attr) : attr(attr) {}

  static DimExpr constant(mlir::MLIRContext *context, int64_t value);
  static DimExpr symbol(mlir::MLIRContext *context, llvm::StringRef name);
  static DimExpr factor(mlir::MLIRContext *context, unsigned index);
  static DimExpr operand(mlir::MLIRContext *context, unsigned index);
  static DimExpr invalid(mlir::MLIRContext *context);

  DimKind getKind() const;
  bool isConstant() const { return getKind() == DimKind::Constant; }
  bool isConstant(int64_t value) const { return isConstant() && getValue() == value; }
  bool isSymbol() const { return getKind() == DimKind::Symbol; }
  bool isFactor() const { return getKind() == DimKind::Factor; }
  bool isInvalid() const { return getKind() == DimKind::Invalid; }
  /// The value of a constant; the index of a factor or operand.
  int64_t getValue() const;
  llvm::StringRef getSymbol() const;
  /// Operands of an operator, none for a leaf.
  llvm::SmallVector<DimExpr, 4> getOperands() const;
  std::optional<int64_t> asConstant() const;
  mlir::Attribute getAttr() const { return attr; }
  mlir::MLIRContext *getContext() const { return attr.getContext(); }
  explicit operator bool() const { return static_cast<bool>(attr); }

  DimExpr operator+(DimExpr other) const;
  DimExpr operator-(DimExpr other) const;
  DimExpr operator*(DimExpr other) const;
  DimExpr operator+(int64_t other) const;
  DimExpr operator-(int64_t other) const;
  DimExpr operator*(int64_t other) const;
  DimExpr operator-() const { return *this * -1; }
  /// Division rounding down, and its remainder; a divisor that is not known to
  /// be positive is allowed, evaluation checks it.
  DimExpr floorDiv(DimExpr divisor) const;
  DimExpr ceilDiv(DimExpr divisor) const;
  DimExpr mod(DimExpr divisor) const;
  DimExpr min(DimExpr other) const;
  DimExpr max(DimExpr other) const;
  DimExpr floorDiv(int64_t divisor) const { return floorDiv(constant(getContext(), divisor)); }
  DimExpr ceilDiv(int64_t divisor) const { return ceilDiv(constant(getContext(), divisor)); }
  DimExpr mod(int64_t divisor) const { return mod(constant(getContext(), divisor)); }

  /// True if the quotient by \p divisor is an expression without remainder;
  /// stores it. Polynomial division by a single term: (6*B*S) / (2*S) = 3*B.
  bool divides(DimExpr divisor, DimExpr &quotient) const;

  /// Rebuilds the expression with each leaf replaced by what \p fn returns (a
  /// null expression keeps the leaf).
  DimExpr replaceLeaves(llvm::function_ref<DimExpr(DimExpr)> fn) const;
  void walkLeaves(llvm::function_ref<void(DimExpr)> fn) const;
  /// True if a factor or operand occurs in it.
  bool hasFactors() const;

  /// The value once every leaf has one; nothing if \p leaf gives nothing, on
  /// overflow or on a division by zero.
  std::optional<int64_t>
  evaluate(llvm::function_ref<std::optional<int64_t>(DimExpr)> leaf) const;

  bool operator==(const DimExpr &other) const { return attr == other.attr; }
  bool operator!=(const DimExpr &other) const { return attr != other.attr; }

  void print(llvm::raw_ostream &os) const;
  std::string str() const;

private:
  mlir::Attribute attr;
};

/// One term of a polynomial: coefficient times a product of atoms (sorted).
struct DimTerm {
  int64_t coefficient = 0;
  llvm::SmallVector<DimExpr, 2> atoms;
};
/// The terms of an expression; a constant c is one term without atoms, zero is
/// no term.
llvm::SmallVector<DimTerm> getTerms(DimExpr expr);

/// A structural total order that does not depend on addresses.
int compare(DimExpr a, DimExpr b);

/// Product of all, 1 if there are none.
DimExpr product(mlir::MLIRContext *context, llvm::ArrayRef<DimExpr> exprs);

/// Parses an expression: identifiers are symbols, `d<N>` factors, `v<N>`
/// operands. Reports through \p parser.
mlir::FailureOr<DimExpr> parseDimExpr(mlir::AsmParser &parser);

/// The dimensions of a ranked tensor: its encoding's expressions, or constants
/// of its static shape.
llvm::SmallVector<DimExpr> getDims(mlir::Type type);

/// Bytes that an element takes in memory (i1: one); of a tensor type or of its
/// element type.
int64_t elementBytes(mlir::Type type);

/// A tensor type of these dimensions; the encoding is there only where a
/// dimension is not constant.
mlir::RankedTensorType makeTensorType(llvm::ArrayRef<DimExpr> dims, mlir::Type elementType);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_DIMEXPR_H
