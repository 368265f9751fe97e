//===- Packing.h - which buffers share memory -------------------*- C++ -*-===//
//
// The memory plan. Buffers are boxes: time (from the first operation that
// touches one to the last) by size. Boxes whose times meet must not overlap in
// memory; all others may. Sizes depend on symbols, so the plan is an order, not
// numbers:
//
//   1. Take the sizes that the symbols probably have. Place the boxes one by
//      one, each at the lowest gap among those placed whose times meet its own:
//      from the largest to the smallest, by size times time, and in the order of
//      time; where that is above the bound, again with what reaches highest placed
//      earlier; keep the smallest result.
//   2. Of every two boxes whose times meet, one now lies below the other. Keep
//      just that: offset(b) = max over boxes c below b of offset(c) + size(c),
//      or 0. This is right for any sizes, and for the probable ones not above
//      what step 1 found.
//   3. Drop c from b's list where a box between them already says it.
//
//   time ->    0 1 2 3          offsets           kept
//   a (100)    ###              a: 0
//   b (50)       ####           b: 100            b above a
//   c (100)        ##           c: 0              b above c (b is placed last,
//                                                 being smaller)
//
// After: B. Gergov, "Algorithms for compile-time memory optimization" (1999);
// Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
// Inference" (2020), greedy by size.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_SCHEDULE_PACKING_H
#define TENON_PASSES_SCHEDULE_PACKING_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace tenon {

/// A buffer in time and size; `start` and `end` are inclusive.
struct Box {
  unsigned start = 0, end = 0;
  int64_t size = 0;

  bool meets(const Box &other) const { return start <= other.end && other.start <= end; }
};

struct Packing {
  /// Offsets at the given sizes.
  llvm::SmallVector<int64_t> offsets;
  /// Boxes in an order in which what is below comes first.
  llvm::SmallVector<unsigned> order;
  /// Per box, the boxes that it must lie above.
  llvm::SmallVector<llvm::SmallVector<unsigned, 4>> below;
  int64_t size = 0;
  /// The most bytes alive at one time: no plan can be smaller.
  int64_t lowerBound = 0;
};

Packing pack(llvm::ArrayRef<Box> boxes);
/// The result from each of the orders of step 1: at other sizes another may be best.
llvm::SmallVector<Packing> packings(llvm::ArrayRef<Box> boxes);

/// The bytes that a packing of the same boxes takes at other sizes.
int64_t sizeAt(const Packing &packing, llvm::ArrayRef<Box> boxes);

} // namespace tenon

#endif
