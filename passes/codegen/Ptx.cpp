//===- Ptx.cpp - LLVM IR to PTX -----------------------------------*- C++ -*-===//
//
// The same short pipeline as for a CPU, with functions inlined, then the NVPTX back
// end. No contraction flags: products and sums stay apart (`mul.rn`, `add.rn`)
// unless the program says fma, so that every machine gives the same bits.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Ptx.h"

#include "passes/codegen/ObjectCode.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace tenon;

static std::unique_ptr<llvm::TargetMachine> createMachine(const GpuTarget &gpu,
                                                          std::string &error) {
  static const bool initialised = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialised;
  llvm::Triple triple("nvptx64-nvidia-cuda");
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, gpu.processor, gpu.features, {}, std::nullopt,
                                  std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

void tenon::setConvergent(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction)) {
        llvm::Function *callee = call->getCalledFunction();
        if (call->isInlineAsm() || (callee && callee->getName().starts_with("llvm.nvvm.mma.")))
          call->setConvergent();
      }
}

llvm::Expected<std::string> tenon::compilePtx(llvm::Module &module, const GpuTarget &target) {
  std::string error;
  auto machine = createMachine(target, error);
  if (!machine)
    return llvm::createStringError(error);
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : module)
    if (function.hasLocalLinkage() && !function.isDeclaration()) {
      function.removeFnAttr(llvm::Attribute::NoInline);
      function.addFnAttr(llvm::Attribute::AlwaysInline);
    }
  setConvergent(module);
  optimiseModule(module, *machine, /*inlineCalls=*/true);

  llvm::SmallVector<char, 0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager emit;
  if (machine->addPassesToEmitFile(emit, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return llvm::createStringError("the NVPTX back end cannot write assembly");
  emit.run(module);
  return std::string(text.begin(), text.end());
}
