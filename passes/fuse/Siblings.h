//===- Siblings.h - products of one activation ------------------*- C++ -*-===//
//
// Heavy products that read one value with equal reductions, each with a weight,
// none computed from another: Q, K and V, or the branches of an inception
// block. One kernel can do them as one product with the columns of all. They
// share no edge, so greedy merging would never find them, and would rather let
// one of them swallow what the others need; groups are formed before it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_SIBLINGS_H
#define TENON_PASSES_FUSE_SIBLINGS_H

#include "passes/fuse/Cost.h"

namespace tenon::fuse {

class SiblingGroups {
public:
  /// No groups if the target cannot join them.
  SiblingGroups(const Graph &graph, const Target &target);

  /// False if the set holds part of a group together with what the group
  /// shares, or a member together with a foreign heavy product.
  bool allows(llvm::ArrayRef<unsigned> nodes) const;
  llvm::ArrayRef<std::vector<unsigned>> getGroups() const { return groups; }

private:
  const Graph &graph;
  std::vector<std::vector<unsigned>> groups;
  std::vector<int> groupOf; ///< Of each node, -1 if none.
  std::vector<int> shared;  ///< Of each group: the producer of the activation.
};

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_SIBLINGS_H
