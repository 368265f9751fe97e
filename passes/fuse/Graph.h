//===- Graph.h - the graph that fusion works on -----------------*- C++ -*-===//
//
// The operations of one block as nodes, their reads as edges. Views (reshape,
// transpose, broadcast, slice, window) are no nodes: they are composed into the
// index maps of the reads that look through them, down to the *root*, a value
// of a node or of the world outside. A view is a node only if its result must
// exist in memory by itself (a function's result, an operand of control flow).
//
// After building, atoms are split to the common refinement of both ends of each
// edge, and each edge gets its relation, atom by atom:
//
//   relation     producer's atom is read ...        example
//   aligned      at a consumer's atom, one to one   x[i, j] + 1
//   fixed        at one of its values               the first half of a head
//   mismatched   otherwise                          window, gather, unequal concat
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_GRAPH_H
#define TENON_PASSES_FUSE_GRAPH_H

#include "dialects/tenon/Tenon.h"
#include "passes/fuse/Atoms.h"

namespace tenon::fuse {

enum class NodeKind {
  Map,         ///< Any rule without a reduction: maps, concat, pad, gather.
  Reduction,   ///< One operand combined away.
  Contraction, ///< A sum of products.
  Irregular,   ///< No factor rule: a kernel of its own.
  Structure    ///< Control flow, states: not fused, but ordered.
};

struct Relation {
  llvm::SmallVector<std::pair<AtomId, AtomId>> aligned; // (producer's, consumer's)
  llvm::SmallVector<AtomId> fixed;
  llvm::SmallVector<AtomId> mismatchedProducer, mismatchedConsumer;
  bool isMismatched() const {
    return !mismatchedProducer.empty() || !mismatchedConsumer.empty();
  }
};

/// How one operand is read, looking through views.
struct Read {
  mlir::Value root;
  int producer = -1; ///< The node of the root, -1 outside of the block.
  llvm::SmallVector<DimExpr> index;
  llvm::SmallVector<Guard> guards;
  // Filled after refinement:
  llvm::SmallVector<AtomId> atoms; ///< The reader's atoms that the map names.
  Relation relation;
  int64_t elements = 1; ///< Distinct elements read.
};

struct Node {
  mlir::Operation *op = nullptr;
  NodeKind kind = NodeKind::Structure;
  llvm::SmallVector<AtomId> factors; ///< Per factor of the rule, unsplit.
  unsigned numParallel = 0;
  std::vector<Read> reads;
  llvm::SmallVector<unsigned> producers, consumers;
  bool isStored = false; ///< Used by something that is no node to be fused.
  unsigned segment = 0;  ///< Number of symbol bindings before it.
  // Filled after refinement:
  llvm::SmallVector<AtomId> parallel, reduced; ///< Leaves.
  int64_t points = 1;    ///< Size of the iteration space.
  int64_t bytes = 0;     ///< Of its results.
  double bodyCost = 0;   ///< Scalar operations per point.

  bool isFusable() const { return kind < NodeKind::Irregular; }
};

class Graph {
public:
  /// The graph of \p block, whose nested blocks are fused already.
  explicit Graph(mlir::Block &block);

  std::vector<Node> nodes; ///< In program order.
  AtomForest atoms;

  /// The node that defines a value, or of an operation; -1 if there is none.
  int nodeOf(mlir::Operation *op) const;
  int nodeOf(mlir::Value value) const { return nodeOf(value.getDefiningOp()); }

private:
  void addNodes(mlir::Block &block);
  void addRuleNode(Node &node, FactorRuleInterface rule);
  void addReads(Node &node);
  Read composeRead(mlir::Value operand, const Access &access, llvm::ArrayRef<AtomId> factors);
  void connect();
  void refine();
  bool refineEdge(Read &read);
  void relate(Read &read);
  void finish(Node &node);

  llvm::DenseMap<mlir::Operation *, unsigned> index;
};

/// True if fusion looks through the operation: a view of one operand.
bool isTransparent(mlir::Operation *op);
/// True if the operation is copied into each kernel that uses it: a scalar or
/// splat constant, a size.
bool isCloned(mlir::Operation *op);
/// True if it stays outside of kernels as it is: weights, larger constants.
bool isSource(mlir::Operation *op);

/// Scalar operations in the body of \p op, weighed by what they cost.
double bodyCost(FactorRuleInterface op);

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_GRAPH_H
