//===- ObjectCode.h - LLVM IR to an ELF object in memory ----------*- C++ -*-===//
#ifndef TENON_PASSES_CODEGEN_OBJECTCODE_H
#define TENON_PASSES_CODEGEN_OBJECTCODE_H

#include "passes/codegen/Cpu.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
class TargetMachine;
}

namespace tenon {

/// Optimises \p module for the features and compiles it to a relocatable ELF
/// object: position-independent, small code model, no unwind tables, no calls of
/// library functions. Safe to call from several threads on modules of different
/// contexts. \p listing gets the optimised module as text.
llvm::Expected<llvm::SmallVector<char, 0>> compileObject(llvm::Module &module,
                                                         CpuFeatures features,
                                                         llvm::raw_ostream *listing = nullptr);

/// The short pipeline that all targets share, after functions that ask for it were
/// put in place of their calls.
void optimiseModule(llvm::Module &module, llvm::TargetMachine &machine, bool inlineCalls);

/// Appends the sections of \p object to \p image and resolves all references
/// among them; returns where \p symbol is. Refuses what would need a loader:
/// undefined symbols, writable data, references that are not PC-relative.
llvm::Expected<uint64_t> linkObject(llvm::ArrayRef<char> object, llvm::StringRef symbol,
                                    std::vector<char> &image, uint64_t alignment);

} // namespace tenon

#endif
