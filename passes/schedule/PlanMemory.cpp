//===- PlanMemory.cpp - share the memory of an arena ------------*- C++ -*-===//
//
// Numbers the operations in order of execution, finds from where to where each
// place is used, packs (Packing.h), and writes the order back as `above`.
//
// A use inside a loop counts for the whole loop where the place was made outside
// of it: its contents may be meant for the next round.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/Packing.h"
#include "passes/schedule/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_PLANMEMORYPASS
#include "passes/schedule/Passes.h.inc"

namespace {

constexpr int64_t alignment = 64;

/// First and last number of an operation with all inside it.
struct Span {
  unsigned first, last;
};

class Planner {
public:
  explicit Planner(exec::ProgramOp program) : program(program) {
    unsigned next = 0;
    number(program, next);
    readSymbols();
  }

  void plan(exec::ArenaOp arena);

private:
  void number(Operation *op, unsigned &next);
  void readSymbols();
  Box boxOf(exec::PlaceOp place, bool &constant);
  int64_t probableSize(DimExpr size);

  exec::ProgramOp program;
  DenseMap<Operation *, Span> spans;
  llvm::StringMap<int64_t> probable;
};

} // namespace

void Planner::number(Operation *op, unsigned &next) {
  unsigned first = next++;
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Operation &inner : block)
        number(&inner, next);
  spans[op] = {first, next++};
}

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
  return (bytes + alignment - 1) / alignment * alignment;
}

Box Planner::boxOf(exec::PlaceOp place, bool &constant) {
  DimExpr size(place.getSizeAttr());
  constant &= size.isConstant();
  Box box = {~0u, 0, probableSize(size)};
  for (Operation *user : place->getUsers()) {
    if (isa<exec::PlaceOp>(user))
      continue;
    Span span = spans[user];
    for (Operation *parent = user->getParentOp();
         parent != place->getParentOp() && parent != program; parent = parent->getParentOp())
      if (isa<exec::LoopOp>(parent))
        span = spans[parent];
    box.start = std::min(box.start, span.first);
    box.end = std::max(box.end, span.last);
  }
  if (box.start > box.end)
    box.start = box.end = spans[place].first;
  return box;
}

void Planner::plan(exec::ArenaOp arena) {
  SmallVector<exec::PlaceOp> places;
  for (Operation &op : *arena->getBlock())
    if (auto place = dyn_cast<exec::PlaceOp>(op); place && place.getArena() == arena)
      places.push_back(place);
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
