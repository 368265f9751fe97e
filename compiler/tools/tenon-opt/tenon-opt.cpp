//===- tenon-opt.cpp - Runs passes on IR in text form -------------*- C++ -*-===//
//
// The tool of the pass tests: all dialects and passes of Tenon, and of MLIR
// those that Tenon's pipelines use.
//
//===----------------------------------------------------------------------===//
#include "dialects/exec/Exec.h"
#include "dialects/tenon/Tenon.h"
#include "dialects/tile/TileDialect.h"
#include "passes/codegen/Passes.h"
#include "passes/fuse/PackedProducts.h"
#include "passes/fuse/Passes.h"
#include "passes/tile/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"

/// Leaves what libLLVM registers for its own tools out of --help; MLIR's options
/// and the passes are registered later.
static void hideOptionsOfLLVM() {
  for (auto &option : llvm::cl::getRegisteredOptions())
    if (!option.first.starts_with("help"))
      option.second->setHiddenFlag(llvm::cl::ReallyHidden);
}

int main(int argc, char **argv) {
  hideOptionsOfLLVM();
  mlir::DialectRegistry registry;
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  registry.insert<tenon::TenonDialect, tenon::tile::TileDialect, tenon::exec::ExecDialect>();

  mlir::registerTransformsPasses();
  tenon::registerTenonCodegenPasses();
  tenon::registerGraphPasses();
  tenon::registerFusePasses();
  mlir::registerPass([] { return tenon::createPackedProducts(/*formsKernels=*/true); });
  tenon::registerTenonTilePassesPasses();
  tenon::registerTenonSchedulePasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Tenon's pass driver\n", registry));
}
