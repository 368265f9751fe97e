//===- KernelSpace.cpp - the unified factors of a would-be kernel ---------===//
//
// Union-find over the atoms of one candidate, following the steps of the
// header. The candidate is small: everything is recomputed for each.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/KernelSpace.h"

using namespace mlir;
namespace tenon::fuse {

KernelSpace::KernelSpace(const Graph &graph, ArrayRef<unsigned> nodes,
                         ArrayRef<unsigned> recomputed)
    : graph(graph) {
  addMembers(nodes);
  inner.resize(parents.size());
  linkEdges();
  findLive(recomputed);
  findTile();
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

unsigned KernelSpace::local(AtomId atom) {
  auto [it, isNew] = locals.try_emplace(atom, parents.size());
  if (isNew) {
    parents.push_back(it->second);
    sizes.push_back(graph.atoms.size(atom));
    leastSizes.push_back(graph.atoms.leastSize(atom));
  }
  return it->second;
}

unsigned KernelSpace::leader(unsigned id) const {
  while (parents[id] != id)
    id = parents[id];
  return id;
}

ClassSet KernelSpace::classesOf(ArrayRef<AtomId> atoms) const {
  ClassSet result(parents.size());
  for (AtomId atom : atoms) {
    auto it = locals.find(atom);
    if (it != locals.end())
      result.set(leader(it->second));
  }
  return result;
}

static int64_t productOf(const ClassSet &classes, ArrayRef<int64_t> sizes) {
  int64_t product = 1;
  for (unsigned id : classes.set_bits())
    if (llvm::MulOverflow(product, sizes[id], product))
      return std::numeric_limits<int64_t>::max() / 4;
  return product;
}
int64_t KernelSpace::size(const ClassSet &classes) const { return productOf(classes, sizes); }
int64_t KernelSpace::leastSize(const ClassSet &classes) const {
  return productOf(classes, leastSizes);
}

int KernelSpace::find(int node) const {
  auto it = llvm::lower_bound(members, node, [](const Member &member, int value) {
    return int(member.node) < value;
  });
  return it != members.end() && int(it->node) == node ? it - members.begin() : -1;
}

//===----------------------------------------------------------------------===//
// Edges
//===----------------------------------------------------------------------===//

void KernelSpace::addMembers(ArrayRef<unsigned> nodes) {
  for (unsigned id : nodes) {
    members.push_back({id});
    const Node &node = graph.nodes[id];
    for (AtomId atom : node.parallel)
      local(atom);
    for (AtomId atom : node.reduced)
      local(atom);
  }
}

void KernelSpace::linkEdges() {
  for (auto [position, member] : llvm::enumerate(members)) {
    bool isMaps = node(member).kind == NodeKind::Map;
    llvm::BitVector ancestors(members.size());
    ancestors.set(position);
    for (const Read &read : node(member).reads) {
      int producer = find(read.producer);
      isMaps &= producer < 0 || mapsOnly[producer];
      Edge edge{read.producer < 0 ? 0 : unsigned(read.producer), member.node, &read};
      if (producer < 0)
        externals.push_back(edge);
      else
        linkEdge(edge, producer, position);
      if (producer >= 0)
        ancestors |= ancestorSets[producer];
    }
    ancestorSets.push_back(std::move(ancestors));
    mapsOnly.push_back(isMaps);
  }
}

/// Two atoms of one node in one class: each diagonal element would be asked of
/// one block, which has no such element alone.
bool KernelSpace::hasAliasedAtoms(const Node &node, ClassSet &aliased) const {
  ClassSet seen(parents.size());
  for (ArrayRef<AtomId> atoms : {ArrayRef(node.parallel), ArrayRef(node.reduced)}) {
    for (AtomId atom : atoms) {
      unsigned id = leader(locals.lookup(atom));
      if (seen.test(id))
        aliased.set(id);
      seen.set(id);
    }
  }
  return aliased.any();
}

void KernelSpace::linkEdge(const Edge &edge, unsigned producer, unsigned consumer) {
  const Relation &relation = edge.read->relation;
  // Guards do not keep a value from being computed: it is computed for every
  // point of the consumer, as what is read at an unrelated index.
  bool isGuarded = !edge.read->guards.empty();
  if ((relation.isMismatched() || isGuarded) && isMapsOnly(producer)) {
    inlined.push_back(edge);
    return;
  }
  hasGuardedValue |= isGuarded;
  SmallVector<unsigned> saved = parents;
  for (auto [theirs, ours] : relation.aligned) {
    unsigned a = leader(local(theirs)), b = leader(local(ours));
    parents[std::max(a, b)] = std::min(a, b);
  }
  ClassSet aliased(parents.size());
  if (hasAliasedAtoms(node(members[consumer]), aliased)) {
    if (isMapsOnly(producer)) {
      parents = saved;
      inlined.push_back(edge);
      return;
    }
    inner |= aliased;
    members[producer].isStaged = true;
  }
  members[producer].isStaged |= relation.isMismatched();
  hasStagedMismatch |= members[producer].isStaged;
  ++members[producer].uses;
  edges.push_back(edge);
}

//===----------------------------------------------------------------------===//
// Tile space
//===----------------------------------------------------------------------===//

void KernelSpace::findLive(ArrayRef<unsigned> recomputed) {
  for (auto [position, member] : llvm::enumerate(members)) {
    auto isOutside = [&](unsigned consumer) { return find(consumer) < 0; };
    bool isRead = node(member).isStored || llvm::any_of(node(member).consumers, isOutside);
    if (isRead && !llvm::is_contained(recomputed, member.node)) {
      stores.push_back(position);
      member.isLive = true;
    }
  }
  for (unsigned position = members.size(); position-- > 0;)
    for (const Edge &edge : edges)
      if (edge.consumer == members[position].node && members[position].isLive)
        members[find(edge.producer)].isLive = true;
}

void KernelSpace::findTile() {
  ClassSet leaders(parents.size());
  for (unsigned id : inner.set_bits())
    leaders.set(leader(id));
  inner = leaders;
  tile.resize(parents.size());
  for (Member &member : members) {
    member.parallel = classesOf(node(member).parallel);
    member.reduced = classesOf(node(member).reduced);
    if (!member.isLive)
      continue;
    tile |= member.parallel;
    inner |= member.reduced;
  }
  for (const Edge &edge : edges) {
    Member &consumer = members[find(edge.consumer)], &producer = members[find(edge.producer)];
    if (!consumer.isLive)
      continue;
    inner |= classesOf(edge.read->relation.mismatchedProducer);
    inner |= classesOf(edge.read->relation.mismatchedConsumer);
    ClassSet fixed = classesOf(edge.read->relation.fixed);
    fixed &= consumer.parallel;
    producer.isStaged |= fixed.any();
    inner |= fixed;
  }
  tile.reset(inner);
}

} // namespace tenon::fuse
