//===- TensorBuilder.h - tenon operations, as formulas ----------*- C++ -*-===//
//
// What operators' functions write with: every method adds operations at the
// current place, with the current node as their location, and returns their
// result with its full type. Sizes that cannot be compared get a tenon.check.
//
//   Value norm = b.div(b.sub(x, b.reduce(Combiner::Max, x, {1}, /*keep=*/true)), scale);
//
// A request that the shapes do not allow throws a Refusal, which the importer
// catches in one place and reports with the node's name: the only use of
// exceptions; none leaves the importer.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_ONNX_TENSORBUILDER_H
#define TENON_FRONTENDS_ONNX_TENSORBUILDER_H

#include "dialects/tenon/Detail.h"
#include "dialects/tenon/SymbolicValues.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/Builders.h"
#include <string>

namespace tenon::onnximport {

using mlir::Type;
using mlir::Value;
using Dims = llvm::SmallVector<DimExpr>;
using Ints = llvm::SmallVector<int64_t>;

/// Why a node cannot be imported.
struct Refusal {
  std::string why;
};
[[noreturn]] void refuse(const llvm::Twine &why);

/// Windows over the last dimensions of a tensor; see tenon.window.
struct WindowSpec {
  Ints kernel, strides, dilations;
  Dims low, counts;
  Ints base;
};

class TensorBuilder {
public:
  TensorBuilder(mlir::OpBuilder &builder, SymbolRanges &ranges, SymbolicValues &values)
      : builder(builder), location(builder.getUnknownLoc()), ranges(ranges), values(values) {}

  mlir::MLIRContext *getContext() const { return builder.getContext(); }
  void setLocation(mlir::Location at) { location = at; }

  // Types.
  Type f32() { return builder.getF32Type(); }
  Type i64() { return builder.getI64Type(); }
  Type i1() { return builder.getI1Type(); }
  DimExpr size(int64_t value) const { return DimExpr::constant(getContext(), value); }
  Dims sizes(llvm::ArrayRef<int64_t> values) const;
  static Type elementType(Value value);
  static int64_t rank(Value value);
  static Dims dims(Value value) { return getDims(value.getType()); }
  /// Refuses a dimension that the value does not have.
  static DimExpr dim(Value value, int64_t index);
  static bool isFloat(Value value) { return llvm::isa<mlir::FloatType>(elementType(value)); }
  /// The tensor type; refuses sizes that overflow.
  mlir::RankedTensorType type(llvm::ArrayRef<DimExpr> dims, Type element);
  /// The static sizes; refuses symbolic ones, named \p what.
  Ints staticDims(Value value, llvm::StringRef what);
  int64_t staticSize(DimExpr dim, llvm::StringRef what);

  // Constants.
  Value constant(mlir::DenseElementsAttr value);
  Value number(double value, Type element);
  Value numbers(llvm::ArrayRef<double> values, Type element);
  Value ints(llvm::ArrayRef<int64_t> values);
  Value scalarInt(int64_t value) { return dimValue(size(value)); }
  /// A number broadcast to a shape.
  Value filled(double value, llvm::ArrayRef<DimExpr> dims, Type element);
  /// One size as tensor<i64>, or several as a vector.
  Value dimValue(DimExpr expr);
  Value dimVector(llvm::ArrayRef<DimExpr> exprs);

  // Maps. The operands have one element type; shapes broadcast as in NumPy.
  template <typename Op, typename... Values> Value map(Values... operands) {
    llvm::SmallVector<Value> all = broadcastOperands({operands...});
    return create<Op>(all, std::index_sequence_for<Values...>());
  }
#define TENON_BINARY(NAME, OP)                                                                     \
  Value NAME(Value x, Value y) { return map<OP>(x, y); }                                           \
  Value NAME(Value x, double y) { return map<OP>(x, number(y, elementType(x))); }
  TENON_BINARY(add, AddOp)
  TENON_BINARY(sub, SubOp)
  TENON_BINARY(mul, MulOp)
  TENON_BINARY(div, DivOp)
  TENON_BINARY(mod, ModOp)
  TENON_BINARY(rem, RemOp)
  TENON_BINARY(max, MaxOp)
  TENON_BINARY(min, MinOp)
  TENON_BINARY(pow, PowOp)
  TENON_BINARY(eq, EqOp)
  TENON_BINARY(ne, NeOp)
  TENON_BINARY(lt, LtOp)
  TENON_BINARY(le, LeOp)
  TENON_BINARY(gt, GtOp)
  TENON_BINARY(ge, GeOp)
  TENON_BINARY(logicalAnd, AndOp)
  TENON_BINARY(logicalOr, OrOp)
#undef TENON_BINARY
#define TENON_UNARY(NAME, OP)                                                                      \
  Value NAME(Value x) { return map<OP>(x); }
  TENON_UNARY(neg, NegOp)
  TENON_UNARY(abs, AbsOp)
  TENON_UNARY(exp, ExpOp)
  TENON_UNARY(log, LogOp)
  TENON_UNARY(sqrt, SqrtOp)
  TENON_UNARY(rsqrt, RsqrtOp)
  TENON_UNARY(tanh, TanhOp)
  TENON_UNARY(sigmoid, SigmoidOp)
  TENON_UNARY(relu, ReluOp)
  TENON_UNARY(erf, ErfOp)
  TENON_UNARY(floor, FloorOp)
  TENON_UNARY(ceil, CeilOp)
  TENON_UNARY(round, RoundOp)
  TENON_UNARY(logicalNot, NotOp)
  TENON_UNARY(isNan, IsNanOp)
#undef TENON_UNARY
  Value select(Value condition, Value x, Value y);
  Value cast(Value x, Type element);
  /// f16 and bf16 as f32, for computations of several steps.
  Value widen(Value x);
  /// Clamped to [low, high]; either may be null.
  Value clamp(Value x, Value low, Value high);

