//===- VerifyExec.cpp - checks what scheduling must have left ---*- C++ -*-===//
//
// Names (kernels, weights, states, symbols) by lookup; the memory plan by
// itself: of two places that hold something at the same time, one must lie above
// the other, directly or through others.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"
#include "passes/schedule/Lifetimes.h"
#include "passes/schedule/Passes.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_VERIFYEXECPASS
#include "passes/schedule/Passes.h.inc"

namespace {

class VerifyExec : public impl::VerifyExecPassBase<VerifyExec> {
public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable table(module);
    bool isValid = true;
    // exec_c1
    for (FuncOp func : module.getOps<FuncOp>()) {
      func.emitOpError("is left after scheduling [exec_c1]");
      isValid = false;
    }
    for (exec::ProgramOp program : module.getOps<exec::ProgramOp>()) {
      SymbolsAttr symbols = program.getSymbols();
      program.walk([&](Operation *op) {
        isValid &= succeeded(verifyNames(op, table)) && succeeded(verifySizes(op, symbols));
      });
      Lifetimes lifetimes(program);
      program.walk([&](exec::ArenaOp arena) {
        isValid &= succeeded(verifyPlan(arena, lifetimes));
      });
    }
    if (!isValid)
      signalPassFailure();
  }

private:
  LogicalResult verifyNames(Operation *op, SymbolTable &table);
  LogicalResult verifyLaunch(exec::LaunchOp launch, SymbolTable &table);
  LogicalResult verifySizes(Operation *op, SymbolsAttr symbols);
  LogicalResult verifyPlan(exec::ArenaOp arena, const Lifetimes &lifetimes);
};

} // namespace

/// exec_c2
LogicalResult VerifyExec::verifyLaunch(exec::LaunchOp launch, SymbolTable &table) {
  auto func = table.lookup<tile::FuncOp>(launch.getKernel());
  if (!func)
    return launch.emitOpError() << "names the kernel '" << launch.getKernel()
                                << "', which does not exist [exec_c2]";
  size_t given = launch.getReads().size() + launch.getWrites().size();
  size_t views = func.getArgumentTypes().size() - 1;
  if (given != views)
    return launch.emitOpError() << "hands " << given << " buffers to '" << launch.getKernel()
                                << "', expected " << views << " [exec_c2]";
  ArrayRef<StringAttr> symbols =
      launch->getParentOfType<exec::ProgramOp>().getSymbols().getNames();
  auto listed = func.getSymbols().getAsRange<StringAttr>();
  if (func.getSymbols().size() > symbols.size() ||
      !llvm::equal(listed, symbols.take_front(func.getSymbols().size())))
    return launch.emitOpError() << "'" << launch.getKernel()
                                << "' lists symbols that are not the program's first [exec_c2]";
  return success();
}

LogicalResult VerifyExec::verifyNames(Operation *op, SymbolTable &table) {
  if (auto launch = dyn_cast<exec::LaunchOp>(op))
    return verifyLaunch(launch, table);
  // exec_c3
  if (auto weight = dyn_cast<exec::WeightOp>(op); weight && !table.lookup<WeightOp>(weight.getWeight()))
    return op->emitOpError() << "names '" << weight.getWeight() << "', which is no weight [exec_c3]";
  if (auto state = dyn_cast<exec::StateOp>(op); state && !table.lookup<StateOp>(state.getState()))
    return op->emitOpError() << "names '" << state.getState() << "', which is no state [exec_c3]";
  return success();
}

/// exec_c4
LogicalResult VerifyExec::verifySizes(Operation *op, SymbolsAttr symbols) {
  llvm::StringRef unknown;
  auto check = [&](StringRef name) {
    if (llvm::none_of(symbols.getNames(), [&](StringAttr known) { return known == name; }))
      unknown = name;
  };
  if (auto bind = dyn_cast<exec::BindOp>(op))
    check(bind.getSymbol());
  if (auto loop = dyn_cast<exec::LoopOp>(op))
    check(loop.getCounter());
  for (NamedAttribute attr : op->getAttrs())
    attr.getValue().walk([&](DimExprAttr expr) {
      DimExpr(expr).walkLeaves([&](DimExpr leaf) {
        if (leaf.isSymbol())
          check(leaf.getSymbol());
      });
    });
  if (unknown.empty())
    return success();
  return op->emitOpError() << "names the size '" << unknown
                           << "', which is not a symbol of the program [exec_c4]";
}

/// exec_c5
LogicalResult VerifyExec::verifyPlan(exec::ArenaOp arena, const Lifetimes &lifetimes) {
  for (Operation *place : arena->getUsers())
    if (isa<exec::PlaceOp>(place) && place->getBlock() != arena->getBlock())
      return place->emitOpError("is not in the block of its arena [exec_c5]");
  SmallVector<exec::PlaceOp> places = placesOf(arena);
  llvm::DenseMap<Value, unsigned> index;
  SmallVector<llvm::BitVector> below; // directly or through others
  SmallVector<Span> lives;
  for (auto [i, place] : llvm::enumerate(places)) {
    llvm::BitVector &mine = below.emplace_back(places.size());
    for (Value other : place.getAbove()) {
      mine.set(index.lookup(other));
      mine |= below[index.lookup(other)];
    }
    lives.push_back(lifetimes.of(place));
    for (unsigned other = 0; other < i; ++other)
      if (lives[i].meets(lives[other]) && !mine[other]) {
        InFlightDiagnostic diagnostic =
            place.emitOpError("may overlap another place that holds something [exec_c5]");
        diagnostic.attachNote(places[other].getLoc()) << "the other place";
        return diagnostic;
      }
    index[place] = i;
  }
  return success();
}

} // namespace tenon
