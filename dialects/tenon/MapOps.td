//===- MapOps.td - element-wise operations ---------------------------------===//
//
// A map is nothing but its scalar body: shapes, fusion, sharding and code all
// follow from the identity factor rule. To add one, add a `def` here.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_MAP_OPS
#define TENON_MAP_OPS

include "dialects/tenon/TenonBase.td"

// Element type of the result: the operands' or i1.
class ResultRule<string fn> { string inferElementType = fn; }
def SameType : ResultRule<"inferSame">;
def BoolType : ResultRule<"inferBool">;

class Tenon_MapOp<string mnemonic, dag operands, string names, ResultRule rule, string fmt,
                  list<Trait> traits = []>
    : Tenon_Op<mnemonic, traits # [Pure, InferTypeOpAdaptor,
                                   FactorRuleMethods]> {
  // The body: C++ over Scalars named like the operands.
  string scalar = "";
  assert !ne(scalar, ""), "the operation \"" # mnemonic # "\" has no scalar body: add `let scalar = ...`";
  let arguments = operands;
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = fmt # " attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::tenon::FactorRule $cppClass::getFactorRule() { return detail::mapRule(getOperation()); }
    ::tenon::Scalar $cppClass::emitBody(::tenon::BodyArgs args) {
      }] # names # [{
      return }] # !subst("\n", " ", scalar) # [{;
    }
    ::llvm::LogicalResult $cppClass::inferReturnTypes(
        ::mlir::MLIRContext *context, std::optional<::mlir::Location> location, Adaptor adaptor,
        ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return detail::inferMap(context, location, adaptor.getOperands(),
                              detail::}] # rule.inferElementType # [{, types);
    }
    ::llvm::LogicalResult $cppClass::verify() { return detail::verifyMap(getOperation()); }
  }];
}

class Tenon_UnaryOp<string mnemonic, ResultRule rule = SameType>
    : Tenon_MapOp<mnemonic, (ins Tenon_Tensor:$x), "::tenon::Scalar x = args.operands[0]; (void)x;",
                  rule, "$x">;
class Tenon_BinaryOp<string mnemonic, ResultRule rule = SameType, list<Trait> traits = []>
    : Tenon_MapOp<mnemonic, (ins Tenon_Tensor:$x, Tenon_Tensor:$y),
                  "::tenon::Scalar x = args.operands[0], y = args.operands[1]; (void)x; (void)y;",
                  rule, "$x `,` $y", traits>;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

def Tenon_AddOp : Tenon_BinaryOp<"add", SameType, [Commutative]> {
  let summary = "x + y";
  let description = [{
    Operands are broadcast as NumPy does: trailing dimensions are aligned, a
    dimension of static size 1 is repeated.

    Example: `%2 = tenon.add %0, %1 : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>`
  }];
  let scalar = "x + y";
  let hasFolder = 0;
  let hasCanonicalizeMethod = 0;
}
def Tenon_SubOp : Tenon_BinaryOp<"sub"> {
  let summary = "x - y";
  let description = [{Example: `%2 = tenon.sub %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>`}];
  let scalar = "x - y";
}
def Tenon_MulOp : Tenon_BinaryOp<"mul", SameType, [Commutative]> {
  let summary = "x * y";
  let description = [{Example: `%2 = tenon.mul %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>`}];
  let scalar = "x * y";
}
def Tenon_DivOp : Tenon_BinaryOp<"div"> {
  let summary = "x / y, integers toward zero";
  let description = [{
    Division of integers by zero gives zero.

    Example: `%2 = tenon.div %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>`
  }];
  let scalar = "x / y";
}
def Tenon_ModOp : Tenon_BinaryOp<"mod"> {
  let summary = "remainder with the sign of the divisor";
  let description = [{Example: `%2 = tenon.mod %0, %1 : (tensor<4xi64>, tensor<i64>) -> tensor<4xi64>`}];
  let scalar = "x % y";
}
def Tenon_RemOp : Tenon_BinaryOp<"rem"> {
  let summary = "remainder with the sign of the dividend (C's fmod)";
  let description = [{Example: `%2 = tenon.rem %0, %1 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>`}];
  let scalar = "rem(x, y)";
}
def Tenon_MaxOp : Tenon_BinaryOp<"max", SameType, [Commutative]> {
  let summary = "the greater; NaN if either is";
  let description = [{Example: `%2 = tenon.max %0, %1 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>`}];
  let scalar = "max(x, y)";
}
def Tenon_MinOp : Tenon_BinaryOp<"min", SameType, [Commutative]> {
  let summary = "the lesser; NaN if either is";
  let description = [{Example: `%2 = tenon.min %0, %1 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>`}];
  let scalar = "min(x, y)";
}
def Tenon_PowOp : Tenon_BinaryOp<"pow"> {
  let summary = "x to the power y";
  let description = [{Example: `%2 = tenon.pow %0, %1 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>`}];
  let scalar = "pow(x, y)";
}
def Tenon_Atan2Op : Tenon_BinaryOp<"atan2"> {
  let summary = "angle of the point (y, x)";
  let description = [{Example: `%2 = tenon.atan2 %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>`}];
  let scalar = "atan2(x, y)";
}

