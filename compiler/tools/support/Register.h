//===- Register.h - the dialects and passes of the tools --------*- C++ -*-===//
//
// tenon-opt, tenon-reduce and tenon-mlir-lsp-server know the same IR: Tenon's
// dialects, and of MLIR those that Tenon's pipelines use.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_COMPILER_TOOLS_SUPPORT_REGISTER_H
#define TENON_COMPILER_TOOLS_SUPPORT_REGISTER_H

namespace mlir {
class DialectRegistry;
}

namespace tenon {

void registerToolDialects(mlir::DialectRegistry &registry);
void registerToolPasses();

/// Leaves what libLLVM registers for its own tools out of --help; MLIR's options
/// and the passes are registered later. Call it first.
void hideOptionsOfLLVM();

} // namespace tenon

#endif // TENON_COMPILER_TOOLS_SUPPORT_REGISTER_H
