//===- ProgramBuilder.cpp - one function to one program ---------*- C++ -*-===//
//
// Straight-line code: kernels, weights, constants, sizes, results.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/ProgramBuilder.h"

#include "dialects/tile/TileDialect.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tenon {

namespace {

/// Constants above this many bytes are filled in where they are splats.
constexpr int64_t largestConstant = 1024;

ArrayAttr typeArray(Builder &builder, TypeRange types) {
  SmallVector<Type> list(types);
  return builder.getTypeArrayAttr(list);
}

/// The kernel's own location with those of its members.
Location memberLocations(KernelOp op) {
  SmallVector<Location> locations = {op.getLoc()};
  for (Operation &member : op.getBody().front().without_terminator())
    if (!isa<ConstantOp>(member))
      locations.push_back(member.getLoc());
  return FusedLoc::get(op.getContext(), locations);
}

/// Operations of the kernel's members: one for each point of their factors, two
/// where it is combined into a sum; views do none.
DimExpr operationCount(KernelOp op) {
  DimExpr count = DimExpr::constant(op.getContext(), 0);
  for (Operation &member : op.getBody().front()) {
    auto rule = dyn_cast<FactorRuleInterface>(member);
    if (!rule || rule.isView())
      continue;
    FactorRule factors = rule.getFactorRule();
    DimExpr points = DimExpr::constant(op.getContext(), factors.hasReduction() ? 2 : 1);
    for (const Factor &factor : factors.factors)
      points = points * factor.extent;
    count = count + points;
  }
  return count;
}

SymbolsAttr moduleSymbols(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  if (auto symbols = module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName))
    return symbols;
  return SymbolsAttr::get(op->getContext(), {}, {}, {}, {});
}

} // namespace

exec::ProgramOp ProgramBuilder::createProgram() {
  SmallVector<StringRef> inputs, outputs;
  SmallVector<std::string> names;
  unsigned numInputs = func.getNumArguments(), numOutputs = func.getNumResults();
  for (unsigned i = 0; i < numInputs; ++i)
    names.push_back(func.getInputName(i));
  for (unsigned i = 0; i < numOutputs; ++i)
    names.push_back(func.getOutputName(i));
  inputs.assign(names.begin(), names.begin() + numInputs);
  outputs.assign(names.begin() + numInputs, names.end());
  auto op = exec::ProgramOp::create(
      builder, func.getLoc(), func.getSymName(), builder.getStrArrayAttr(inputs),
      typeArray(builder, func.getArgumentTypes()), builder.getStrArrayAttr(outputs),
      typeArray(builder, func.getResultTypes()), moduleSymbols(func));
  Block &body = op.getBody().emplaceBlock();
  for (unsigned i = 0; i < numInputs + numOutputs; ++i)
    body.addArgument(exec::BufferType::get(func.getContext()), func.getLoc());
  return op;
}

std::string ProgramBuilder::addSymbol(StringRef hint, int64_t min, int64_t max) {
  SymbolsAttr old = program.getSymbols();
  auto names = llvm::to_vector(old.getNames());
  auto mins = llvm::to_vector(old.getMins()), maxs = llvm::to_vector(old.getMaxs()),
       steps = llvm::to_vector(old.getSteps());
  StringAttr name;
  for (unsigned number = 0; !name || llvm::is_contained(names, name); ++number)
    name = builder.getStringAttr(hint + "." + Twine(number));
  names.push_back(name);
  mins.push_back(min);
  maxs.push_back(max);
  steps.push_back(1);
  program.setSymbolsAttr(SymbolsAttr::get(func.getContext(), names, mins, maxs, steps));
  return name.str();
}

LogicalResult ProgramBuilder::run() {
  builder.setInsertionPoint(func);
  program = createProgram();
  Block &body = program.getBody().front();
  for (BlockArgument argument : func.getArguments()) {
    storage[argument] = body.getArgument(argument.getArgNumber());
    for (DimExpr dim : getDims(argument.getType()))
      if (dim.isSymbol())
        boundByInputs.insert(dim.getSymbol());
  }
  builder.setInsertionPointToStart(&body);
  auto arena = exec::ArenaOp::create(builder, func.getLoc(),
                                     exec::ArenaType::get(func.getContext()), DimExprAttr());
  arenas.push_back({arena, arena});
  Operation *result = func.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(result->getOperands()))
    want(value, body.getArgument(func.getNumArguments() + i), &func.getBody().front());
  wantStates();
  if (failed(visitBlock(func.getBody().front())))
    return failure();
  if (arena->use_empty())
    arena->erase();
  return success();
}

