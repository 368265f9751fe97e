//===- tenon-mlir-lsp-server.cpp - editors on Tenon's IR --------*- C++ -*-===//
//
// MLIR's language server with Tenon's dialects: diagnostics, definitions and
// hovers in .mlir files. (Models in the language: tenon-lsp-server.)
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/support/Register.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Support/LogicalResult.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  tenon::registerToolDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
