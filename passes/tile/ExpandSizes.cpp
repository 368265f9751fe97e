//===- ExpandSizes.cpp - named sizes become expressions again -------------===//
//
// The inverse of NameSizes.cpp: tile programs and the program around them know
// only the symbols that a caller's shapes bind.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/SymbolSizes.h"
#include "dialects/tenon/Tenon.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "passes/tile/Passes.h"

using namespace mlir;
namespace tenon {

#define GEN_PASS_DEF_EXPANDSIZESPASS
#include "passes/tile/Passes.h.inc"

namespace {
struct ExpandSizesPass : impl::ExpandSizesPassBase<ExpandSizesPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto named = module->getAttrOfType<DictionaryAttr>(kNamedSizesAttr);
    if (!named)
      return;
    removeSymbols(module, named);
    module->removeAttr(kNamedSizesAttr);
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](DimExprAttr attr) -> std::pair<Attribute, WalkResult> {
      return {expand(DimExpr(attr), named).getAttr(), WalkResult::skip()};
    });
    module.walk([&](Operation *op) {
      if (auto func = dyn_cast<tile::FuncOp>(op))
        func.setSymbolsAttr(unnamed(func.getSymbols(), named));
      if (op != module)
        replacer.replaceElementsIn(op, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                   /*replaceTypes=*/true);
    });
  }

private:
  static DimExpr expand(DimExpr expr, DictionaryAttr named) {
    return expr.replaceLeaves([&](DimExpr leaf) {
      Attribute definition = leaf.isSymbol() ? named.get(leaf.getSymbol()) : Attribute();
      return definition ? expand(DimExpr(definition), named) : DimExpr();
    });
  }

  static ArrayAttr unnamed(ArrayAttr symbols, DictionaryAttr named) {
    SmallVector<Attribute> kept;
    for (Attribute symbol : symbols)
      if (!named.contains(cast<StringAttr>(symbol)))
        kept.push_back(symbol);
    return ArrayAttr::get(named.getContext(), kept);
  }

  static void removeSymbols(ModuleOp module, DictionaryAttr named) {
    auto symbols = module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName);
    SmallVector<StringAttr> names;
    SmallVector<int64_t> mins, maxs, steps;
    for (auto [name, min, max, step] :
         llvm::zip(symbols.getNames(), symbols.getMins(), symbols.getMaxs(), symbols.getSteps())) {
      if (named.contains(name))
        continue;
      names.push_back(name);
      mins.push_back(min);
      maxs.push_back(max);
      steps.push_back(step);
    }
    module->setAttr(TenonDialect::kSymbolsAttrName,
                    SymbolsAttr::get(module.getContext(), names, mins, maxs, steps));
  }
};
} // namespace
} // namespace tenon
