//===- Partition.cpp - merging kernels by gain ----------------------------===//
//
// A heap of edges between kernels by what merging them gains; entries carry the
// versions of both kernels and are stale once one of them has changed. When the
// heap is empty all edges are tried again, because a path that forbade a merge
// may have gone.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Partition.h"
#include <algorithm>

using namespace mlir;
namespace tenon::fuse {

std::vector<unsigned> unite(ArrayRef<unsigned> a, ArrayRef<unsigned> b) {
  std::vector<unsigned> result;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

Partition::Partition(const Graph &graph, const Target &target)
    : graph(graph), model(graph, target), siblings(graph, target), version(graph.nodes.size()) {
  for (unsigned i = 0; i < graph.nodes.size(); ++i) {
    kernels.push_back({{i}, {}});
    home.push_back(i);
  }
}

double Partition::timeOf(unsigned kernel) {
  return model.evaluate(kernels[kernel].nodes, kernels[kernel].recomputed).time;
}

//===----------------------------------------------------------------------===//
// The graph of kernels
//===----------------------------------------------------------------------===//

std::vector<unsigned> Partition::consumersOf(unsigned kernel) const {
  std::vector<unsigned> result;
  for (unsigned node : kernels[kernel].nodes)
    for (unsigned consumer : graph.nodes[node].consumers)
      if (home[consumer] != kernel)
        result.push_back(home[consumer]);
  llvm::sort(result);
  result.erase(llvm::unique(result), result.end());
  return result;
}

std::vector<unsigned> Partition::producersOf(unsigned kernel) const {
  std::vector<unsigned> result;
  for (unsigned node : kernels[kernel].nodes)
    for (unsigned producer : graph.nodes[node].producers)
      if (home[producer] != kernel)
        result.push_back(home[producer]);
  llvm::sort(result);
  result.erase(llvm::unique(result), result.end());
  return result;
}

/// True if a kernel between them would have to run both after a and before b.
bool Partition::hasIndirectPath(unsigned a, unsigned b) const {
  std::vector<bool> seen(kernels.size());
  SmallVector<unsigned> open;
  auto visit = [&](unsigned kernel) {
    if (kernel != a && kernel != b && !seen[kernel]) {
      seen[kernel] = true;
      open.push_back(kernel);
    }
  };
  for (unsigned consumer : consumersOf(a))
    visit(consumer);
  while (!open.empty()) {
    unsigned kernel = open.pop_back_val();
    for (unsigned consumer : consumersOf(kernel)) {
      if (consumer == b)
        return true;
      visit(consumer);
    }
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Greedy merging
//===----------------------------------------------------------------------===//

bool Partition::canMerge(unsigned a, unsigned b) const {
  const Node &first = graph.nodes[kernels[a].nodes.front()];
  const Node &second = graph.nodes[kernels[b].nodes.front()];
  return a != b && first.isFusable() && second.isFusable() && first.segment == second.segment;
}

void Partition::propose(unsigned a, unsigned b, std::vector<Candidate> &heap) {
  if (!canMerge(a, b))
    return;
  std::vector<unsigned> nodes = unite(kernels[a].nodes, kernels[b].nodes);
  if (!siblings.allows(nodes))
    return;
  const Cost &joint = model.evaluate(nodes);
  double gain = joint.isLegal() ? timeOf(a) + timeOf(b) - joint.time : 0;
  if (!(gain > 0))
    return;
  heap.push_back({gain, a, b, version[a], version[b]});
  std::push_heap(heap.begin(), heap.end());
}

void Partition::proposeAround(unsigned kernel, std::vector<Candidate> &heap) {
  for (unsigned consumer : consumersOf(kernel))
    propose(kernel, consumer, heap);
  for (unsigned producer : producersOf(kernel))
    propose(producer, kernel, heap);
}

void Partition::merge(unsigned a, unsigned b) {
  kernels[a].nodes = unite(kernels[a].nodes, kernels[b].nodes);
  kernels[b].nodes.clear();
  for (unsigned node : kernels[a].nodes)
    home[node] = a;
  ++version[a];
  ++version[b];
}

void Partition::mergeGreedily() {
  bool changed = true;
  while (changed) {
    changed = false;
    std::vector<Candidate> heap;
    for (unsigned kernel = 0; kernel < kernels.size(); ++kernel)
      if (!kernels[kernel].nodes.empty())
        for (unsigned consumer : consumersOf(kernel))
          propose(kernel, consumer, heap);
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      Candidate top = heap.back();
      heap.pop_back();
      if (version[top.a] != top.versionA || version[top.b] != top.versionB ||
          hasIndirectPath(top.a, top.b))
        continue;
      merge(top.a, top.b);
      changed = true;
      proposeAround(top.a, heap);
    }
  }
}

//===----------------------------------------------------------------------===//
// Duplication
//===----------------------------------------------------------------------===//

bool Partition::tryDuplicate(unsigned kernel) {
  constexpr size_t kMaxConsumers = 64;
  std::vector<unsigned> maps = kernels[kernel].nodes, consumers;
  for (unsigned node : maps)
    if (graph.nodes[node].kind != NodeKind::Map || graph.nodes[node].isStored)
      return false;
  // A consumer may itself be copied already: look at every kernel that reads.
  for (unsigned other = 0; other < kernels.size(); ++other) {
    auto reads = [&](unsigned node) {
      return llvm::any_of(graph.nodes[node].producers,
                          [&](unsigned producer) { return home[producer] == kernel; });
    };
    if (other != kernel && llvm::any_of(kernels[other].nodes, reads))
      consumers.push_back(other);
  }
  if (consumers.empty() || consumers.size() > kMaxConsumers)
    return false;
  double added = 0;
  for (unsigned consumer : consumers) {
    const Kernel &target = kernels[consumer];
    const Node &first = graph.nodes[target.nodes.front()];
    if (!first.isFusable() || first.segment != graph.nodes[maps.front()].segment)
      return false;
    const Cost &joint =
        model.evaluate(unite(target.nodes, maps), unite(target.recomputed, maps));
    if (!joint.isLegal())
      return false;
    added += joint.time - timeOf(consumer);
  }
  if (added >= timeOf(kernel))
    return false;
  for (unsigned consumer : consumers) {
    kernels[consumer].nodes = unite(kernels[consumer].nodes, maps);
    kernels[consumer].recomputed = unite(kernels[consumer].recomputed, maps);
  }
  kernels[kernel].nodes.clear();
  return true;
}

void Partition::duplicateMaps() {
  for (unsigned kernel = kernels.size(); kernel-- > 0;)
    if (!kernels[kernel].nodes.empty())
      tryDuplicate(kernel);
}

//===----------------------------------------------------------------------===//
// Siblings
//===----------------------------------------------------------------------===//

std::vector<std::vector<unsigned>> Partition::readers() const {
  std::vector<std::vector<unsigned>> result(kernels.size());
  for (unsigned kernel = 0; kernel < kernels.size(); ++kernel)
    for (unsigned node : kernels[kernel].nodes)
      for (unsigned producer : graph.nodes[node].producers)
        if (!std::binary_search(kernels[kernel].nodes.begin(), kernels[kernel].nodes.end(), producer))
          result[home[producer]].push_back(kernel);
  return result;
}

static bool reaches(ArrayRef<std::vector<unsigned>> readers, unsigned from, unsigned to) {
  std::vector<bool> seen(readers.size());
  SmallVector<unsigned> open{from};
  while (!open.empty()) {
    unsigned kernel = open.pop_back_val();
    if (kernel == to)
      return true;
    for (unsigned reader : readers[kernel]) {
      if (!seen[reader])
        open.push_back(reader);
      seen[reader] = true;
    }
  }
  return false;
}

void Partition::joinSiblings() {
  for (const std::vector<unsigned> &group : siblings.getGroups()) {
    unsigned first = home[group.front()];
    for (unsigned member : ArrayRef(group).drop_front()) {
      unsigned other = home[member];
      std::vector<std::vector<unsigned>> edges = readers();
      if (other == first || reaches(edges, first, other) || reaches(edges, other, first))
        continue;
      std::vector<unsigned> recomputed =
          unite(kernels[first].recomputed, kernels[other].recomputed);
      for (unsigned node : kernels[other].nodes)
        if (home[node] == other)
          home[node] = first;
      kernels[first] = {unite(kernels[first].nodes, kernels[other].nodes), recomputed};
      kernels[other].nodes.clear();
    }
  }
}

std::vector<Kernel> Partition::takeKernels() const {
  std::vector<Kernel> result;
  for (const Kernel &kernel : kernels)
    if (!kernel.nodes.empty() && graph.nodes[kernel.nodes.front()].kind != NodeKind::Structure)
      result.push_back(kernel);
  llvm::sort(result, [](const Kernel &a, const Kernel &b) { return a.nodes < b.nodes; });
  return result;
}

} // namespace tenon::fuse
