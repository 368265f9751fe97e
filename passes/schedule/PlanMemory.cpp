//===- PlanMemory.cpp - share the memory of an arena ------------*- C++ -*-===//
//
// Finds from where to where each place is used (Lifetimes.h), packs (Packing.h),
// and writes the order back as `above`.
//
//===----------------------------------------------------------------------===//
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
  explicit Planner(exec::ProgramOp program) : program(program), lifetimes(program) {
    readSymbols();
  }

  void plan(exec::ArenaOp arena);

private:
  void readSymbols();
  Box boxOf(exec::PlaceOp place, bool &constant);
  int64_t probableSize(DimExpr size);

  exec::ProgramOp program;
  Lifetimes lifetimes;
  llvm::StringMap<int64_t> probable;
};

} // namespace

/// Sizes to plan for: the largest where it is moderate, else a moderate one.
void Planner::readSymbols() {
  constexpr int64_t moderate = 512;
  SymbolsAttr symbols = program.getSymbols();
  for (auto [i, name] : llvm::enumerate(symbols.getNames())) {
    int64_t low = symbols.getMins()[i], high = symbols.getMaxs()[i];
    probable[name.getValue()] = std::max(low, std::min(high, moderate));
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

Box Planner::boxOf(exec::PlaceOp place, bool &constant) {
  DimExpr size(place.getSizeAttr());
  constant &= size.isConstant();
  Span life = lifetimes.of(place);
  return {life.first, life.last, probableSize(size)};
}

void Planner::plan(exec::ArenaOp arena) {
  SmallVector<exec::PlaceOp> places = placesOf(arena);
  bool constant = true;
  SmallVector<Box> boxes;
  for (exec::PlaceOp place : places)
    boxes.push_back(boxOf(place, constant));
  Packing packing = pack(boxes);
  Operation *last = arena;
  for (unsigned index : packing.order) {
    SmallVector<Value> below;
    for (unsigned other : packing.below[index])
      below.push_back(places[other]);
    places[index].getAboveMutable().assign(below);
    places[index]->moveAfter(last);
    last = places[index];
  }
  if (constant)
    arena.setLowerBound(packing.lowerBound);
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
