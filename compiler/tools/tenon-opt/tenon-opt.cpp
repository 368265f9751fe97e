//===- tenon-opt.cpp - Runs passes on IR in text form -------------*- C++ -*-===//
//
// The tool of the pass tests. `--load-dialect-plugin` and `--load-pass-plugin`
// add dialects and passes of others (examples/standalone).
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/support/Register.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  tenon::hideOptionsOfLLVM();
  mlir::DialectRegistry registry;
  tenon::registerToolDialects(registry);
  tenon::registerToolPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Tenon's pass driver\n", registry));
}
