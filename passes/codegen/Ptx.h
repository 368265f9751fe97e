//===- Ptx.h - LLVM IR to PTX -------------------------------------*- C++ -*-===//
#ifndef TENON_PASSES_CODEGEN_PTX_H
#define TENON_PASSES_CODEGEN_PTX_H

#include "passes/codegen/gpu/GpuTarget.h"

#include "llvm/Support/Error.h"
#include <string>

namespace llvm {
class Module;
}

namespace tenon {

/// Marks what must not move across branches: LLVM 22 does not know that mma.sync
/// and inline assembly are executed by a warp together. Before any optimisation.
void setConvergent(llvm::Module &module);

/// Optimises \p module and compiles it to PTX text for an architecture. Safe to call
/// from several threads on modules of different contexts.
llvm::Expected<std::string> compilePtx(llvm::Module &module, const GpuTarget &target);

} // namespace tenon

#endif