/// A new value of all of a state is written where the state lies, if nothing reads
/// the old one.
void ProgramBuilder::wantStates() {
  mlir::Block &body = func.getBody().front();
  llvm::DenseSet<Attribute> loaded;
  for (auto load : body.getOps<LoadStateOp>())
    loaded.insert(load.getStateAttr());
  for (auto store : body.getOps<StoreStateOp>())
    if (!loaded.contains(store.getStateAttr()))
      want(store.getValue(), atTop<exec::StateOp>(store.getLoc(), store.getStateAttr()), &body);
}

LogicalResult ProgramBuilder::visitBlock(Block &block) {
  bool good = true;
  for (Operation &op : block) {
    if (succeeded(visit(&op)))
      continue;
    // Go on to report all that is missing: users need some buffer.
    good = false;
    for (Value result : op.getResults())
      destination(result);
  }
  return success(good);
}

LogicalResult ProgramBuilder::visit(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<KernelOp, ReadOp, ConstantOp, DimOp, BindOp, CheckOp, ReturnOp, LoadStateOp,
            StoreStateOp, CallOp, IfOp, LoopOp>([&](auto known) { return visit(known); })
      .Case<ReshapeOp>([&](ReshapeOp reshape) {
        storage[reshape.getResult()] = bufferOf(reshape.getInput());
        return success();
      })
      .Case<spmd::AllReduceOp, spmd::ReduceScatterOp>([&](auto collective) {
        return visitCollective(collective, collective.getCombiner(), collective.getAxis());
      })
      .Case<spmd::AllGatherOp, spmd::AllToAllOp>([&](auto collective) {
        return visitCollective(collective, Combiner::None, collective.getAxis());
      })
      .Case<YieldOp>([](YieldOp) { return success(); })
      .Default([](Operation *other) {
        return other->emitError() << "'" << other->getName() << "' is not part of any kernel";
      });
}

/// What the kernel's scatter updates, if it is marked to do so in place.
Value ProgramBuilder::updatedInPlace(KernelOp op) {
  for (Operation &inner : op.getBody().front())
    if (auto scatter = dyn_cast<ScatterOp>(inner); scatter && scatter->hasAttr("tenon.in_place"))
      if (auto data = dyn_cast<BlockArgument>(scatter.getData()))
        return op.getInputs()[data.getArgNumber()];
  return Value();
}

/// A value that is updated in place may be read by nothing else.
LogicalResult ProgramBuilder::checkUpdated(Operation *op, Value value) {
  if (value.hasOneUse())
    return success();
  return op->emitError("a state is read after its update, which would need a copy");
}

LogicalResult ProgramBuilder::visit(KernelOp op) {
  auto tile = table.lookup<tile::FuncOp>(op.getName());
  if (!tile)
    return op.emitError() << "kernel '" << op.getName() << "' has no tile function";
  size_t buffers = op.getInputs().size() + op.getNumResults();
  if (tile.getViews().size() != buffers)
    return op.emitError() << "kernel '" << op.getName() << "' has a tile function of "
                          << tile.getViews().size() << " views, expected " << buffers;
  SmallVector<Value> reads, writes;
  DimExpr bytes = DimExpr::constant(op.getContext(), 0);
  for (Value input : op.getInputs()) {
    reads.push_back(bufferOf(input));
    bytes = bytes + byteSize(input.getType());
  }
  Value updated = updatedInPlace(op);
  if (updated && failed(checkUpdated(op, updated)))
    return failure();
  updated = updated ? bufferOf(updated) : Value();
  for (Value result : op.getResults()) {
    if (updated)
      storage[result] = updated;
    writes.push_back(updated ? updated : destination(result));
    bytes = bytes + byteSize(result.getType());
  }
  exec::LaunchOp::create(builder, memberLocations(op), op.getName(), tile.getGrid(), reads, writes,
                         cast<DimExprAttr>(operationCount(op).getAttr()),
                         cast<DimExprAttr>(bytes.getAttr()));
  return success();
}

