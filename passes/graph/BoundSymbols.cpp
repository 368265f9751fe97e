//===- BoundSymbols.cpp - the least sizes for which a model has a meaning -===//
//
// A size that makes another one negative, leaves a convolution without a
// position, or reflects at a border further than the tensor is long, can never
// run. Raising the symbol's least value says so before the run, in terms of the
// model's input.
//
// 1. Collect what every operation of an entry point demands: `expr >= least`.
//    Operations in the regions of control flow may not be executed: left out.
// 2. Where `expr` has one symbol and grows with it, search the least value of
//    the symbol for which it holds, by bisection.
//
// Demands on several symbols at once stay with the checks at run time.
//
//===----------------------------------------------------------------------===//

#include "passes/graph/Passes.h"

namespace tenon {
#define GEN_PASS_DEF_BOUNDSYMBOLS
#include "passes/graph/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon {
namespace {

/// Whether the expression never falls when a symbol grows; sizes are at least 0.
bool grows(DimExpr expr) {
  switch (expr.getKind()) {
  case DimKind::Constant:
  case DimKind::Symbol:
    return true;
  case DimKind::Add:
  case DimKind::Min:
  case DimKind::Max:
    return llvm::all_of(expr.getOperands(), grows);
  case DimKind::Mul: {
    // A coefficient and symbols: products of sums might be negative twice.
    return llvm::all_of(expr.getOperands(), [](DimExpr factor) {
      return factor.isSymbol() || (factor.isConstant() && factor.getValue() >= 0);
    });
  }
  case DimKind::FloorDiv:
  case DimKind::CeilDiv: {
    auto operands = expr.getOperands();
    return grows(operands[0]) && operands[1].isConstant() && operands[1].getValue() > 0;
  }
  default:
    return false;
  }
}

/// The only symbol of an expression, or nothing.
std::optional<StringRef> onlySymbol(DimExpr expr) {
  std::optional<StringRef> symbol;
  bool several = false;
  expr.walkLeaves([&](DimExpr leaf) {
    if (!leaf.isSymbol())
      return;
    several |= symbol && *symbol != leaf.getSymbol();
    symbol = leaf.getSymbol();
  });
  return several ? std::nullopt : symbol;
}

class BoundSymbolsPass : public impl::BoundSymbolsBase<BoundSymbolsPass> {
public:
  void runOnOperation() override {
    symbols = getOperation()->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName);
    if (!symbols)
      return;
    mins = llvm::to_vector(symbols.getMins());
    for (FuncOp func : getOperation().getOps<FuncOp>())
      if (!func.isPrivate())
        for (Operation &op : func.getBody().getOps())
          collect(op);
    if (ArrayRef(mins) != symbols.getMins())
      getOperation()->setAttr(TenonDialect::kSymbolsAttrName,
                              SymbolsAttr::get(&getContext(), symbols.getNames(), mins,
                                               symbols.getMaxs(), symbols.getSteps()));
  }

private:
  void collect(Operation &op) {
    for (Value result : op.getResults())
      if (isa<RankedTensorType>(result.getType()))
        for (DimExpr dim : getDims(result.getType()))
          demand(dim, 0);
    if (auto window = dyn_cast<WindowOp>(op))
      if (llvm::any_of(window->getUsers(), [](Operation *user) { return isa<ContractOp>(user); }))
        demandPositions(window);
    if (auto pad = dyn_cast<PadOp>(op))
      if (pad.getMode() == PadMode::Reflect)
        demandReflection(pad);
  }

  /// A convolution has at least one position along each dimension.
  void demandPositions(WindowOp window) {
    auto dims = getDims(window.getType());
    size_t rank = window.getKernel().size();
    for (size_t i = 0; i < rank; ++i)
      demand(dims[dims.size() - 2 * rank + 2 * i], 1);
  }

  /// Reflection does not repeat the border: n elements mirror up to n - 1.
  void demandReflection(PadOp pad) {
    auto from = getDims(pad.getInput().getType()), to = getDims(pad.getType());
    for (auto [size, padded, attr] : llvm::zip_equal(from, to, pad.getLow())) {
      DimExpr low(attr), high = padded - size - low;
      if (low.isConstant() && low.getValue() > 0)
        demand(size, low.getValue() + 1);
      if (high.isConstant() && high.getValue() > 0)
        demand(size, high.getValue() + 1);
    }
  }

  void demand(DimExpr expr, int64_t least) {
    std::optional<StringRef> name = onlySymbol(expr);
    if (!name || !grows(expr))
      return;
    const auto *found =
        llvm::find_if(symbols.getNames(), [&](StringAttr known) { return known == *name; });
    if (found == symbols.getNames().end())
      return;
    unsigned index = found - symbols.getNames().begin();
    mins[index] = leastValue(expr, least, mins[index], symbols.getMaxs()[index]);
  }

  /// The least value in [min, max] for which expr >= least; `min` if none is.
  static int64_t leastValue(DimExpr expr, int64_t least, int64_t min, int64_t max) {
    auto holds = [&](int64_t value) {
      auto result = expr.evaluate([&](DimExpr) { return std::optional<int64_t>(value); });
      return !result || *result >= least; // what overflows is large
    };
    if (holds(min) || !holds(max))
      return min;
    int64_t fails = min, good = max;
    while (good - fails > 1) {
      int64_t middle = fails + (good - fails) / 2;
      (holds(middle) ? good : fails) = middle;
    }
    return good;
  }

  SymbolsAttr symbols;
  SmallVector<int64_t> mins;
};

} // namespace
} // namespace tenon
