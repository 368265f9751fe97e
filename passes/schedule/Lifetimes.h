//===- Lifetimes.h - from where to where places are used --------*- C++ -*-===//
//
// Operations of a program in order of execution, by number: one that holds
// others begins before them and ends after them.
//
//   0  exec.launch     reads(%x) writes(%t)      %t: 0 to 7
//   2  exec.loop {
//   3    exec.launch   reads(%t) writes(%u)      %u, made outside: 2 to 7
//   7  }
//
// A use inside a loop counts for the whole loop where the place was made outside
// of it: its contents may be meant for the next round.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_SCHEDULE_LIFETIMES_H
#define TENON_PASSES_SCHEDULE_LIFETIMES_H

#include "dialects/exec/Exec.h"

namespace tenon {

/// First and last number, both inclusive.
struct Span {
  unsigned first, last;

  bool meets(Span other) const { return first <= other.last && other.first <= last; }
};

class Lifetimes {
public:
  explicit Lifetimes(exec::ProgramOp program);

  /// When the place holds something; one that nothing uses lives where it is made.
  Span of(exec::PlaceOp place) const;

private:
  void number(mlir::Operation *op, unsigned &next);

  exec::ProgramOp program;
  llvm::DenseMap<mlir::Operation *, Span> spans;
};

/// The places of an arena, in order.
llvm::SmallVector<exec::PlaceOp> placesOf(exec::ArenaOp arena);

} // namespace tenon

#endif
