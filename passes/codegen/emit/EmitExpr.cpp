//===- EmitExpr.cpp - Size expressions as instructions ------------*- C++ -*-===//
//
// A DimExpr is a polynomial whose atoms are symbols or floordiv, ceildiv, mod,
// min and max of polynomials. The runtime has evaluated the same expressions with
// overflow checks before it starts a kernel; here a divisor that is not positive
// counts as 1, so that a wrong table of symbols cannot trap.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/TileEmitter.h"

using namespace mlir;

namespace tenon::tile {

namespace {

class ExprEmitter {
public:
  ExprEmitter(VectorBuilder &builder, const llvm::StringMap<Value> &symbols)
      : builder(builder), symbols(symbols) {}

  /// Null if a leaf has no value.
  Value emit(DimExpr expr) {
    Value sum;
    for (const DimTerm &term : getTerms(expr)) {
      Value product = builder.i64(term.coefficient);
      for (DimExpr atom : term.atoms) {
        Value value = emitAtom(atom);
        if (!value)
          return {};
        product = builder.mul(value, product);
      }
      sum = sum ? builder.add(sum, product) : product;
    }
    return sum ? sum : builder.i64(0);
  }

private:
  Value emitAtom(DimExpr atom) {
    if (atom.isSymbol())
      return symbols.lookup(atom.getSymbol());
    SmallVector<DimExpr> operands = atom.getOperands();
    if (operands.size() < 2)
      return {};
    Value a = emit(operands[0]);
    for (DimExpr operand : ArrayRef(operands).drop_front()) {
      Value b = emit(operand);
      if (!a || !b)
        return {};
      a = combine(atom.getKind(), a, b);
    }
    return a;
  }

  Value combine(DimKind kind, Value a, Value b) {
    switch (kind) {
    case DimKind::Min:
      return builder.createOrFold<arith::MinSIOp>(a, b);
    case DimKind::Max:
      return builder.createOrFold<arith::MaxSIOp>(a, b);
    case DimKind::FloorDiv:
      return floorDiv(a, positive(b));
    case DimKind::CeilDiv: // -floor(-a / b)
      return builder.sub(builder.i64(0), floorDiv(builder.sub(builder.i64(0), a), positive(b)));
    case DimKind::Mod: {
      Value divisor = positive(b);
      return builder.sub(a, builder.mul(floorDiv(a, divisor), divisor));
    }
    default:
      return {};
    }
  }

  Value positive(Value divisor) {
    return builder.createOrFold<arith::MaxSIOp>(divisor, builder.i64(1));
  }

  /// Rounds down: one less than the quotient where the remainder is negative.
  Value floorDiv(Value a, Value b) {
    APInt constant;
    if (matchPattern(b, m_ConstantInt(&constant)) && constant.isPowerOf2())
      return builder.createOrFold<arith::ShRSIOp>(a, builder.i64(constant.logBase2()));
    Value quotient = builder.createOrFold<arith::DivSIOp>(a, b);
    Value rest = builder.sub(a, builder.mul(quotient, b));
    return builder.add(quotient, builder.createOrFold<arith::ShRSIOp>(rest, builder.i64(63)));
  }

  VectorBuilder &builder;
  const llvm::StringMap<Value> &symbols;
};

} // namespace

FailureOr<Value> TileEmitter::emitExpr(DimExpr expr) {
  Value value = ExprEmitter(builder, symbolValues).emit(expr);
  if (!value)
    return failure();
  return value;
}

} // namespace tenon::tile
