//===- NameSizes.cpp - symbols for sizes that are sums --------------------===//
//
// A picture halved with padding has (W - 1) floordiv 2 + 1 columns. As a stride
// such a sum is spread over many terms, and an offset in it can no longer be
// seen to be a row and a column. So while kernels are formed it is a symbol of
// its own: for a dimension `a * x + c`, x not linear and c a multiple of a,
//
//   n := x + c / a     and everywhere     x -> n - c / a
//
// from the innermost x outwards. Sizes bound at run time keep their form: when
// they are known decides where a kernel may stand.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/FactorRanges.h"
#include "dialects/tenon/SymbolSizes.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "passes/fuse/Passes.h"

namespace tenon {
#define GEN_PASS_DEF_NAMESIZES
#include "passes/fuse/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

/// `n := atom + shift`.
struct NamedSize {
  DimExpr atom, name;
  int64_t shift;
};

/// The expression with every occurrence of the atom replaced.
DimExpr substitute(DimExpr expr, const NamedSize &size) {
  if (expr == size.atom)
    return size.name - size.shift;
  auto operands = expr.getOperands();
  if (operands.empty())
    return expr;
  for (DimExpr &operand : operands)
    operand = substitute(operand, size);
  DimExpr result = operands.front();
  for (DimExpr operand : llvm::drop_begin(operands))
    switch (expr.getKind()) {
    case DimKind::Add:
      result = result + operand;
      break;
    case DimKind::Mul:
      result = result * operand;
      break;
    case DimKind::FloorDiv:
      result = result.floorDiv(operand);
      break;
    case DimKind::CeilDiv:
      result = result.ceilDiv(operand);
      break;
    case DimKind::Mod:
      result = result.mod(operand);
      break;
    case DimKind::Min:
      result = result.min(operand);
      break;
    default:
      result = result.max(operand);
      break;
    }
  return result;
}

class NameSizesPass : public impl::NameSizesBase<NameSizesPass> {
public:
  void runOnOperation() override {
    module = getOperation();
    auto symbols = module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName);
    if (!symbols)
      return;
    names.assign(symbols.getNames().begin(), symbols.getNames().end());
    mins.assign(symbols.getMins().begin(), symbols.getMins().end());
    maxs.assign(symbols.getMaxs().begin(), symbols.getMaxs().end());
    steps.assign(symbols.getSteps().begin(), symbols.getSteps().end());
    collectSizes();
    while (nameOne())
      ;
    if (sizes.empty())
      return;
    writeSymbols();
    replaceEverywhere();
  }

private:
  /// The sizes of all tensors, in program order, and the symbols of inputs.
  void collectSizes() {
    auto add = [&](Type type) {
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        for (DimExpr dim : getDims(tensor))
          if (!dim.isConstant() && !dim.isInvalid())
            dims.insert(dim.getAttr());
    };
    for (FuncOp func : module.getOps<FuncOp>())
      for (Type type : func.getArgumentTypes())
        for (DimExpr dim : getDims(type))
          dim.walkLeaves([&](DimExpr leaf) { inputs.insert(leaf.getAttr()); });
    module.walk([&](BindOp bind) {
      for (StringRef name : bind.getNames().getAsValueRange<StringAttr>())
        inputs.erase(DimExpr::symbol(&getContext(), name).getAttr());
    });
    module.walk([&](Operation *op) { llvm::for_each(op->getResultTypes(), add); });
  }

  bool nameOne() {
    MLIRContext *context = &getContext();
    FactorRanges ranges = currentRanges();
    for (Attribute dim : dims) {
      std::optional<NamedSize> size = candidate(DimExpr(dim), ranges);
      if (!size)
        continue;
      std::string name;
      for (unsigned i = sizes.size(); name.empty(); ++i)
        if (!llvm::is_contained(names, StringAttr::get(context, "n" + Twine(i))))
          name = "n" + std::to_string(i);
      size->name = DimExpr::symbol(context, name);
      names.push_back(StringAttr::get(context, name));
      int64_t most = ranges.maximum(size->atom);
      mins.push_back(size->shift);
      maxs.push_back(most > INT64_MAX - size->shift ? INT64_MAX : most + size->shift);
      steps.push_back(1);
      sizes.push_back(*size);
      llvm::SetVector<Attribute> replaced;
      for (Attribute other : dims)
        replaced.insert(substitute(DimExpr(other), *size).getAttr());
      dims = std::move(replaced);
      return true;
    }
    return false;
  }

  FactorRanges currentRanges() {
    module->setAttr(TenonDialect::kSymbolsAttrName,
                    SymbolsAttr::get(&getContext(), names, mins, maxs, steps));
    return FactorRanges(module);
  }

  /// a * x + c, where x is made of the inputs' symbols and of no sum itself.
  std::optional<NamedSize> candidate(DimExpr dim, const FactorRanges &ranges) {
    SmallVector<DimTerm> terms = getTerms(dim);
    if (terms.size() != 2 || !terms[1].atoms.empty() || terms[0].atoms.size() != 1)
      return std::nullopt;
    DimExpr atom = terms[0].atoms.front();
    int64_t a = terms[0].coefficient, c = terms[1].coefficient;
    if (atom.isSymbol() || a < 1 || c < 1 || c % a != 0 || !ranges.isNonNegative(atom))
      return std::nullopt;
    bool known = true;
    atom.walkLeaves([&](DimExpr leaf) {
      known &= inputs.contains(leaf.getAttr()) ||
               llvm::any_of(sizes, [&](const NamedSize &size) { return size.name == leaf; });
    });
    // The innermost one first: the others are then expressions of it.
    for (DimExpr operand : atom.getOperands())
      for (const DimTerm &term : getTerms(operand))
        for (DimExpr inner : term.atoms)
          known &= inner.isSymbol();
    return known ? std::optional(NamedSize{atom, {}, c / a}) : std::nullopt;
  }

  void writeSymbols() {
    SmallVector<NamedAttribute> definitions;
    for (const NamedSize &size : sizes)
      definitions.emplace_back(StringAttr::get(&getContext(), size.name.getSymbol()),
                               (size.atom + size.shift).getAttr());
    module->setAttr(kNamedSizesAttr, DictionaryAttr::get(&getContext(), definitions));
    currentRanges();
  }

  void replaceEverywhere() {
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](DimExprAttr attr) -> std::pair<Attribute, WalkResult> {
      DimExpr expr(attr);
      for (const NamedSize &size : sizes)
        expr = substitute(expr, size);
      return {expr.getAttr(), WalkResult::skip()};
    });
    module.walk([&](Operation *op) {
      if (op != module)
        replacer.replaceElementsIn(op, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                   /*replaceTypes=*/true);
    });
  }

  ModuleOp module;
  llvm::SetVector<Attribute> dims;
  llvm::DenseSet<Attribute> inputs;
  SmallVector<NamedSize> sizes;
  SmallVector<StringAttr> names;
  SmallVector<int64_t> mins, maxs, steps;
};

} // namespace
} // namespace tenon
