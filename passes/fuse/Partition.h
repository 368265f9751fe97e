//===- Partition.h - which operations share a kernel ------------*- C++ -*-===//
//
// The state of fusion: every fusable node is of one kernel, its home, and may
// besides be recomputed in others. Steps (docs/fusion.md): chains as seeds, greedy
// merging by gain, copying cheap map kernels into their consumers, siblings.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_PARTITION_H
#define TENON_PASSES_FUSE_PARTITION_H

#include "passes/fuse/Siblings.h"

namespace tenon::fuse {

struct Kernel {
  std::vector<unsigned> nodes;      ///< In program order.
  std::vector<unsigned> recomputed; ///< Those of `nodes` that are not at home.
};

class Partition {
public:
  Partition(const Graph &graph, const Target &target);

  /// Product, reduction, product as one kernel, where the target can.
  void seedChains();
  /// Merges kernels as long as that makes the graph cheaper.
  void mergeGreedily();
  /// Recomputes cheap map kernels in all of their consumers.
  void duplicateMaps();

  /// Members of a sibling group that are still apart become one kernel.
  void joinSiblings();

  /// The kernels that are left, in the order of their first nodes.
  std::vector<Kernel> takeKernels() const;
  const CostModel &getModel() const { return model; }

private:
  struct Candidate {
    double gain;
    unsigned a, b, versionA, versionB;
    bool operator<(const Candidate &other) const {
      return std::tie(gain, other.a, other.b) < std::tie(other.gain, a, b);
    }
  };
  bool canMerge(unsigned a, unsigned b) const;
  void propose(unsigned a, unsigned b, std::vector<Candidate> &heap);
  void proposeAround(unsigned kernel, std::vector<Candidate> &heap);
  void merge(unsigned a, unsigned b);
  bool trySeed(llvm::ArrayRef<unsigned> set);
  /// The kernels that read what each kernel stores.
  std::vector<std::vector<unsigned>> readers() const;
  bool hasIndirectPath(unsigned a, unsigned b) const;
  bool tryDuplicate(unsigned kernel);
  std::vector<unsigned> consumersOf(unsigned kernel) const;
  std::vector<unsigned> producersOf(unsigned kernel) const;
  double timeOf(unsigned kernel);

  const Graph &graph;
  CostModel model;
  SiblingGroups siblings;
  std::vector<Kernel> kernels;   ///< By number; without nodes once merged away.
  std::vector<unsigned> home;    ///< Of each node.
  std::vector<unsigned> version; ///< Of each kernel.
};

/// The union of two sorted lists.
std::vector<unsigned> unite(llvm::ArrayRef<unsigned> a, llvm::ArrayRef<unsigned> b);

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_PARTITION_H
