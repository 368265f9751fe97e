//===- Graph.cpp - the graph that fusion works on -------------------------===//
//
// 1. Nodes, with an atom per factor; views that must exist become nodes.
// 2. Reads, composed through views down to their roots.
// 3. Atoms split to the common refinement of each edge (Refine.cpp), relations.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Graph.h"

using namespace mlir;
namespace tenon::fuse {

bool isTransparent(Operation *op) {
  auto rule = dyn_cast_or_null<FactorRuleInterface>(op);
  return rule && rule.isView() && op->getNumOperands() == 1;
}

bool isCloned(Operation *op) {
  if (auto constant = dyn_cast_or_null<ConstantOp>(op))
    return constant.getValue().isSplat();
  return isa_and_nonnull<DimOp>(op);
}

bool isSource(Operation *op) { return isa_and_nonnull<ReadOp, ConstantOp>(op); }

Graph::Graph(Block &block) : atoms(block.getParentOp()) {
  addNodes(block);
  for (Node &node : nodes)
    addReads(node);
  connect();
  refine();
  for (Node &node : nodes)
    finish(node);
}

int Graph::nodeOf(Operation *op) const {
  auto it = index.find(op);
  return it == index.end() ? -1 : int(it->second);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

static NodeKind kindOf(Operation *op) {
  if (isa<ContractOp>(op))
    return NodeKind::Contraction;
  if (auto rule = dyn_cast<FactorRuleInterface>(op))
    return rule.getFactorRule().hasReduction() ? NodeKind::Reduction : NodeKind::Map;
  if (isa<DimOp>(op))
    return NodeKind::Map;
  return isa<IrregularOpInterface>(op) ? NodeKind::Irregular : NodeKind::Structure;
}

/// True if \p user reads its operands from memory: nothing is fused into it.
static bool readsMemory(Operation *user) {
  return !isTransparent(user) && kindOf(user) >= NodeKind::Irregular;
}

/// True if some use of the operation's results is not by a node that could
/// compute them for itself. Uses in nested blocks are by kernels.
static bool mustExist(Operation *op) {
  return llvm::any_of(op->getUsers(), [&](Operation *user) {
    return user->getBlock() != op->getBlock() || readsMemory(user);
  });
}

void Graph::addNodes(Block &block) {
  unsigned segment = 0;
  for (Operation &op : block.without_terminator()) {
    bool isFree = isTransparent(&op) || isCloned(&op) || isSource(&op);
    bool isKept = isSource(&op) || !mustExist(&op);
    if (isFree && isKept)
      continue;
    index[&op] = nodes.size();
    Node &node = nodes.emplace_back();
    node.op = &op;
    node.kind = kindOf(&op);
    node.segment = segment;
    node.isStored = mustExist(&op);
    segment += isa<BindOp>(op);
    if (auto rule = dyn_cast<FactorRuleInterface>(op))
      addRuleNode(node, rule);
  }
}

void Graph::addRuleNode(Node &node, FactorRuleInterface rule) {
  FactorRule factors = rule.getFactorRule();
  for (const Factor &factor : factors.factors) {
    node.factors.push_back(atoms.add(factor.extent));
    node.numParallel += factor.kind == FactorKind::Parallel;
  }
  node.bodyCost = fuse::bodyCost(rule);
}

//===----------------------------------------------------------------------===//
// Reads
//===----------------------------------------------------------------------===//

/// An access with each factor replaced by an expression.
static Access substitute(const Access &access, ArrayRef<DimExpr> values) {
  auto leaf = [&](DimExpr expr) { return expr.isFactor() ? values[expr.getValue()] : DimExpr(); };
  Access result;
  for (DimExpr expr : access.index)
    result.index.push_back(expr.replaceLeaves(leaf));
  for (const Guard &guard : access.guards)
    result.guards.push_back({guard.index.replaceLeaves(leaf), guard.extent});
  return result;
}

Read Graph::composeRead(Value operand, const Access &access, ArrayRef<AtomId> factors) {
  auto leaf = [&](AtomId atom) { return atoms.leafExpr(atom); };
  Access current = substitute(access, llvm::map_to_vector(factors, leaf));
  Read read;
  while (isTransparent(operand.getDefiningOp())) {
    llvm::append_range(read.guards, current.guards);
    auto view = cast<FactorRuleInterface>(operand.getDefiningOp());
    current = substitute(view.getFactorRule().operands[0], current.index);
    for (DimExpr &expr : current.index)
      expr = atoms.getRanges().simplify(expr);
    operand = operand.getDefiningOp()->getOperand(0);
  }
  llvm::append_range(read.guards, current.guards);
  read.root = operand;
  read.index = current.index;
  read.producer = isCloned(operand.getDefiningOp()) ? -1 : nodeOf(operand);
  return read;
}

void Graph::addReads(Node &node) {
  if (auto rule = dyn_cast<FactorRuleInterface>(node.op)) {
    FactorRule factors = rule.getFactorRule();
    for (auto [operand, access] : llvm::zip(node.op->getOperands(), factors.operands))
      node.reads.push_back(composeRead(operand, access, node.factors));
    return;
  }
  // Everything else reads whole values from memory, in nested regions too.
  node.op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands()) {
      Read &read = node.reads.emplace_back();
      read.root = operand;
      read.producer = nodeOf(operand);
    }
  });
}

void Graph::connect() {
  for (unsigned i = 0; i < nodes.size(); ++i) {
    for (const Read &read : nodes[i].reads) {
      if (read.producer < 0 || unsigned(read.producer) == i ||
          llvm::is_contained(nodes[i].producers, unsigned(read.producer)))
        continue;
      nodes[i].producers.push_back(read.producer);
      nodes[read.producer].consumers.push_back(i);
    }
  }
}

} // namespace tenon::fuse
