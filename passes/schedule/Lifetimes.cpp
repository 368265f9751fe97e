//===- Lifetimes.cpp - from where to where places are used ------*- C++ -*-===//
//
// See Lifetimes.h. What plans memory and what verifies the plan share it.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/Lifetimes.h"

using namespace mlir;

namespace tenon {

Lifetimes::Lifetimes(exec::ProgramOp program) : program(program) {
  unsigned next = 0;
  number(program, next);
}

void Lifetimes::number(Operation *op, unsigned &next) {
  unsigned first = next++;
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Operation &inner : block)
        number(&inner, next);
  spans[op] = {first, next++};
}

Span Lifetimes::of(exec::PlaceOp place) const {
  Span life = {~0u, 0};
  for (Operation *user : place->getUsers()) {
    if (isa<exec::PlaceOp>(user))
      continue;
    Span span = spans.lookup(user);
    for (Operation *parent = user->getParentOp();
         parent != place->getParentOp() && parent != program; parent = parent->getParentOp())
      if (isa<exec::LoopOp>(parent))
        span = spans.lookup(parent);
    life.first = std::min(life.first, span.first);
    life.last = std::max(life.last, span.last);
  }
  if (life.first > life.last)
    life.first = life.last = spans.lookup(place).first;
  return life;
}

SmallVector<exec::PlaceOp> placesOf(exec::ArenaOp arena) {
  SmallVector<exec::PlaceOp> places;
  for (Operation &op : *arena->getBlock())
    if (auto place = dyn_cast<exec::PlaceOp>(op); place && place.getArena() == arena)
      places.push_back(place);
  return places;
}

} // namespace tenon
