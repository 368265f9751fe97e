//===- KernelSpace.h - the unified factors of a would-be kernel -*- C++ -*-===//
//
// Which atoms of a set of nodes are one and the same loop, and which of these
// *classes* blocks may divide among them. For softmax over j of x[i, j]:
//
//   max  i | j reduced      exp  i j      sum  i | j reduced      div  i j
//   classes {i}, {j};  j is reduced somewhere, so the tile space is {i}
//
// 1. Each edge inside either unites its aligned atoms, or is *inlined*: the
//    producer (maps only) is evaluated at whatever index the consumer reads.
// 2. What is mismatched, reduced or self-aliased is *inner*: looped in a block.
// 3. The tile space is every other parallel class.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_KERNELSPACE_H
#define TENON_PASSES_FUSE_KERNELSPACE_H

#include "passes/fuse/Graph.h"
#include "llvm/ADT/BitVector.h"

namespace tenon::fuse {

/// A set of classes, by the number of one of their atoms in the kernel.
using ClassSet = llvm::BitVector;

class KernelSpace {
public:
  struct Edge {
    unsigned producer, consumer;
    const Read *read;
  };
  /// One node of the kernel; `parallel` and `reduced` are its classes.
  struct Member {
    unsigned node;
    bool isLive = false;   ///< Evaluated by the blocks, not inlined away.
    bool isStaged = false; ///< Read at other indices than it is computed at.
    unsigned uses = 0;     ///< Edges inside that are not inlined.
    ClassSet parallel = {}, reduced = {};
  };

  /// \p nodes in program order; those in \p recomputed are not stored.
  KernelSpace(const Graph &graph, llvm::ArrayRef<unsigned> nodes,
              llvm::ArrayRef<unsigned> recomputed);

  llvm::SmallVector<Member> members;
  llvm::SmallVector<Edge> edges, inlined, externals;
  llvm::SmallVector<unsigned> stores; ///< Positions in `members`.
  ClassSet tile;
  bool hasStagedMismatch = false; ///< A value that is no map is read unaligned.
  bool hasGuardedValue = false;   ///< A value that is no map is read in part.

  int64_t size(const ClassSet &classes) const;
  /// With a batch of one.
  int64_t leastSize(const ClassSet &classes) const;
  ClassSet classesOf(llvm::ArrayRef<AtomId> atoms) const;
  const Node &node(const Member &member) const { return graph.nodes[member.node]; }
  /// Position in `members`, -1 if the node is not of the kernel.
  int find(int node) const;
  /// Positions of all members that a member is computed from, itself included.
  const llvm::BitVector &ancestors(const Member &member) const {
    return ancestorSets[&member - members.data()];
  }

private:
  void addMembers(llvm::ArrayRef<unsigned> nodes);
  void linkEdges();
  void linkEdge(const Edge &edge, unsigned producer, unsigned consumer);
  void findLive(llvm::ArrayRef<unsigned> recomputed);
  void findTile();
  unsigned local(AtomId atom);
  unsigned leader(unsigned id) const;
  bool hasAliasedAtoms(const Node &node, ClassSet &aliased) const;
  bool isMapsOnly(unsigned position) const { return mapsOnly[position]; }

  const Graph &graph;
  llvm::DenseMap<AtomId, unsigned> locals;
  llvm::SmallVector<unsigned> parents;
  llvm::SmallVector<int64_t> sizes, leastSizes;
  llvm::SmallVector<bool> mapsOnly;
  llvm::SmallVector<llvm::BitVector> ancestorSets;
  ClassSet inner;
};

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_KERNELSPACE_H
