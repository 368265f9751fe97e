//===- SymbolicValuesTest.cpp - elements of small tensors -----------------===//
//
// Parses functions, evaluates their results and compares the elements' text.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/SymbolicValues.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace tenon;

namespace {
/// The elements of what `tenon.return` returns first, as text.
std::string elements(const std::string &body, const std::string &type,
                     size_t *assumptions = nullptr) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<TenonDialect>();
  std::string text = "tenon.func @main(%x: tensor<3xi64>) -> " + type + " {\n" + body + "}";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return "does not parse";
  SymbolRanges ranges;
  ranges.add("B", {1, 64, 1});
  ranges.add("L", {1, 2147483647, 1});
  SymbolicValues values(ranges);
  mlir::Value result;
  module->walk([&](ReturnOp op) { result = op.getOperand(0); });
  const HostElements *found = values.get(result);
  if (!found)
    return "unknown";
  std::string line;
  llvm::raw_string_ostream os(line);
  for (mlir::Attribute element : *found) {
    os << (line.empty() ? "" : " ");
    if (!element)
      os << "?";
    else if (auto number = llvm::dyn_cast<mlir::FloatAttr>(element))
      os << number.getValueAsDouble();
    else
      os << DimExpr(element).str();
  }
  if (assumptions)
    *assumptions = values.takeAssumptions().size();
  return line;
}

const std::string kScalar = "tensor<i64>";
std::string unary(const std::string &op) {
  return "%d = tenon.dim <B * 2 + -3> : tensor<i64>\n" + op + "tenon.return %r : tensor<i64>\n";
}
} // namespace

TEST(SymbolicValues, FollowsArithmeticOnSizes) {
  EXPECT_EQ(elements("%b = tenon.dim <B> : tensor<i64>\n"
                     "%c = tenon.constant dense<3> : tensor<i64>\n"
                     "%p = tenon.mul %b, %c : (tensor<i64>, tensor<i64>) -> tensor<i64>\n"
                     "%r = tenon.reshape %p : (tensor<i64>) -> tensor<1xi64>\n"
                     "%k = tenon.constant dense<[7, 8]> : tensor<2xi64>\n"
                     "%s = tenon.concat %r, %k dim 0 : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>\n"
                     "tenon.return %s : tensor<3xi64>\n",
                     "tensor<3xi64>"),
            "3 * B 7 8");
}

TEST(SymbolicValues, ComparisonsAreDecidedByRanges) {
  // B >= 1: never negative, so the wrapped index is B itself.
  EXPECT_EQ(elements("%b = tenon.dim <B> : tensor<i64>\n"
                     "%z = tenon.constant dense<0> : tensor<i64>\n"
                     "%n = tenon.lt %b, %z : (tensor<i64>, tensor<i64>) -> tensor<i1>\n"
                     "%w = tenon.add %b, %b : (tensor<i64>, tensor<i64>) -> tensor<i64>\n"
                     "%r = tenon.select %n, %w, %b : (tensor<i1>, tensor<i64>, tensor<i64>) -> tensor<i64>\n"
                     "tenon.return %r : tensor<i64>\n",
                     kScalar),
            "B");
  // 2 * B - 3 may be negative or not: its absolute value is not known.
  EXPECT_EQ(elements(unary("%r = tenon.abs %d : (tensor<i64>) -> tensor<i64>\n"), kScalar), "?");
}

TEST(SymbolicValues, NarrowCastsAreAssumed) {
  size_t assumptions = 0;
  std::string body = "%l = tenon.dim <L * L> : tensor<i64>\n"
                     "%n = tenon.cast %l : (tensor<i64>) -> tensor<i32>\n"
                     "%r = tenon.cast %n : (tensor<i32>) -> tensor<i64>\n"
                     "tenon.return %r : tensor<i64>\n";
  EXPECT_EQ(elements(body, kScalar, &assumptions), "L * L");
  EXPECT_EQ(assumptions, 1u);
}

TEST(SymbolicValues, FoldsReductionsAndFloats) {
  EXPECT_EQ(elements("%c = tenon.constant dense<[[1.5, 2.0], [4.0, -1.0]]> : tensor<2x2xf32>\n"
                     "%r = tenon.reduce <add> %c dims [1] : (tensor<2x2xf32>) -> tensor<2xf32>\n"
                     "%q = tenon.sqrt %r : (tensor<2xf32>) -> tensor<2xf32>\n"
                     "tenon.return %q : tensor<2xf32>\n",
                     "tensor<2xf32>"),
            elements("%c = tenon.constant dense<[3.5, 3.0]> : tensor<2xf32>\n"
                     "%q = tenon.sqrt %c : (tensor<2xf32>) -> tensor<2xf32>\n"
                     "tenon.return %q : tensor<2xf32>\n",
                     "tensor<2xf32>"));
}

TEST(SymbolicValues, IntegersWrapAndDivideAsKernelsDo) {
  EXPECT_EQ(elements("%a = tenon.constant dense<[-7, 7, 127]> : tensor<3xi8>\n"
                     "%b = tenon.constant dense<[2, 0, 1]> : tensor<3xi8>\n"
                     "%q = tenon.div %a, %b : (tensor<3xi8>, tensor<3xi8>) -> tensor<3xi8>\n"
                     "%s = tenon.add %q, %b : (tensor<3xi8>, tensor<3xi8>) -> tensor<3xi8>\n"
                     "tenon.return %s : tensor<3xi8>\n",
                     "tensor<3xi8>"),
            "-1 0 -128");
}

TEST(SymbolicValues, DataIsNotKnown) {
  EXPECT_EQ(elements("tenon.return %x : tensor<3xi64>\n", "tensor<3xi64>"), "unknown");
}

TEST(SymbolRanges, IntervalsOfExpressions) {
  mlir::MLIRContext context;
  context.loadDialect<TenonDialect>();
  SymbolRanges ranges;
  ranges.add("B", {1, 64, 1});
  DimExpr b = DimExpr::symbol(&context, "B");
  DimRange range = ranges.get((b * 2 + 6).floorDiv(4));
  EXPECT_LE(range.min, 2);
  EXPECT_GE(range.max, 33);
  EXPECT_LE(range.max, 34);
  EXPECT_EQ(ranges.isLess(b, b + 1), std::optional(true));
  EXPECT_EQ(ranges.isEqual(b, DimExpr::constant(&context, 65)), std::optional(false));
  EXPECT_EQ(ranges.isEqual(b, DimExpr::constant(&context, 64)), std::nullopt);
}
