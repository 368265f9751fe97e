//===- Register.cpp - the dialects and passes of the tools ----------------===//

#include "compiler/tools/support/Register.h"
#include "dialects/exec/Exec.h"
#include "dialects/spmd/Spmd.h"
#include "dialects/tenon/Tenon.h"
#include "dialects/tile/TileDialect.h"
#include "passes/codegen/Passes.h"
#include "passes/fuse/PackedProducts.h"
#include "passes/fuse/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/schedule/Passes.h"
#include "passes/shard/Passes.h"
#include "passes/tile/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"

namespace tenon {

void registerToolDialects(mlir::DialectRegistry &registry) {
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  registry.insert<TenonDialect, tile::TileDialect, exec::ExecDialect, spmd::SpmdDialect>();
}

void registerToolPasses() {
  mlir::registerTransformsPasses();
  registerTenonCodegenPasses();
  registerGraphPasses();
  registerFusePasses();
  mlir::registerPass([] { return createPackedProducts(/*formsKernels=*/true); });
  registerShardPasses();
  registerTenonTilePassesPasses();
  registerTenonSchedulePasses();
}

void hideOptionsOfLLVM() {
  for (auto &option : llvm::cl::getRegisteredOptions())
    if (!option.first.starts_with("help"))
      option.second->setHiddenFlag(llvm::cl::ReallyHidden);
}

} // namespace tenon
