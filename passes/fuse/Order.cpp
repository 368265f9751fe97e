//===- Order.cpp - a valid order of a block after fusion ------------------===//
//
// Kahn's algorithm with a heap: of the operations whose operands are there, the
// one with the least (segment, original position) comes next. Side effects and
// symbol bindings add edges that SSA does not show. A check of sizes comes right
// after the binding of its symbols, before all that computes with them: a kernel
// may hold operations from both sides of it, and must not read with sizes that
// do not fit.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Outline.h"
#include <queue>

using namespace mlir;
namespace tenon::fuse {
namespace {

using Priority = std::pair<unsigned, unsigned>;

class Sorter {
public:
  Sorter(Block &block, const llvm::DenseMap<Operation *, Priority> &priority) : block(block) {
    for (Operation &op : block.without_terminator()) {
      position[&op] = ops.size();
      auto it = priority.find(&op);
      ops.push_back({&op, it == priority.end() ? Priority{0, 0} : it->second, 0, {}});
    }
  }

  void run() {
    addDataEdges();
    addOrderEdges();
    addCheckEdges();
    auto later = [&](unsigned a, unsigned b) {
      return std::tie(ops[a].priority, a) > std::tie(ops[b].priority, b);
    };
    std::priority_queue<unsigned, std::vector<unsigned>, decltype(later)> ready(later);
    for (unsigned i = 0; i < ops.size(); ++i)
      if (ops[i].waiting == 0)
        ready.push(i);
    while (!ready.empty()) {
      unsigned next = ready.top();
      ready.pop();
      ops[next].op->moveBefore(block.getTerminator());
      for (unsigned after : ops[next].after)
        if (--ops[after].waiting == 0)
          ready.push(after);
    }
  }

private:
  struct Item {
    Operation *op;
    Priority priority;
    unsigned waiting;
    SmallVector<unsigned> after;
  };

  void addEdge(unsigned from, unsigned to) {
    ops[from].after.push_back(to);
    ++ops[to].waiting;
  }

  void addDataEdges() {
    for (unsigned i = 0; i < ops.size(); ++i) {
      ops[i].op->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands())
          if (auto it = position.find(operand.getDefiningOp()); it != position.end() && it->second != i)
            addEdge(it->second, i);
      });
    }
  }

  void addOrderEdges() {
    // Operations with effects come in the order that they already have.
    int lastEffect = -1;
    for (unsigned i = 0; i < ops.size(); ++i) {
      if (isMemoryEffectFree(ops[i].op) || isa<CheckOp>(ops[i].op))
        continue;
      if (lastEffect >= 0)
        addEdge(lastEffect, i);
      lastEffect = i;
      if (isa<BindOp>(ops[i].op))
        bindings.push_back(i);
    }
    for (unsigned i = 0; i < ops.size(); ++i)
      if (unsigned segment = ops[i].priority.first;
          segment > 0 && segment <= bindings.size() && bindings[segment - 1] != i)
        addEdge(bindings[segment - 1], i);
  }

  void addCheckEdges() {
    for (unsigned i = 0; i < ops.size(); ++i) {
      if (!isa<CheckOp>(ops[i].op))
        continue;
      unsigned segment = llvm::lower_bound(bindings, i) - bindings.begin();
      if (segment > 0)
        addEdge(bindings[segment - 1], i);
      for (unsigned k = 0; k < ops.size(); ++k)
        if (isa<KernelOp, LoopOp, IfOp, CallOp>(ops[k].op) && ops[k].priority.first >= segment)
          addEdge(i, k);
    }
  }

  Block &block;
  std::vector<Item> ops;
  /// The bindings' numbers, in order: each begins a segment.
  std::vector<unsigned> bindings;
  llvm::DenseMap<Operation *, unsigned> position;
};

} // namespace

void orderBlock(Block &block, const llvm::DenseMap<Operation *, Priority> &priority) {
  Sorter(block, priority).run();
}

} // namespace tenon::fuse
