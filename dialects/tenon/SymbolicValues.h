//===- SymbolicValues.h - elements of small tensors -------------*- C++ -*-===//
//
// What is known at compile time about the elements of small tensors: numbers,
// and size expressions. `Shape -> Gather -> Mul -> Concat -> Reshape` is
// followed by evaluating each operation's own factor rule and body on the
// HostEmitter; there is no second table of operators.
//
//   %0 = tenon.dim B            [B]
//   %1 = tenon.constant 2       [2]
//   %2 = tenon.mul %0, %1       [2 * B]
//
// Elements that cannot be known are null. Work is bounded: tensors of at most
// kMaxElements elements, kMaxPoints points of iteration.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_SYMBOLICVALUES_H
#define TENON_DIALECTS_TENON_SYMBOLICVALUES_H

#include "dialects/tenon/HostEmitter.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

namespace tenon {

class FactorRuleInterface;

/// Row-major elements: FloatAttr, DimExprAttr, or null where not known.
using HostElements = llvm::SmallVector<mlir::Attribute>;

inline constexpr int64_t kMaxElements = 1024;
inline constexpr int64_t kMaxPoints = 16384;

/// Evaluates an operation on the elements of its operands; nothing where its
/// result is too large or of no static shape.
std::optional<HostElements> evaluate(FactorRuleInterface op,
                                     llvm::ArrayRef<HostElements> operands,
                                     const SymbolRanges &ranges,
                                     llvm::SmallVectorImpl<SizeAssumption> *assumptions = nullptr);

/// The elements of a constant attribute.
HostElements elementsOf(mlir::ElementsAttr value);
/// The constant of these elements; null if one of them is no number.
mlir::DenseElementsAttr constantOf(mlir::RankedTensorType type, const HostElements &elements);

/// Elements of values, computed on demand and remembered. Holds for one
/// function while only new operations are added to it.
class SymbolicValues {
public:
  explicit SymbolicValues(const SymbolRanges &ranges) : ranges(ranges) {}

  /// Null if nothing is known; valid until the next call.
  const HostElements *get(mlir::Value value);
  /// The elements as size expressions; nothing unless all are known integers.
  std::optional<llvm::SmallVector<DimExpr>> getExprs(mlir::Value value);
  std::optional<llvm::SmallVector<int64_t>> getInts(mlir::Value value);
  std::optional<llvm::SmallVector<double>> getNumbers(mlir::Value value);
  /// What the answers since the last call rest on; the caller emits the checks.
  llvm::SmallVector<SizeAssumption> takeAssumptions() { return std::exchange(assumptions, {}); }

private:
  std::optional<HostElements> compute(mlir::Value value);

  const SymbolRanges &ranges;
  llvm::DenseMap<mlir::Value, std::optional<HostElements>> cache;
  llvm::SmallVector<SizeAssumption> assumptions;
  unsigned depth = 0;
};

} // namespace tenon

#endif // TENON_DIALECTS_TENON_SYMBOLICVALUES_H