//===----------------------------------------------------------------------===//
// Logic and comparison
//===----------------------------------------------------------------------===//

class LogicOp<string mnemonic, string text, string body>
    : Tenon_BinaryOp<mnemonic, SameType> {
  let summary = text;
  let description = "Example: `%2 = tenon." # mnemonic
                    # " %0, %1 : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>`";
  let scalar = body;
}
def Tenon_AndOp : LogicOp<"and", "bitwise and", "x & y">;
def Tenon_OrOp : LogicOp<"or", "bitwise or", "x | y">;
def Tenon_XorOp : LogicOp<"xor", "bitwise exclusive or", "x ^ y">;
def Tenon_ShlOp : LogicOp<"shl", "shift left", "shl(x, y)">;
def Tenon_ShrOp : LogicOp<"shr", "shift right, arithmetic if signed", "shr(x, y)">;

class CompareOp<string mnemonic, string text, string body> : Tenon_BinaryOp<mnemonic, BoolType> {
  let summary = text;
  let description = "Example: `%2 = tenon." # mnemonic
                    # " %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>`";
  let scalar = body;
}
def Tenon_EqOp : CompareOp<"eq", "x == y", "x == y">;
def Tenon_NeOp : CompareOp<"ne", "x != y", "x != y">;
def Tenon_LtOp : CompareOp<"lt", "x < y", "x < y">;
def Tenon_LeOp : CompareOp<"le", "x <= y", "x <= y">;
def Tenon_GtOp : CompareOp<"gt", "x > y", "x > y">;
def Tenon_GeOp : CompareOp<"ge", "x >= y", "x >= y">;

def Tenon_SelectOp
    : Tenon_MapOp<"select",
                  (ins Tenon_Tensor:$condition, Tenon_Tensor:$x, Tenon_Tensor:$y),
                  "::tenon::Scalar c = args.operands[0], x = args.operands[1], y = args.operands[2];",
                  SameType, "$condition `,` $x `,` $y"> {
  let summary = "x where the condition holds, else y";
  let description = [{
    Example:
    `%3 = tenon.select %0, %1, %2 : (tensor<4xi1>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>`
  }];
  let scalar = "select(c, x, y)";
}

//===----------------------------------------------------------------------===//
// Functions of one operand
//===----------------------------------------------------------------------===//