  // Views.
  Value reshape(Value x, llvm::ArrayRef<DimExpr> dims);
  Value transpose(Value x, llvm::ArrayRef<int64_t> permutation);
  Value moveDim(Value x, int64_t from, int64_t to);
  /// The size that two broadcast to, checked at run time where it must be.
  DimExpr joinSizes(DimExpr a, DimExpr b);
  /// To a shape that its own broadcasts to.
  Value broadcast(Value x, llvm::ArrayRef<DimExpr> dims);
  Value slice(Value x, llvm::ArrayRef<DimExpr> starts, llvm::ArrayRef<DimExpr> sizes,
              llvm::ArrayRef<int64_t> steps = {});
  Value sliceDim(Value x, int64_t dim, DimExpr start, DimExpr size, int64_t step = 1);
  /// Removes a dimension by taking one index of it.
  Value pick(Value x, int64_t dim, DimExpr index);
  Value unsqueeze(Value x, llvm::ArrayRef<int64_t> dims);
  Value squeeze(Value x, llvm::ArrayRef<int64_t> dims);
  /// Sizes of result dimensions may be symbolic; low is added before.
  Value pad(Value x, Value fill, llvm::ArrayRef<DimExpr> low, llvm::ArrayRef<DimExpr> high,
            PadMode mode = PadMode::Constant);
  Value concat(llvm::ArrayRef<Value> parts, int64_t dim);
  /// Windows over the last dimensions: [..., count0, kernel0, count1, kernel1].
  Value window(Value x, const WindowSpec &spec, double fill);
  Value iota(llvm::ArrayRef<DimExpr> dims, int64_t dim, Type element);
  /// 0 .. n-1.
  Value iota(DimExpr count, Type element) { return iota({count}, 0, element); }
  Value gather(Value data, llvm::ArrayRef<Value> indices, llvm::ArrayRef<int64_t> dataDims,
               llvm::ArrayRef<int64_t> indexDims, llvm::ArrayRef<DimExpr> dims);
  /// Rows of \p data along \p dim at the (in-range) indices.
  Value take(Value data, Value indices, int64_t dim);
  /// Indices as i64 with negative ones counted from the end.
  Value wrapIndex(Value indices, DimExpr size);

  // Reductions and products.
  Value reduce(Combiner combiner, Value x, llvm::ArrayRef<int64_t> dims, bool keep);
  Value mean(Value x, llvm::ArrayRef<int64_t> dims, bool keep);
  Value argReduce(Combiner combiner, Value x, int64_t dim, bool last);
  Value contract(llvm::ArrayRef<Value> inputs, llvm::ArrayRef<Ints> factors,
                 llvm::ArrayRef<int64_t> result);
  /// NumPy's matmul.
  Value matmul(Value a, Value b);
  Value scan(Combiner combiner, Value x, int64_t dim, bool exclusive, bool reverse);
  Value softmax(Value x, llvm::ArrayRef<int64_t> dims);

  // Run-time sizes.
  /// Refuses if the sizes are known to differ, checks at run time if they may.
  void checkEqual(DimExpr a, DimExpr b, const llvm::Twine &message);
  /// A new symbol of this range, named after \p hint.
  DimExpr newSymbol(const llvm::Twine &hint, int64_t min, int64_t max);
  /// The elements of an integer vector or scalar as sizes: what is known at
  /// compile time, else new symbols bound here.
  Dims sizesOf(Value value, const llvm::Twine &hint, int64_t min = 0,
               int64_t max = std::numeric_limits<int32_t>::max());

  mlir::OpBuilder &builder;
  mlir::Location location;
  SymbolRanges &ranges;
  SymbolicValues &values;

private:
  template <typename Op, size_t... I>
  Value create(llvm::ArrayRef<Value> operands, std::index_sequence<I...>) {
    return result(Op::create(builder, location, operands[I]...));
  }
  /// The operands of a map, repeated where a size may prove to be 1.
  llvm::SmallVector<Value> broadcastOperands(llvm::ArrayRef<Value> operands);
  Value repeatTo(Value x, llvm::ArrayRef<DimExpr> dims);
  bool mayBeOne(DimExpr size) const;
  /// Checks that the size is that of the result, or 1.
  void checkRepeats(DimExpr size, DimExpr to, const llvm::Twine &message);
  template <typename Op> Value result(Op op) { return op->getResult(0); }
};

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_TENSORBUILDER_H
