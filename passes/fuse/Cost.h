//===- Cost.h - legality and cost of a kernel -------------------*- C++ -*-===//
//
// fusedCost: the one function that says what a set of operations would cost as
// one kernel, choosing the tile itself because legality depends on it. Used by
// fusion, later by the planner and by `inspect`.
//
//   computing = work * replication / utilisation
//   moving = max(bytes from memory once / rate, bytes into the blocks / rate)
//   time = launch + max(computing, moving) + share * min(computing, moving)
//
// Bytes into the blocks are counted per operand map: a read is repeated by the
// blocks along every class that its own map does not name.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_COST_H
#define TENON_PASSES_FUSE_COST_H

#include "passes/fuse/Graph.h"
#include "passes/fuse/Target.h"
#include <limits>
#include <map>

namespace tenon::fuse {

struct Cost {
  double time = std::numeric_limits<double>::infinity(); ///< us
  int64_t bytes = 0;  ///< From and to memory.
  int64_t blocks = 0; ///< Of the chosen tile.
  int64_t staged = 0; ///< Elements kept in a block.
  llvm::SmallVector<int64_t> tile;
  /// Why there is none, if `time` is infinite.
  llvm::StringRef refusal;

  bool isLegal() const { return time < std::numeric_limits<double>::infinity(); }
};

/// The cost of \p nodes (in program order) as one kernel, without storing those
/// in \p recomputed.
Cost fusedCost(const Graph &graph, llvm::ArrayRef<unsigned> nodes,
               llvm::ArrayRef<unsigned> recomputed, const Target &target);

/// Heavy contractions are anchors: at most one in a kernel, or a chain. Light
/// ones (few points, or depthwise) behave as reductions.
bool isHeavy(const Graph &graph, const Node &node);

/// fusedCost that remembers.
class CostModel {
public:
  CostModel(const Graph &graph, const Target &target) : graph(graph), target(target) {}
  const Cost &evaluate(llvm::ArrayRef<unsigned> nodes, llvm::ArrayRef<unsigned> recomputed = {});

  const Graph &graph;
  const Target &target;

private:
  std::map<std::vector<unsigned>, Cost> known;
};

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_COST_H