template <typename Op, typename Attribute>
Value ProgramBuilder::atTop(Location loc, Attribute attribute) {
  Value &value = top[attribute];
  if (value)
    return value;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&program.getBody().front());
  return value = Op::create(builder, loc, exec::BufferType::get(func.getContext()), attribute);
}

LogicalResult ProgramBuilder::visit(ReadOp op) {
  storage[op.getResult()] = atTop<exec::WeightOp>(op.getLoc(), op.getWeightAttr());
  return success();
}

LogicalResult ProgramBuilder::visit(LoadStateOp op) {
  storage[op.getResult()] = atTop<exec::StateOp>(op.getLoc(), op.getStateAttr());
  return success();
}

LogicalResult ProgramBuilder::visit(StoreStateOp op) {
  // Updates of elements were done in place; a value that replaces all of the
  // state is copied into it once nothing reads the old one any more.
  Value state = atTop<exec::StateOp>(op.getLoc(), op.getStateAttr());
  copyIfElsewhere(op.getLoc(), op.getValue(), state);
  return success();
}

LogicalResult ProgramBuilder::visit(ConstantOp op) {
  auto value = dyn_cast<DenseElementsAttr>(op.getValue());
  auto size = byteSize(op.getResult().getType()).asConstant();
  if (!value || !size || (*size > largestConstant && !value.isSplat()))
    return op.emitError("a constant of this kind or size must be a weight");
  if (*size <= largestConstant) {
    storage[op.getResult()] = atTop<exec::ConstantOp>(op.getLoc(), cast<ElementsAttr>(value));
    return success();
  }
  fillSplat(op.getLoc(), value, destination(op.getResult()));
  return success();
}

void ProgramBuilder::fillSplat(Location loc, DenseElementsAttr value, Value buffer) {
  auto bits = [&]() -> APInt {
    if (isa<FloatType>(value.getElementType()))
      return value.getSplatValue<APFloat>().bitcastToAPInt();
    return value.getSplatValue<APInt>();
  }();
  int64_t width = elementBytes(value.getElementType());
  exec::FillOp::create(builder, loc, buffer, static_cast<int64_t>(bits.getZExtValue()), width);
}

LogicalResult ProgramBuilder::visit(DimOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  exec::StoreOp::create(builder, op.getLoc(), op.getExpr(), destination(op.getResult()),
                        type.getElementType());
  return success();
}

LogicalResult ProgramBuilder::visit(BindOp op) {
  auto type = cast<RankedTensorType>(op.getValues().getType()).getElementType();
  for (auto [i, name] : llvm::enumerate(op.getNames()))
    exec::BindOp::create(builder, op.getLoc(), cast<StringAttr>(name), bufferOf(op.getValues()),
                         static_cast<int64_t>(i), type);
  auto arena = exec::ArenaOp::create(builder, op.getLoc(), exec::ArenaType::get(func.getContext()),
                                     DimExprAttr());
  arenas.push_back({arena, arena});
  return success();
}

LogicalResult ProgramBuilder::visitCollective(Operation *op, Combiner combiner, StringRef axis) {
  Value input = op->getOperand(0), result = op->getResult(0);
  StringRef kind = op->getName().stripDialect();
  exec::CollectiveOp::create(builder, op->getLoc(), kind, combiner, axis, bufferOf(input),
                             destination(result), getElementTypeOrSelf(result.getType()));
  return success();
}

LogicalResult ProgramBuilder::visit(CheckOp op) {
  exec::CheckOp::create(builder, op.getLoc(), op.getLeft(), op.getRight(), op.getMessage());
  return success();
}

LogicalResult ProgramBuilder::visit(ReturnOp op) {
  if (op->getParentOp() != func)
    return success(); // of a function that is called: visit(CallOp)
  Block &body = program.getBody().front();
  for (auto [i, value] : llvm::enumerate(op.getOperands()))
    copyIfElsewhere(op.getLoc(), value, body.getArgument(func.getNumArguments() + i));
  return success();
}

} // namespace tenon
