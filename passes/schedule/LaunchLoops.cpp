//===- LaunchLoops.cpp - loops of small kernels as kernels ------*- C++ -*-===//
//
// 1. Finds the loops whose rounds only launch kernels (LoopKernel.h) and do so
//    little that to hand them to other threads does not pay.
// 2. Joins a loop with the next one in its block, if neither depends on the other
//    and nothing between them on the first: each is then a thread's own.
// 3. Erases kernels that nothing launches any more.
//
//===----------------------------------------------------------------------===//
#include "dialects/tenon/Tenon.h"
#include "dialects/tile/Variants.h"
#include "passes/schedule/LoopKernel.h"
#include "passes/schedule/Passes.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_LAUNCHLOOPSPASS
#include "passes/schedule/Passes.h.inc"

namespace {

/// Operations of a round that one thread may do alone, and beside another.
constexpr double kMostAlone = 1 << 20, kMostBeside = 1 << 24;

/// The buffers that an operation between loops reads and writes; false if it is
/// of a kind that does more.
bool effects(Operation &op, SmallVectorImpl<Value> &reads, SmallVectorImpl<Value> &writes) {
  if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
    reads.append(launch.getReads().begin(), launch.getReads().end());
    writes.append(launch.getWrites().begin(), launch.getWrites().end());
  } else if (auto copy = dyn_cast<exec::CopyOp>(op)) {
    reads.push_back(copy.getSource());
    writes.push_back(copy.getTarget());
  } else if (auto fill = dyn_cast<exec::FillOp>(op)) {
    writes.push_back(fill.getTarget());
  } else if (auto store = dyn_cast<exec::StoreOp>(op)) {
    writes.push_back(store.getTarget());
  } else if (auto bind = dyn_cast<exec::BindOp>(op)) {
    reads.push_back(bind.getSource());
  } else {
    return isa<exec::ArenaOp, exec::PlaceOp, exec::WeightOp, exec::ConstantOp, exec::StateOp,
               exec::CheckOp>(op);
  }
  return true;
}

/// True if the loop may come after the operation instead of before it.
bool canPass(const LoopOfLaunches &loop, Operation &op) {
  SmallVector<Value> reads, writes;
  return effects(op, reads, writes) &&
         llvm::none_of(reads, [&](Value buffer) { return loop.writes(buffer); }) &&
         llvm::none_of(writes,
                       [&](Value buffer) { return loop.getBuffers().contains(buffer); });
}

bool areIndependent(const LoopOfLaunches &a, const LoopOfLaunches &b) {
  auto touches = [](const LoopOfLaunches &writer, const LoopOfLaunches &other) {
    return llvm::any_of(other.getBuffers(),
                        [&](const auto &entry) { return writer.writes(entry.first); });
  };
  return !touches(a, b) && !touches(b, a);
}

/// \p second is the next loop in the block of \p first, or some later operation.
bool canJoin(const LoopOfLaunches &first, const LoopOfLaunches &second) {
  Operation *op = first.getLoop()->getNextNode();
  for (; op && op != second.getLoop(); op = op->getNextNode())
    if (!canPass(first, *op))
      return false;
  return op && areIndependent(first, second);
}

struct LaunchLoops : impl::LaunchLoopsPassBase<LaunchLoops> {
  void runOnOperation() override {
    SymbolTable table(getOperation());
    std::vector<LoopOfLaunches> loops;
    getOperation().walk([&](exec::LoopOp loop) {
      if (auto found = LoopOfLaunches::find(loop, table))
        loops.push_back(*found);
    });
    llvm::DenseSet<Attribute> launched;
    for (const LoopOfLaunches &loop : loops)
      loop.getLoop()->walk([&](exec::LaunchOp op) { launched.insert(op.getKernelAttr()); });
    launchAll(loops, table);
    eraseUnused(launched, table);
  }

  void launchAll(ArrayRef<LoopOfLaunches> loops, SymbolTable &table) {
    for (size_t at = 0; at < loops.size(); ++at) {
      double flops = loops[at].leastFlops();
      bool isPair = at + 1 < loops.size() && flops <= kMostBeside &&
                    loops[at + 1].leastFlops() <= kMostBeside && canJoin(loops[at], loops[at + 1]);
      if (isPair)
        launchLoops(loops.slice(at++, 2), table);
      else if (flops <= kMostAlone)
        launchLoops(loops.slice(at, 1), table);
    }
  }

  void eraseUnused(llvm::DenseSet<Attribute> names, SymbolTable &table) {
    getOperation().walk([&](exec::LaunchOp op) { names.erase(op.getKernelAttr()); });
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<tile::FuncOp>())) {
      auto base = func->getAttrOfType<StringAttr>(tile::kKernelAttr);
      StringAttr name = base ? base : func.getSymNameAttr();
      if (names.contains(FlatSymbolRefAttr::get(name)))
        table.erase(func);
    }
  }
};

} // namespace
} // namespace tenon
