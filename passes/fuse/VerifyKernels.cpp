//===- VerifyKernels.cpp - checks what fusion must have left --------------===//

#include "dialects/spmd/Spmd.h"
#include "passes/fuse/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace tenon {
#define GEN_PASS_DEF_VERIFYKERNELS
#include "passes/fuse/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

class VerifyKernelsPass : public impl::VerifyKernelsBase<VerifyKernelsPass> {
public:
  void runOnOperation() override {
    bool isValid = true;
    getOperation().walk([&](Operation *op) { isValid &= succeeded(verify(op)); });
    if (!isValid)
      signalPassFailure();
  }

private:
  LogicalResult verify(Operation *op) {
    bool isInKernel = op->getParentOfType<KernelOp>() != nullptr;
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      if (isInKernel)
        return op->emitOpError("lies in another kernel");
      if (!names.insert(kernel.getName()).second)
        return op->emitOpError() << "has the name of another kernel, '" << kernel.getName() << "'";
      return success();
    }
    bool isOutsideOp = isa<ModuleOp, FuncOp, ReturnOp, CallOp, WeightOp, ReadOp, StateOp,
                           LoadStateOp, StoreStateOp, ConstantOp, BindOp, CheckOp, YieldOp, IfOp,
                           LoopOp>(op) ||
                       isa_and_nonnull<spmd::SpmdDialect>(op->getDialect());
    if (!isInKernel && !isOutsideOp)
      return op->emitOpError("is in no kernel");
    return success();
  }

  llvm::StringSet<> names;
};

} // namespace
} // namespace tenon
