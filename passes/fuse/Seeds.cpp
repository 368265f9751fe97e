//===- Seeds.cpp - chains of two products ---------------------------------===//
//
// Attention is a product, a softmax and a product; each merge on the way there
// may lose although the whole gains. So for every product the closed set from a
// product before it, through operations that are none, is tried at once: if a
// reduction lies between, nothing else reads the middle, and the whole is
// cheaper than its parts, it is where greedy merging starts from.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Partition.h"

using namespace mlir;
namespace tenon::fuse {
namespace {

/// Finds the operations between two products.
class ChainFinder {
public:
  ChainFinder(const Graph &graph, unsigned last) : graph(graph), last(last) {
    walkUp(last);
  }

  std::vector<unsigned> starts; ///< Products that reach `last` without another.

  /// The first product, all that lies between, and the last; empty if something
  /// outside reads the middle or no reduction lies there.
  std::vector<unsigned> closedSet(unsigned first) const {
    std::vector<unsigned> set{first};
    std::vector<bool> isBetween(graph.nodes.size());
    isBetween[first] = true;
    bool hasReduction = false;
    for (unsigned node = first + 1; node < last; ++node) {
      auto isFrom = [&](unsigned producer) { return bool(isBetween[producer]); };
      if (!above[node] || !llvm::any_of(graph.nodes[node].producers, isFrom))
        continue;
      isBetween[node] = true;
      hasReduction |= graph.nodes[node].kind == NodeKind::Reduction;
      set.push_back(node);
    }
    set.push_back(last);
    auto isClosed = [&](unsigned node) {
      return node == last || (!graph.nodes[node].isStored &&
                              llvm::all_of(graph.nodes[node].consumers, [&](unsigned consumer) {
                                return llvm::is_contained(set, consumer);
                              }));
    };
    return hasReduction && llvm::all_of(set, isClosed) ? set : std::vector<unsigned>();
  }

private:
  void walkUp(unsigned from) {
    above.resize(graph.nodes.size());
    SmallVector<unsigned> open{from};
    while (!open.empty()) {
      unsigned node = open.pop_back_val();
      for (unsigned producer : graph.nodes[node].producers) {
        if (above[producer] || !graph.nodes[producer].isFusable() ||
            llvm::is_contained(starts, producer))
          continue;
        if (graph.nodes[producer].kind == NodeKind::Contraction) {
          starts.push_back(producer);
          continue;
        }
        above[producer] = true;
        open.push_back(producer);
      }
    }
  }

  const Graph &graph;
  unsigned last;
  std::vector<bool> above;
};

} // namespace

void Partition::seedChains() {
  if (!model.target.canChain)
    return;
  for (unsigned last = 0; last < graph.nodes.size(); ++last) {
    if (graph.nodes[last].kind != NodeKind::Contraction || home[last] != last)
      continue;
    ChainFinder finder(graph, last);
    for (unsigned first : finder.starts)
      if (trySeed(finder.closedSet(first)))
        break;
  }
}

bool Partition::trySeed(ArrayRef<unsigned> set) {
  auto isAlone = [&](unsigned node) {
    return kernels[home[node]].nodes.size() == 1 &&
           graph.nodes[node].segment == graph.nodes[set.front()].segment;
  };
  if (set.empty() || !llvm::all_of(set, isAlone) || !siblings.allows(set))
    return false;
  double apart = 0;
  for (unsigned node : set)
    apart += timeOf(home[node]);
  const Cost &joint = model.evaluate(set);
  if (!joint.isLegal() || joint.time >= apart)
    return false;
  for (unsigned node : set.drop_front())
    merge(home[set.front()], home[node]);
  return true;
}

} // namespace tenon::fuse
