//===- Siblings.cpp - products of one activation --------------------------===//
//
// Candidates are keyed by the value they read and the extents they reduce;
// a group keeps those that are not computed from one another.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Siblings.h"

using namespace mlir;
namespace tenon::fuse {

/// True if \p later is computed from \p earlier.
static bool dependsOn(const Graph &graph, unsigned later, unsigned earlier) {
  std::vector<bool> seen(graph.nodes.size());
  SmallVector<unsigned> open{later};
  while (!open.empty()) {
    unsigned node = open.pop_back_val();
    if (node == earlier)
      return true;
    for (unsigned producer : graph.nodes[node].producers) {
      // Producers come earlier in the block: what precedes the goal is no way.
      if (producer >= earlier && !seen[producer]) {
        seen[producer] = true;
        open.push_back(producer);
      }
    }
  }
  return false;
}

/// The activation that a product with one weight reads; null otherwise.
static const Read *activationOf(const Node &node) {
  if (node.reads.size() != 2)
    return nullptr;
  auto isWeight = [](const Read &read) { return isSource(read.root.getDefiningOp()); };
  bool first = isWeight(node.reads[0]), second = isWeight(node.reads[1]);
  return first == second ? nullptr : &node.reads[first ? 1 : 0];
}

SiblingGroups::SiblingGroups(const Graph &graph, const Target &target)
    : graph(graph), groupOf(graph.nodes.size(), -1) {
  if (!target.canJoinSiblings)
    return;
  using Key = std::pair<Value, std::vector<int64_t>>;
  std::vector<std::pair<Key, std::vector<unsigned>>> candidates;
  for (unsigned id = 0; id < graph.nodes.size(); ++id) {
    const Node &node = graph.nodes[id];
    const Read *activation = isHeavy(graph, node) ? activationOf(node) : nullptr;
    if (!activation)
      continue;
    Key key{activation->root, {}};
    for (AtomId atom : node.reduced)
      key.second.push_back(graph.atoms.size(atom));
    llvm::sort(key.second);
    auto it = llvm::find_if(candidates, [&](const auto &entry) { return entry.first == key; });
    if (it == candidates.end())
      it = candidates.insert(it, {key, {}});
    auto isApart = [&](unsigned other) { return !dependsOn(graph, id, other); };
    if (llvm::all_of(it->second, isApart) &&
        (it->second.empty() || graph.nodes[it->second.front()].segment == node.segment))
      it->second.push_back(id);
  }
  for (auto &[key, members] : candidates) {
    if (members.size() < 2)
      continue;
    for (unsigned member : members)
      groupOf[member] = groups.size();
    shared.push_back(graph.nodeOf(key.first));
    groups.push_back(members);
  }
}

bool SiblingGroups::allows(ArrayRef<unsigned> nodes) const {
  if (groups.empty())
    return true;
  int group = -1;
  for (unsigned node : nodes)
    if (groupOf[node] >= 0)
      group = groupOf[node];
  if (group < 0)
    return true;
  for (unsigned node : nodes)
    if (groupOf[node] != group && isHeavy(graph, graph.nodes[node]))
      return false;
  bool isWhole = llvm::all_of(groups[group], [&](unsigned member) {
    return llvm::is_contained(nodes, member);
  });
  return isWhole || shared[group] < 0 || !llvm::is_contained(nodes, unsigned(shared[group]));
}

} // namespace tenon::fuse
