//===- InferShapes.cpp - replaces symbols whose value is known ------------===//
//
// 1. Collect the symbols to fix: given by option, or of a range of one value.
// 2. Rewrite every size expression in types and attributes of the module.
// 3. Drop those symbols from the module's list.
//
//===----------------------------------------------------------------------===//

#include "passes/graph/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/ADT/StringMap.h"

namespace tenon {
#define GEN_PASS_DEF_INFERSHAPES
#include "passes/graph/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

class InferShapesPass : public impl::InferShapesBase<InferShapesPass> {
public:
  using InferShapesBase::InferShapesBase;

  void runOnOperation() override {
    auto symbols = getOperation()->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName);
    if (failed(parseDims()) || failed(collect(symbols)))
      return signalPassFailure();
    if (values.empty())
      return;
    if (symbols)
      dropSymbols(symbols);
    rewriteTypes();
  }

private:
  LogicalResult parseDims() {
    for (const std::string &text : dims) {
      auto [name, number] = StringRef(text).rsplit('=');
      int64_t value;
      if (name.empty() || number.getAsInteger(10, value))
        return getOperation().emitError() << "dimension '" << text << "' is not NAME=VALUE";
      values[name] = value;
    }
    return success();
  }

  LogicalResult collect(SymbolsAttr symbols) {
    llvm::StringMap<int64_t> given = std::move(values);
    values.clear();
    for (unsigned i = 0; symbols && i < symbols.getNames().size(); ++i) {
      StringRef name = symbols.getNames()[i].getValue();
      int64_t min = symbols.getMins()[i], max = symbols.getMaxs()[i], step = symbols.getSteps()[i];
      auto it = given.find(name);
      if (it == given.end()) {
        if (min == max)
          values[name] = min;
        continue;
      }
      int64_t value = it->second;
      if (value < min || value > max || (step > 0 && value % step != 0))
        return getOperation().emitError() << "dimension " << name << " is in " << min << ".." << max
                                          << " by " << step << ", but given as " << value;
      values[name] = value;
      given.erase(it);
    }
    for (const auto &entry : given)
      return getOperation().emitError() << "there is no dimension '" << entry.getKey() << "'";
    return success();
  }

  void dropSymbols(SymbolsAttr symbols) {
    SmallVector<StringAttr> names;
    SmallVector<int64_t> mins, maxs, steps;
    for (unsigned i = 0; i < symbols.getNames().size(); ++i) {
      if (values.contains(symbols.getNames()[i].getValue()))
        continue;
      names.push_back(symbols.getNames()[i]);
      mins.push_back(symbols.getMins()[i]);
      maxs.push_back(symbols.getMaxs()[i]);
      steps.push_back(symbols.getSteps()[i]);
    }
    getOperation()->setAttr(TenonDialect::kSymbolsAttrName,
                            SymbolsAttr::get(&getContext(), names, mins, maxs, steps));
  }

  DimExpr fix(DimExpr expr) {
    return expr.replaceLeaves([&](DimExpr leaf) {
      auto it = leaf.isSymbol() ? values.find(leaf.getSymbol()) : values.end();
      return it == values.end() ? DimExpr() : DimExpr::constant(&getContext(), it->second);
    });
  }

  void rewriteTypes() {
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](DimExprAttr attr) -> std::pair<Attribute, WalkResult> {
      return {fix(DimExpr(attr)).getAttr(), WalkResult::skip()};
    });
    replacer.addReplacement(
        [&](RankedTensorType type) -> std::optional<std::pair<Type, WalkResult>> {
          if (!isa_and_nonnull<DimsAttr>(type.getEncoding()))
            return std::nullopt;
          SmallVector<DimExpr> fixed;
          for (DimExpr dim : getDims(type))
            fixed.push_back(fix(dim));
          return {{makeTensorType(fixed, type.getElementType()), WalkResult::skip()}};
        });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false, /*replaceTypes=*/true);
  }

  llvm::StringMap<int64_t> values;
};

} // namespace
} // namespace tenon
