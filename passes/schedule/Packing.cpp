//===- Packing.cpp - which buffers share memory -----------------*- C++ -*-===//
//
// See Packing.h for the steps. Ties are broken by index, so that the plan is
// the same on every machine.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/Packing.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include <algorithm>
#include <map>
#include <tuple>

using namespace llvm;

namespace tenon {

using Neighbours = SmallVector<SmallVector<unsigned>>;

/// Per box, those whose times meet its own.
static Neighbours findNeighbours(ArrayRef<Box> boxes) {
  Neighbours neighbours(boxes.size());
  auto byStart = to_vector(seq<unsigned>(0, boxes.size()));
  stable_sort(byStart, [&](unsigned a, unsigned b) { return boxes[a].start < boxes[b].start; });
  SmallVector<unsigned> alive;
  for (unsigned box : byStart) {
    erase_if(alive, [&](unsigned other) { return boxes[other].end < boxes[box].start; });
    for (unsigned other : alive) {
      neighbours[box].push_back(other);
      neighbours[other].push_back(box);
    }
    alive.push_back(box);
  }
  return neighbours;
}

/// The lowest offset at which `size` bytes fit between the taken ranges.
static int64_t lowestGap(SmallVectorImpl<std::pair<int64_t, int64_t>> &taken, int64_t size) {
  sort(taken);
  int64_t offset = 0;
  for (auto [from, to] : taken) {
    if (offset + size <= from)
      break;
    offset = std::max(offset, to);
  }
  return offset;
}

/// Places boxes one after the other in the given order; keeps the result if it is
/// smaller than what `packing` holds. Returns the place in the order of the box that
/// reaches highest.
static size_t placeInOrder(ArrayRef<Box> boxes, const Neighbours &neighbours,
                           ArrayRef<unsigned> order, Packing &packing) {
  SmallVector<int64_t> offsets(boxes.size(), -1);
  int64_t size = 0;
  size_t highest = 0;
  for (auto [position, box] : enumerate(order)) {
    SmallVector<std::pair<int64_t, int64_t>> taken;
    for (unsigned other : neighbours[box])
      if (offsets[other] >= 0)
        taken.push_back({offsets[other], offsets[other] + boxes[other].size});
    offsets[box] = lowestGap(taken, boxes[box].size);
    if (offsets[box] + boxes[box].size > size) {
      size = offsets[box] + boxes[box].size;
      highest = position;
    }
  }
  if (packing.offsets.empty() || size < packing.size) {
    packing.offsets = std::move(offsets);
    packing.size = size;
  }
  return highest;
}

/// Places boxes in one order; while the result is above the bound, again with what
/// reaches highest placed earlier.
static void placeBoxes(ArrayRef<Box> boxes, const Neighbours &neighbours,
                       SmallVector<unsigned> order, Packing &packing) {
  constexpr size_t kMostTrials = 100, kMostPlaced = 20000;
  size_t trials = std::min(kMostTrials, kMostPlaced / std::max<size_t>(1, boxes.size()));
  size_t highest = placeInOrder(boxes, neighbours, order, packing);
  for (size_t trial = 0; trial < trials && packing.size > packing.lowerBound; ++trial) {
    std::rotate(order.begin() + highest / 2, order.begin() + highest, order.begin() + highest + 1);
    highest = placeInOrder(boxes, neighbours, order, packing);
  }
}

/// Keeps of the neighbours below each box those that no other one implies.
static void keepOrder(ArrayRef<Box> boxes, const Neighbours &neighbours, Packing &packing) {
  packing.order = to_vector(seq<unsigned>(0, boxes.size()));
  stable_sort(packing.order,
              [&](unsigned a, unsigned b) { return packing.offsets[a] < packing.offsets[b]; });
  SmallVector<unsigned> position(boxes.size());
  for (auto [index, box] : enumerate(packing.order))
    position[box] = index;
  packing.below.resize(boxes.size());
  for (unsigned box : packing.order) {
    SmallVector<unsigned> candidates;
    for (unsigned other : neighbours[box])
      if (position[other] < position[box])
        candidates.push_back(other);
    // From the highest down: what lies below a kept one is implied.
    sort(candidates, [&](unsigned a, unsigned b) { return position[a] > position[b]; });
    for (unsigned candidate : candidates) {
      bool implied = any_of(packing.below[box], [&](unsigned kept) {
        return is_contained(packing.below[kept], candidate);
      });
      if (!implied)
        packing.below[box].push_back(candidate);
    }
    sort(packing.below[box], [&](unsigned a, unsigned b) { return position[a] < position[b]; });
  }
}

static int64_t mostAlive(ArrayRef<Box> boxes) {
  std::map<unsigned, int64_t> change;
  for (const Box &box : boxes) {
    change[box.start] += box.size;
    change[box.end + 1] -= box.size;
  }
  int64_t alive = 0, most = 0;
  for (auto [time, bytes] : change)
    most = std::max(most, alive += bytes);
  return most;
}

int64_t sizeAt(const Packing &packing, ArrayRef<Box> boxes) {
  SmallVector<int64_t> ends(boxes.size());
  int64_t size = 0;
  for (unsigned box : packing.order) {
    int64_t offset = 0;
    for (unsigned other : packing.below[box])
      offset = std::max(offset, ends[other]);
    ends[box] = offset + boxes[box].size;
    size = std::max(size, ends[box]);
  }
  return size;
}

SmallVector<Packing> packings(ArrayRef<Box> boxes) {
  auto size = [](const Box &box) { return static_cast<double>(box.size); };
  auto area = [](const Box &box) { return double(box.size) * (box.end - box.start + 1); };
  auto early = [](const Box &box) { return -static_cast<double>(box.start); };
  Neighbours neighbours = findNeighbours(boxes);
  SmallVector<Packing> result;
  for (function_ref<double(const Box &)> weight :
       std::initializer_list<function_ref<double(const Box &)>>{size, area, early}) {
    auto order = to_vector(seq<unsigned>(0, boxes.size()));
    stable_sort(order, [&](unsigned a, unsigned b) { return weight(boxes[a]) > weight(boxes[b]); });
    Packing &packing = result.emplace_back();
    packing.lowerBound = mostAlive(boxes);
    placeBoxes(boxes, neighbours, order, packing);
    keepOrder(boxes, neighbours, packing);
  }
  return result;
}

Packing pack(ArrayRef<Box> boxes) {
  SmallVector<Packing> all = packings(boxes);
  return *min_element(all, [](const Packing &a, const Packing &b) { return a.size < b.size; });
}

} // namespace tenon
