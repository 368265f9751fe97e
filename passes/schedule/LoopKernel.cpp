//===- LoopKernel.cpp - all rounds of a loop as one kernel ------*- C++ -*-===//
//
// See LoopKernel.h. The bodies of the kernels are copied into the new one; their
// scratch memory is declared at its beginning. A buffer that rounds hand on is
// one view, however many kernels read or write it.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/LoopKernel.h"

#include "dialects/tenon/Tenon.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace tenon {

//===----------------------------------------------------------------------===//
// What a loop does
//===----------------------------------------------------------------------===//

bool LoopOfLaunches::use(Value buffer, Type type, bool isWritten) {
  auto [it, isNew] = types.insert({buffer, type});
  if (isWritten)
    written.insert(buffer);
  return isNew || it->second == type;
}

bool LoopOfLaunches::visit(Operation &op, const SymbolTable &table) {
  if (auto store = dyn_cast<exec::StoreOp>(op)) {
    DimExpr value(store.getValue());
    bool isRound = value.isSymbol() && value.getSymbol() == loop.getCounter();
    return isRound && store.getType().isInteger(64) &&
           use(store.getTarget(), tile::ViewType::get(store.getType()), true);
  }
  auto launch = dyn_cast<exec::LaunchOp>(op);
  auto func = launch ? table.lookup<tile::FuncOp>(launch.getKernel()) : tile::FuncOp();
  if (!func || !func.getBody().hasOneBlock())
    return false;
  size_t reads = launch.getReads().size();
  for (auto [i, view] : llvm::enumerate(func.getViews())) {
    Value buffer = i < reads ? launch.getReads()[i] : launch.getWrites()[i - reads];
    if (!use(buffer, view.getType(), i >= reads))
      return false;
  }
  return true;
}

std::optional<LoopOfLaunches> LoopOfLaunches::find(exec::LoopOp loop, const SymbolTable &table) {
  LoopOfLaunches found(loop);
  if (loop.getCondition() || !loop.getTrips())
    return std::nullopt;
  for (Operation &op : loop.getBody().front())
    if (!found.visit(op, table))
      return std::nullopt;
  for (auto [from, to] : llvm::zip(loop.getFrom(), loop.getTo())) {
    auto type = found.types.find(from);
    if (type == found.types.end() || !from.getDefiningOp<exec::PlaceOp>() ||
        !found.use(to, Type(type->second), true))
      return std::nullopt;
  }
  return found;
}

