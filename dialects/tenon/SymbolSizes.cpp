//===- SymbolSizes.cpp - what sizes to expect of symbols ------------------===//
//
// Guesses by position (see the header), fitted to range and step.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/SymbolSizes.h"
#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/Tenon.h"

using namespace mlir;
namespace tenon {

static constexpr int64_t kBatch = 4, kPicture = 320, kSequence = 128, kUnknown = 32;

static int64_t fit(int64_t size, SymbolRanges::Entry range) {
  size = std::clamp(size, range.min, std::max(range.min, range.max));
  int64_t step = std::max<int64_t>(range.step, 1);
  return std::max(range.min, size / step * step);
}

SymbolSizes::SymbolSizes(ModuleOp module) {
  FactorRanges ranges(module);
  if (auto named = module->getAttrOfType<DictionaryAttr>(kNamedSizesAttr))
    for (NamedAttribute entry : named)
      definitions[entry.getName()] = DimExpr(entry.getValue());
  auto add = [&](StringRef name, int64_t size, bool isBatch) {
    SymbolRanges::Entry range = ranges.getSymbols().getSymbol(name);
    Size &known = sizes[name];
    known.nominal = std::max(known.nominal, fit(size, range));
    known.least = std::max(known.least, isBatch ? fit(1, range) : fit(size, range));
  };
  for (FuncOp func : module.getOps<FuncOp>()) {
    for (Type type : func.getArgumentTypes()) {
      SmallVector<DimExpr> dims = getDims(type);
      for (auto [i, dim] : llvm::enumerate(dims)) {
        bool isBatch = i == 0 && dims.size() > 1;
        if (dim.isSymbol())
          add(dim.getSymbol(), isBatch ? kBatch : dims.size() >= 4 ? kPicture : kSequence, isBatch);
      }
    }
  }
  if (auto symbols = module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName))
    for (StringAttr name : symbols.getNames())
      if (!sizes.contains(name.getValue()) && !definitions.contains(name.getValue()))
        add(name.getValue(), kUnknown, false);
}

int64_t SymbolSizes::evaluate(DimExpr expr, bool isLeast) const {
  std::optional<int64_t> value = expr.evaluate([&](DimExpr leaf) -> std::optional<int64_t> {
    if (!leaf.isSymbol())
      return 1;
    if (auto known = definitions.find(leaf.getSymbol()); known != definitions.end())
      return evaluate(known->second, isLeast);
    auto it = sizes.find(leaf.getSymbol());
    return it == sizes.end() ? kUnknown : isLeast ? it->second.least : it->second.nominal;
  });
  // Overflow: large, with room for sums.
  return std::max<int64_t>(value.value_or(int64_t(1) << 40), 1);
}

} // namespace tenon
