//===- VerifyTiles.cpp - checks what the tile stage must have left --------===//
//
// What a tile function must be by itself its own verifier says; here: that there
// is one for each kernel, and that it is this kernel's.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/Evaluator.h"
#include "passes/tile/Passes.h"

#include "dialects/tile/TileDialect.h"

using namespace mlir;
namespace tenon {

#define GEN_PASS_DEF_VERIFYTILESPASS
#include "passes/tile/Passes.h.inc"

namespace {

class VerifyTilesPass : public impl::VerifyTilesPassBase<VerifyTilesPass> {
public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (auto attr = module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName))
      symbols = attr.getNames();
    SymbolTable table(module);
    bool isValid = true;
    module.walk([&](KernelOp kernel) { isValid &= succeeded(verifyKernel(kernel, table)); });
    for (tile::FuncOp func : module.getOps<tile::FuncOp>())
      isValid &= succeeded(verifyFunc(func));
    if (!isValid)
      signalPassFailure();
  }

private:
  /// tiles_c1
  LogicalResult verifyKernel(KernelOp kernel, SymbolTable &table) {
    auto func = table.lookup<tile::FuncOp>(kernel.getName());
    if (!func)
      return kernel.emitOpError() << "'" << kernel.getName() << "' has no tile function [tiles_c1]";
    SmallVector<Type> expected;
    for (Type type : llvm::concat<const Type>(llvm::to_vector(kernel->getOperandTypes()),
                                              llvm::to_vector(kernel->getResultTypes())))
      expected.push_back(tile::ViewType::get(storageType(getElementTypeOrSelf(type))));
    ArrayRef<Type> actual = func.getArgumentTypes().drop_back();
    if (actual.size() != expected.size())
      return func.emitOpError() << "has " << actual.size() << " views, expected "
                                << expected.size() << " [tiles_c1]";
    for (auto [i, pair] : llvm::enumerate(llvm::zip(actual, expected)))
      if (std::get<0>(pair) != std::get<1>(pair))
        return func.emitOpError() << "argument " << i << " is " << std::get<0>(pair)
                                  << ", expected " << std::get<1>(pair) << " [tiles_c1]";
    return success();
  }

  LogicalResult verifyFunc(tile::FuncOp func) {
    // tiles_c2
    if (!llvm::equal(func.getSymbols().getAsRange<StringAttr>(), symbols))
      return func.emitOpError("lists other symbols than the module declares [tiles_c2]");
    // tiles_c3
    LogicalResult result = success();
    func.getBody().walk([&](Operation *op) {
      if (isa_and_nonnull<TenonDialect>(op->getDialect()))
        result = op->emitOpError("is part of a tile function [tiles_c3]");
    });
    return result;
  }

  ArrayRef<StringAttr> symbols;
};

} // namespace
} // namespace tenon