class FunctionOp<string mnemonic, string text, string body, ResultRule rule = SameType>
    : Tenon_UnaryOp<mnemonic, rule> {
  let summary = text;
  let description = "Example: `%1 = tenon." # mnemonic
                    # " %0 : (tensor<4xf32>) -> tensor<4xf32>`";
  let scalar = body;
}
def Tenon_NegOp : FunctionOp<"neg", "-x", "-x">;
def Tenon_AbsOp : FunctionOp<"abs", "absolute value", "abs(x)">;
def Tenon_SignOp : FunctionOp<"sign", "-1, 0 or 1; NaN of NaN", "sign(x)">;
def Tenon_NotOp : FunctionOp<"not", "bitwise complement", "!x">;
def Tenon_PopCountOp : FunctionOp<"popcount", "number of set bits", "popcount(x)">;
def Tenon_FloorOp : FunctionOp<"floor", "round toward minus infinity", "floor(x)">;
def Tenon_CeilOp : FunctionOp<"ceil", "round toward infinity", "ceil(x)">;
def Tenon_RoundOp : FunctionOp<"round", "round to nearest, ties to even", "round(x)">;
def Tenon_TruncOp : FunctionOp<"trunc", "round toward zero", "trunc(x)">;
def Tenon_SqrtOp : FunctionOp<"sqrt", "square root", "sqrt(x)">;
def Tenon_RsqrtOp : FunctionOp<"rsqrt", "1 / sqrt(x)", "rsqrt(x)">;
def Tenon_ExpOp : FunctionOp<"exp", "e to the power x", "exp(x)">;
def Tenon_LogOp : FunctionOp<"log", "natural logarithm", "log(x)">;
def Tenon_SinOp : FunctionOp<"sin", "sine", "sin(x)">;
def Tenon_CosOp : FunctionOp<"cos", "cosine", "cos(x)">;
def Tenon_TanOp : FunctionOp<"tan", "tangent", "tan(x)">;
def Tenon_AsinOp : FunctionOp<"asin", "inverse sine", "asin(x)">;
def Tenon_AcosOp : FunctionOp<"acos", "inverse cosine", "acos(x)">;
def Tenon_AtanOp : FunctionOp<"atan", "inverse tangent", "atan(x)">;
def Tenon_SinhOp : FunctionOp<"sinh", "hyperbolic sine", "sinh(x)">;
def Tenon_CoshOp : FunctionOp<"cosh", "hyperbolic cosine", "cosh(x)">;
def Tenon_TanhOp : FunctionOp<"tanh", "hyperbolic tangent", "tanh(x)">;
def Tenon_AsinhOp : FunctionOp<"asinh", "inverse hyperbolic sine", "asinh(x)">;
def Tenon_AcoshOp : FunctionOp<"acosh", "inverse hyperbolic cosine", "acosh(x)">;
def Tenon_AtanhOp : FunctionOp<"atanh", "inverse hyperbolic tangent", "atanh(x)">;
def Tenon_ErfOp : FunctionOp<"erf", "error function", "erf(x)">;
def Tenon_IsNanOp : FunctionOp<"isnan", "true where x is NaN", "isnan(x)", BoolType>;
def Tenon_IsInfOp : FunctionOp<"isinf", "true where x is infinite", "isinf(x)", BoolType>;
def Tenon_ReluOp : FunctionOp<"relu", "max(x, 0)", "max(x, 0)">;
def Tenon_SigmoidOp : FunctionOp<"sigmoid", "1 / (1 + exp(-x))", "1 / (1 + exp(-x))">;
def Tenon_GeluOp : FunctionOp<"gelu", "0.5 * x * (1 + erf(x / sqrt(2)))",
                              "x * 0.5 * (1 + erf(x * 0.70710678118654752))">;

def Tenon_CastOp : Tenon_Op<"cast", [Pure, FactorRuleMethods]> {
  let summary = "convert the element type";
  let description = [{
    Floats to integers go toward zero; to i1 by comparison with zero.

    Example: `%1 = tenon.cast %0 : (tensor<4xf32>) -> tensor<4xi64>`
  }];
  let arguments = (ins Tenon_Tensor:$x);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // TENON_MAP_OPS
