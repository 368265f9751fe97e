//===- Outline.cpp - writing a partition as tenon.kernel ------------------===//
//
// 1. Each kernel becomes a region with copies of its nodes; what it reads from
//    outside becomes an operand, what others read becomes a result.
// 2. Results replace the values of the original nodes, which are erased
//    together with the views that nothing reads any more.
// 3. The block is ordered anew.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Outline.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace tenon::fuse {
namespace {

/// Copies the nodes of one kernel into the body of a new operation.
class KernelBuilder {
public:
  KernelBuilder(const Graph &graph, const Kernel &kernel) : graph(graph), kernel(kernel) {}

  KernelOp build(OpBuilder &builder, StringRef name, ArrayRef<Value> results) {
    SmallVector<Location> locations;
    for (unsigned node : kernel.nodes)
      locations.push_back(graph.nodes[node].op->getLoc());
    collectOperands();
    Location loc = FusedLoc::get(builder.getContext(), locations);
    auto op = KernelOp::create(builder, loc, TypeRange(ValueRange(results)),
                               builder.getStringAttr(name), operands.getArrayRef(),
                               DictionaryAttr());
    Block &body = op.getBody().emplaceBlock();
    OpBuilder inside = OpBuilder::atBlockEnd(&body);
    for (Value operand : operands)
      mapping.map(operand, body.addArgument(operand.getType(), operand.getLoc()));
    for (unsigned node : kernel.nodes)
      cloneNode(inside, graph.nodes[node]);
    SmallVector<Value> yielded;
    for (Value result : results)
      yielded.push_back(mapping.lookup(result));
    YieldOp::create(inside, loc, yielded);
    return op;
  }

private:
  /// True if the kernel computes the value itself, or copies what defines it.
  bool isInside(Value value, const Node &reader) {
    Operation *op = value.getDefiningOp();
    if (int node = graph.nodeOf(value); node >= 0 && llvm::is_contained(kernel.nodes, unsigned(node)))
      return true;
    return reader.isFusable() && (isTransparent(op) || isCloned(op));
  }

  void collectOperands() {
    for (unsigned node : kernel.nodes)
      for (Value operand : graph.nodes[node].op->getOperands())
        collectOperand(operand, graph.nodes[node]);
  }
  void collectOperand(Value value, const Node &reader) {
    if (!isInside(value, reader)) {
      operands.insert(value);
      return;
    }
    int node = graph.nodeOf(value);
    if (node < 0 || !llvm::is_contained(kernel.nodes, unsigned(node)))
      for (Value operand : value.getDefiningOp()->getOperands())
        collectOperand(operand, reader);
  }

  void cloneNode(OpBuilder &inside, const Node &node) {
    for (Value operand : node.op->getOperands())
      cloneViews(inside, operand);
    if (!mapping.contains(node.op))
      inside.clone(*node.op, mapping);
  }
  void cloneViews(OpBuilder &inside, Value value) {
    if (mapping.contains(value))
      return;
    for (Value operand : value.getDefiningOp()->getOperands())
      cloneViews(inside, operand);
    inside.clone(*value.getDefiningOp(), mapping);
  }

  const Graph &graph;
  const Kernel &kernel;
  llvm::SetVector<Value> operands;
  IRMapping mapping;
};

/// Outlines all kernels of one block.
class Outliner {
public:
  Outliner(Block &block, const Graph &graph, ArrayRef<Kernel> kernels, unsigned &counter)
      : block(block), graph(graph), kernels(kernels), counter(counter) {}

  void run() {
    for (const Node &node : graph.nodes)
      priority[node.op] = {node.segment, &node - graph.nodes.data()};
    findReadValues();
    OpBuilder builder(block.getTerminator());
    for (const Kernel &kernel : kernels)
      buildKernel(builder, kernel);
    for (auto [from, to] : replaced)
      from.replaceAllUsesWith(to);
    eraseOriginals();
    orderBlock(block, priority);
  }

private:
  /// Values of nodes that something outside of their kernel reads.
  void findReadValues() {
    for (const Kernel &kernel : kernels)
      for (unsigned id : kernel.nodes)
        for (const Read &read : graph.nodes[id].reads)
          if (read.producer >= 0 && !llvm::is_contained(kernel.nodes, unsigned(read.producer)))
            readValues.insert(read.root);
    for (const Node &node : graph.nodes)
      for (Value result : node.op->getResults())
        if (node.isStored && llvm::any_of(result.getUsers(), [&](Operation *user) {
              return isReader(user);
            }))
          readValues.insert(result);
  }
  bool isReader(Operation *user) {
    int node = graph.nodeOf(user);
    return user->getBlock() != &block || user == block.getTerminator() ||
           (node >= 0 && !graph.nodes[node].isFusable());
  }

  void buildKernel(OpBuilder &builder, const Kernel &kernel) {
    SmallVector<Value> results;
    for (unsigned id : kernel.nodes)
      for (Value result : graph.nodes[id].op->getResults())
        if (readValues.contains(result) && !llvm::is_contained(kernel.recomputed, id))
          results.push_back(result);
    if (results.empty())
      return;
    std::string name = "k" + std::to_string(counter++);
    KernelOp op = KernelBuilder(graph, kernel).build(builder, name, results);
    priority[op] = {graph.nodes[kernel.nodes.front()].segment, kernel.nodes.front()};
    for (auto [from, to] : llvm::zip(results, op.getResults()))
      replaced.push_back({from, to});
  }

  void eraseOriginals() {
    llvm::DenseSet<Operation *> fused;
    for (const Kernel &kernel : kernels)
      for (unsigned id : kernel.nodes)
        fused.insert(graph.nodes[id].op);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      bool isFree = isTransparent(&op) || isCloned(&op) || isSource(&op);
      if ((fused.contains(&op) || isFree) && op.use_empty()) {
        priority.erase(&op);
        op.erase();
      }
    }
  }

  Block &block;
  const Graph &graph;
  ArrayRef<Kernel> kernels;
  unsigned &counter;
  llvm::DenseMap<Operation *, std::pair<unsigned, unsigned>> priority;
  llvm::DenseSet<Value> readValues;
  SmallVector<std::pair<Value, Value>> replaced;
};

} // namespace

void outlineKernels(Block &block, const Graph &graph, ArrayRef<Kernel> kernels,
                    unsigned &counter) {
  Outliner(block, graph, kernels, counter).run();
}

} // namespace tenon::fuse
