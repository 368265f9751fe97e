//===- PlanMemory.cpp - share the memory of an arena ------------*- C++ -*-===//
//
// Finds from where to where each place is used (Lifetimes.h), packs (Packing.h) at
// several sizes that free symbols may have, takes the packing that is least above
// its lower bound at the worst of them, and writes its order back as `above`. The least memory that any plan needs, for
// reports, is what is in use at the worst moment: of the moments, as sums of sizes,
// those that no other is at least as bad as.
//
//===----------------------------------------------------------------------===//
#include "dialects/tenon/FactorRanges.h"
#include "passes/schedule/Lifetimes.h"
#include "passes/schedule/Packing.h"
#include "passes/schedule/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_PLANMEMORYPASS
#include "passes/schedule/Passes.h.inc"

namespace {

class Planner {
public:
  explicit Planner(exec::ProgramOp program) : program(program), lifetimes(program) {}

  void plan(exec::ArenaOp arena);

private:
  void readSymbols(int64_t moderate, std::optional<size_t> only = std::nullopt);
  SmallVector<SmallVector<Box>> boxesAtSizes(ArrayRef<exec::PlaceOp> places);
  Packing choosePacking(ArrayRef<SmallVector<Box>> sizes);
  Box boxOf(exec::PlaceOp place);
  DimExpr lowerBound(ArrayRef<exec::PlaceOp> places, ArrayRef<Box> boxes);
  int64_t probableSize(DimExpr size);

  exec::ProgramOp program;
  Lifetimes lifetimes;
  llvm::StringMap<int64_t> probable;
};

} // namespace

/// What symbols are where nothing says more: rows of a text, its square in scores.
constexpr int64_t kModerate[] = {512, 128, 24};

/// Sizes to plan for: the largest where it is moderate, else a moderate one; with
/// \p only given, one for all symbols but that one (a batch is often one).
void Planner::readSymbols(int64_t moderate, std::optional<size_t> only) {
  SymbolsAttr symbols = program.getSymbols();
  for (auto [i, name] : llvm::enumerate(symbols.getNames())) {
    int64_t low = symbols.getMins()[i], high = symbols.getMaxs()[i];
    int64_t wanted = !only || *only == i ? moderate : 1;
    probable[name.getValue()] = std::max(low, std::min(high, wanted));
  }
}

int64_t Planner::probableSize(DimExpr size) {
  auto value = size.evaluate([&](DimExpr leaf) -> std::optional<int64_t> {
    auto known = leaf.isSymbol() ? probable.find(leaf.getSymbol()) : probable.end();
    return known == probable.end() ? std::nullopt : std::optional(known->second);
  });
  constexpr int64_t unknown = 1 << 20, limit = int64_t{1} << 48;
  int64_t bytes = std::clamp<int64_t>(value.value_or(unknown), 1, limit);
  return llvm::alignTo(bytes, exec::kPlaceAlignment);
}

Box Planner::boxOf(exec::PlaceOp place) {
  Span life = lifetimes.of(place);
  return {life.first, life.last, probableSize(DimExpr(place.getSizeAttr()))};
}

/// Null if it would be too long.
DimExpr Planner::lowerBound(ArrayRef<exec::PlaceOp> places, ArrayRef<Box> boxes) {
  constexpr size_t kMostMoments = 16;
  FactorRanges ranges(program->getParentOfType<ModuleOp>());
  SmallVector<DimExpr> worst;
  auto isNoWorse = [&](DimExpr a, DimExpr b) { return ranges.isNonNegative(a - b); };
  for (const Box &moment : boxes) {
    DimExpr sum = DimExpr::constant(program.getContext(), 0);
    for (auto [place, box] : llvm::zip(places, boxes))
      if (box.start <= moment.start && moment.start <= box.end) {
        DimExpr size(exec::PlaceOp(place).getSizeAttr());
        sum = sum + (size.isConstant() ? DimExpr::constant(program.getContext(), box.size) : size);
      }
    if (llvm::any_of(worst, [&](DimExpr other) { return isNoWorse(other, sum); }))
      continue;
    llvm::erase_if(worst, [&](DimExpr other) { return isNoWorse(sum, other); });
    worst.push_back(sum);
  }
  if (worst.empty() || worst.size() > kMostMoments)
    return DimExpr();
  DimExpr bound = worst.front();
  for (DimExpr other : ArrayRef(worst).drop_front())
    bound = bound.max(other);
  return bound;
}

SmallVector<SmallVector<Box>> Planner::boxesAtSizes(ArrayRef<exec::PlaceOp> places) {
  constexpr size_t kMostSymbols = 4;
  SmallVector<SmallVector<Box>> sizes;
  auto add = [&] {
    SmallVector<Box> boxes;
    for (exec::PlaceOp place : places)
      boxes.push_back(boxOf(place));
    bool isKnown = llvm::any_of(sizes, [&](ArrayRef<Box> other) {
      return llvm::equal(boxes, other, [](const Box &a, const Box &b) { return a.size == b.size; });
    });
    if (!isKnown)
      sizes.push_back(std::move(boxes));
  };
  for (int64_t moderate : kModerate) {
    readSymbols(moderate);
    add();
  }
  for (size_t only = 0; only < std::min(kMostSymbols, program.getSymbols().getNames().size()); ++only) {
    readSymbols(kModerate[1], only);
    add();
  }
  return sizes;
}

/// The packing at one of the sizes that is best at the worst of them.
Packing Planner::choosePacking(ArrayRef<SmallVector<Box>> sizes) {
  SmallVector<Packing> candidates;
  SmallVector<int64_t> bounds;
  for (ArrayRef<Box> boxes : sizes) {
    llvm::append_range(candidates, packings(boxes));
    bounds.push_back(std::max<int64_t>(1, candidates.back().lowerBound));
  }
  auto worst = [&](const Packing &packing) {
    double ratio = 1;
    for (auto [boxes, bound] : llvm::zip(sizes, bounds))
      ratio = std::max(ratio, double(sizeAt(packing, boxes)) / bound);
    return ratio;
  };
  return *llvm::min_element(
      candidates, [&](const Packing &a, const Packing &b) { return worst(a) < worst(b); });
}

void Planner::plan(exec::ArenaOp arena) {
  SmallVector<exec::PlaceOp> places = placesOf(arena);
  SmallVector<SmallVector<Box>> sizes = boxesAtSizes(places);
  Packing packing = choosePacking(sizes);
  Operation *last = arena;
  for (unsigned index : packing.order) {
    SmallVector<Value> below;
    for (unsigned other : packing.below[index])
      below.push_back(places[other]);
    places[index].getAboveMutable().assign(below);
    places[index]->moveAfter(last);
    last = places[index];
  }
  if (DimExpr bound = lowerBound(places, sizes.front()); bound && !bound.isInvalid())
    arena.setLowerBoundAttr(cast<DimExprAttr>(bound.getAttr()));
}

namespace {

struct PlanMemory : impl::PlanMemoryPassBase<PlanMemory> {
  void runOnOperation() override {
    Planner planner(getOperation());
    SmallVector<exec::ArenaOp> arenas;
    getOperation().walk([&](exec::ArenaOp arena) { arenas.push_back(arena); });
    for (exec::ArenaOp arena : arenas)
      planner.plan(arena);
  }
};

} // namespace
} // namespace tenon
