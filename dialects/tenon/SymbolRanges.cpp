//===- SymbolRanges.cpp - interval arithmetic on size expressions ---------===//
//
// The range of an expression from the ranges of its symbols: sums and products
// of intervals, saturating at the limits of 64 bits.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/SymbolRanges.h"
#include "dialects/tenon/Tenon.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace tenon {

static constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
static constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();

/// The sum of two bounds; `open` is the limit that stands for no bound.
static int64_t saturatingAdd(int64_t a, int64_t b, int64_t open) {
  int64_t sum;
  if (a == open || b == open)
    return open;
  return llvm::AddOverflow(a, b, sum) ? (a < 0 ? kLow : kHigh) : sum;
}
static int64_t saturatingMul(int64_t a, int64_t b) {
  int64_t result;
  return llvm::MulOverflow(a, b, result) ? ((a < 0) == (b < 0) ? kHigh : kLow) : result;
}
static DimRange multiply(DimRange a, DimRange b) {
  int64_t corners[] = {saturatingMul(a.min, b.min), saturatingMul(a.min, b.max),
                       saturatingMul(a.max, b.min), saturatingMul(a.max, b.max)};
  return {*std::min_element(std::begin(corners), std::end(corners)),
          *std::max_element(std::begin(corners), std::end(corners))};
}
/// Division by a positive number; \p round is floor or ceiling.
static DimRange divide(DimRange a, DimRange b, int64_t (*round)(int64_t, int64_t)) {
  if (b.min <= 0)
    return {};
  return {a.min == kLow ? kLow : round(a.min, a.min < 0 ? b.min : b.max),
          a.max == kHigh ? kHigh : round(a.max, a.max < 0 ? b.max : b.min)};
}

static DimRange combine(DimKind kind, DimRange a, DimRange b) {
  switch (kind) {
  case DimKind::Add: return {saturatingAdd(a.min, b.min, kLow), saturatingAdd(a.max, b.max, kHigh)};
  case DimKind::Mul: return multiply(a, b);
  case DimKind::FloorDiv:
    return divide(a, b, [](int64_t x, int64_t y) { return llvm::divideFloorSigned(x, y); });
  case DimKind::CeilDiv:
    return divide(a, b, [](int64_t x, int64_t y) { return llvm::divideCeilSigned(x, y); });
  case DimKind::Min: return {std::min(a.min, b.min), std::min(a.max, b.max)};
  case DimKind::Max: return {std::max(a.min, b.min), std::max(a.max, b.max)};
  case DimKind::Mod:
    if (a.min >= 0 && a.max < b.min)
      return a;
    // A divisor that is not positive has no remainder at all.
    return {0, b.max == kHigh ? kHigh : std::max<int64_t>(b.max - 1, 0)};
  default: return {};
  }
}

SymbolRanges::SymbolRanges(SymbolsAttr symbols) {
  if (!symbols)
    return;
  for (size_t i = 0; i < symbols.getNames().size(); ++i)
    add(symbols.getNames()[i].getValue(),
        {symbols.getMins()[i], symbols.getMaxs()[i], symbols.getSteps()[i]});
}

SymbolRanges::Entry SymbolRanges::getSymbol(StringRef name) const {
  auto it = entries.find(name);
  return it == entries.end() ? Entry() : it->second;
}

DimRange SymbolRanges::get(DimExpr expr) const {
  if (expr.isConstant())
    return {expr.getValue(), expr.getValue()};
  if (expr.isSymbol()) {
    Entry entry = getSymbol(expr.getSymbol());
    return {entry.min, entry.max};
  }
  auto operands = expr.getOperands();
  if (operands.empty())
    return {};
  DimRange range = get(operands.front());
  for (DimExpr operand : ArrayRef(operands).drop_front())
    range = combine(expr.getKind(), range, get(operand));
  return range;
}

std::optional<bool> SymbolRanges::isLess(DimExpr a, DimExpr b) const {
  DimRange range = get(a - b);
  if (range.max < 0)
    return true;
  return range.min >= 0 ? std::optional(false) : std::nullopt;
}

std::optional<bool> SymbolRanges::isEqual(DimExpr a, DimExpr b) const {
  DimExpr difference = a - b;
  if (difference.isInvalid())
    return std::nullopt;
  if (difference.isConstant())
    return difference.isConstant(0);
  DimRange range = get(difference);
  return range.min > 0 || range.max < 0 ? std::optional(false) : std::nullopt;
}

DimExpr SymbolRanges::min(DimExpr a, DimExpr b) const {
  if (std::optional<bool> less = isLess(b, a))
    return *less ? b : a;
  std::optional<bool> less = isLess(a, b);
  return less ? (*less ? a : b) : a.min(b);
}
DimExpr SymbolRanges::max(DimExpr a, DimExpr b) const {
  if (std::optional<bool> less = isLess(a, b))
    return *less ? b : a;
  std::optional<bool> less = isLess(b, a);
  return less ? (*less ? a : b) : a.max(b);
}

SymbolsAttr SymbolRanges::getAttr(MLIRContext *context) const {
  SmallVector<StringRef> sorted(entries.keys());
  llvm::sort(sorted);
  SmallVector<StringAttr> names;
  SmallVector<int64_t> mins, maxs, steps;
  for (StringRef name : sorted) {
    Entry entry = entries.lookup(name);
    names.push_back(StringAttr::get(context, name));
    mins.push_back(entry.min);
    maxs.push_back(entry.max);
    steps.push_back(entry.step);
  }
  return SymbolsAttr::get(context, names, mins, maxs, steps);
}

} // namespace tenon
