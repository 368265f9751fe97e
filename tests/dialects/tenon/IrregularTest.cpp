//===- IrregularTest.cpp - what irregular operations say of themselves ----===//

#include "dialects/tenon/Tenon.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace tenon;

namespace {

/// Kind, own dimension and independent dimensions of the operation on x and i.
std::string described(const std::string &op) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<TenonDialect>();
  std::string text = "tenon.func @main(%x: tensor<9x4x2xf32>, %i: tensor<3xi64>, "
                     "%u: tensor<3x4x2xf32>) {\n" +
                     op + "\ntenon.return\n}";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  std::string result = "none";
  if (module)
    module->walk([&](IrregularOpInterface irregular) {
      static const char *kinds[] = {"row", "whole row", "whole"};
      result = kinds[static_cast<unsigned>(irregular.getIrregularKind())];
      if (auto own = irregular.getOwnDim())
        result += ", own " + std::to_string(*own);
      result += ", independent";
      for (int64_t dim : irregular.getIndependentDims())
        result += " " + std::to_string(dim);
    });
  return result;
}

TEST(IrregularTest, RowsAreIndependentBesidesTheirOwnDimension) {
  EXPECT_EQ(described("%0 = tenon.arg_reduce <max> %x dim 1 : (tensor<9x4x2xf32>) -> tensor<9x2xi64>"),
            "row, own 1, independent 0 2");
  EXPECT_EQ(described("%0 = tenon.scan <add> %x dim 0 : (tensor<9x4x2xf32>) -> tensor<9x4x2xf32>"),
            "whole row, own 0, independent 1 2");
  EXPECT_EQ(described("%0, %1 = tenon.sort %x dim 2 : (tensor<9x4x2xf32>) -> "
                      "(tensor<9x4x2xf32>, tensor<9x4x2xi64>)"),
            "whole row, own 2, independent 0 1");
}

TEST(IrregularTest, AScatterKeepsWhatItsIndicesDoNotName) {
  EXPECT_EQ(described("%0 = tenon.scatter <none> %x [%i] %u data [0, -2, -3] index [0] : "
                      "(tensor<9x4x2xf32>, tensor<3xi64>, tensor<3x4x2xf32>) -> tensor<9x4x2xf32>"),
            "whole, independent 1 2");
  EXPECT_EQ(described("%0, %1 = tenon.nonzero %x : (tensor<9x4x2xf32>) -> "
                      "(tensor<72x3xi64>, tensor<i64>)"),
            "whole, independent");
}

TEST(IrregularTest, OthersAreNotIrregular) {
  EXPECT_EQ(described("%0 = tenon.exp %x : (tensor<9x4x2xf32>) -> tensor<9x4x2xf32>"), "none");
}

} // namespace