double LoopOfLaunches::leastFlops() const {
  SymbolsAttr symbols = exec::LoopOp(loop)->getParentOfType<exec::ProgramOp>().getSymbols();
  auto least = [&](DimExpr leaf) -> std::optional<int64_t> {
    for (auto [name, min] : llvm::zip(symbols.getNames(), symbols.getMins()))
      if (leaf.isSymbol() && leaf.getSymbol() == name.getValue())
        return std::max<int64_t>(min, 1);
    return std::nullopt;
  };
  double total = 0;
  for (auto launch : exec::LoopOp(loop).getBody().getOps<exec::LaunchOp>())
    if (auto flops = launch.getFlops())
      total += double(DimExpr(*flops).evaluate(least).value_or(INT64_MAX));
  return total;
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

namespace {
/// Writes the function of one or more loops.
class LoopKernelBuilder {
public:
  LoopKernelBuilder(ArrayRef<LoopOfLaunches> loops, SymbolTable &table)
      : loops(loops), table(table), last(loops.back().getLoop()), builder(last.getContext()) {}

  void run() {
    collectBuffers();
    tile::FuncOp func = createFunc();
    emit(func);
    builder.setInsertionPoint(last);
    launch(func);
    for (const LoopOfLaunches &loop : loops)
      exec::LoopOp(loop.getLoop()).erase();
  }

private:
  DimExpr number(int64_t value) { return DimExpr::constant(builder.getContext(), value); }
  Value index(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }
  Value sizeOf(DimExpr expr) {
    if (expr.isConstant())
      return index(expr.getValue());
    return tile::DimOp::create(builder, loc, expr);
  }

  void collectBuffers() {
    llvm::MapVector<Value, Type> all;
    for (const LoopOfLaunches &loop : loops)
      for (const auto &entry : loop.getBuffers())
        all.insert(entry);
    for (auto [buffer, type] : all) {
      bool isWritten = llvm::any_of(
          loops, [&](const LoopOfLaunches &loop) { return loop.writes(buffer); });
      (isWritten ? writes : reads).push_back(buffer);
    }
    for (Value buffer : llvm::concat<Value>(reads, writes))
      types.push_back(all.lookup(buffer));
  }

  tile::FuncOp createFunc() {
    auto program = last->getParentOfType<exec::ProgramOp>();
    SmallVector<StringRef> symbols;
    for (StringAttr name : program.getSymbols().getNames())
      symbols.push_back(name.getValue());
    SmallVector<Location> locations;
    for (const LoopOfLaunches &loop : loops)
      exec::LoopOp(loop.getLoop()).walk([&](exec::LaunchOp op) { locations.push_back(op.getLoc()); });
    loc = FusedLoc::get(builder.getContext(), locations);
    builder.setInsertionPointToEnd(last->getParentOfType<ModuleOp>().getBody());
    auto func = tile::FuncOp::create(builder, loc, "loop", types, number(loops.size()), symbols);
    table.insert(func);
    return func;
  }

  void emit(tile::FuncOp func) {
    entry = &func.getBody().front();
    if (entry->empty() || !entry->back().hasTrait<OpTrait::IsTerminator>()) {
      builder.setInsertionPointToEnd(entry);
      tile::ReturnOp::create(builder, loc);
    }
    for (auto [buffer, view] : llvm::zip(llvm::concat<Value>(reads, writes), func.getViews()))
      views[buffer] = view;
    builder.setInsertionPoint(entry->getTerminator());
    for (auto [number, loop] : llvm::enumerate(loops)) {
      OpBuilder::InsertionGuard guard(builder);
      if (loops.size() > 1) {
        Value mine = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                           func.getBlockId(), index(number));
        auto branch = scf::IfOp::create(builder, loc, mine, /*withElseRegion=*/false);
        builder.setInsertionPointToStart(branch.thenBlock());
      }
      emitLoop(loop.getLoop());
    }
  }

  void emitLoop(exec::LoopOp loop) {
    forEach(sizeOf(DimExpr(*loop.getTrips())), 1, [&](Value round) {
      for (Operation &op : loop.getBody().front()) {
        if (auto store = dyn_cast<exec::StoreOp>(op))
          storeRound(round, views.lookup(store.getTarget()));
        else
          emitBlocks(cast<exec::LaunchOp>(op), round);
      }
      for (auto [from, to] : llvm::zip(loop.getFrom(), loop.getTo()))
        emitCopy(from, to);
    });
  }

  void forEach(Value count, int64_t step, llvm::function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(builder, loc, index(0), count, index(step));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(loop.getBody()->getTerminator());
    body(loop.getInductionVar());
  }

  void storeRound(Value round, Value view) {
    Value value = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), round);
    tile::StoreOp::create(builder, loc, value, view, index(0), ArrayRef<OpFoldResult>());
  }

  /// Forwards in even rounds, backwards in odd ones: a round begins with what the
  /// one before has left in the caches, which hold less than all of the weights.
  Value turned(Value block, Value count, Value round) {
    Value isOdd = arith::TruncIOp::create(
        builder, loc, builder.getI1Type(),
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), round));
    Value last = arith::SubIOp::create(builder, loc, count, index(1));
    Value mirrored = arith::SubIOp::create(builder, loc, last, block);
    return arith::SelectOp::create(builder, loc, isOdd, mirrored, block);
  }

  void emitBlocks(exec::LaunchOp launch, Value round) {
    auto func = table.lookup<tile::FuncOp>(launch.getKernel());
    IRMapping mapping;
    size_t own = launch.getReads().size();
    for (auto [i, view] : llvm::enumerate(func.getViews()))
      mapping.map(view, views.lookup(i < own ? launch.getReads()[i] : launch.getWrites()[i - own]));
    Value count = sizeOf(DimExpr(launch.getGrid()));
    forEach(count, 1, [&](Value block) {
      mapping.map(func.getBlockId(), turned(block, count, round));
      for (Operation &op : func.getBody().front().without_terminator()) {
        OpBuilder::InsertionGuard guard(builder);
        if (isa<tile::ScratchOp>(op))
          builder.setInsertionPointToStart(entry);
        builder.clone(op, mapping);
      }
    });
  }

  /// In vectors, and what is left element by element.
  void emitCopy(Value from, Value to) {
    constexpr int64_t kLanes = 16;
    auto view = cast<tile::ViewType>(views.lookup(from).getType());
    Type element = view.getElementType();
    int64_t bytes = std::max(1u, element.getIntOrFloatBitWidth() / 8);
    DimExpr count = DimExpr(from.getDefiningOp<exec::PlaceOp>().getSizeAttr()).floorDiv(bytes);
    DimExpr whole = count.floorDiv(kLanes) * kLanes;
    Type tile = RankedTensorType::get({kLanes}, element);
    OpFoldResult stride = builder.getIndexAttr(1);
    forEach(sizeOf(whole), kLanes, [&](Value at) { copyTile(tile, from, to, at, stride); });
    Value first = sizeOf(whole);
    forEach(sizeOf(count - whole), 1, [&](Value at) {
      copyTile(element, from, to, arith::AddIOp::create(builder, loc, first, at), {});
    });
  }

  void copyTile(Type tile, Value from, Value to, Value at, ArrayRef<OpFoldResult> strides) {
    Value value = tile::LoadOp::create(builder, loc, tile, views.lookup(from), at, strides);
    tile::StoreOp::create(builder, loc, value, views.lookup(to), at, strides);
  }

  /// With what all rounds compute and move.
  void launch(tile::FuncOp func) {
    DimExpr flops = number(0), bytes = number(0);
    for (const LoopOfLaunches &loop : loops)
      for (auto op : exec::LoopOp(loop.getLoop()).getBody().getOps<exec::LaunchOp>()) {
        DimExpr trips(*exec::LoopOp(loop.getLoop()).getTrips());
        if (op.getFlops() && op.getBytes()) {
          flops = flops + DimExpr(*op.getFlops()) * trips;
          bytes = bytes + DimExpr(*op.getBytes()) * trips;
        }
      }
    exec::LaunchOp::create(builder, loc, func.getSymName(),
                           cast<DimExprAttr>(number(loops.size()).getAttr()), reads, writes,
                           cast<DimExprAttr>(flops.getAttr()), cast<DimExprAttr>(bytes.getAttr()));
  }

  ArrayRef<LoopOfLaunches> loops;
  SymbolTable &table;
  exec::LoopOp last;
  OpBuilder builder;
  Location loc = builder.getUnknownLoc();
  Block *entry = nullptr;
  SmallVector<Value> reads, writes;
  SmallVector<Type> types;
  llvm::DenseMap<Value, Value> views;
};
} // namespace

void launchLoops(ArrayRef<LoopOfLaunches> loops, SymbolTable &table) {
  LoopKernelBuilder(loops, table).run();
}

} // namespace tenon
