//===- ProgramEncoder.cpp - one exec.program to one entry point -*- C++ -*-===//
//
// Containers first (arguments, weights, constants, places in arenas with their
// offsets), then instructions block by block. A block inside another gets a
// greater number, as the format asks.
//
//===----------------------------------------------------------------------===//
#include "compiler/bundle/ProgramEncoder.h"

#include "runtime/bundle/Format.h"

#include "dialects/spmd/Spmd.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tenon {

using bundle::BufferKind;
using bundle::Expr;
using bundle::ExprOp;
using bundle::InstructionBody;
namespace inst = bundle::inst;

std::optional<ElementType> elementTypeOf(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return ElementType::I1;
    case 8:
      return isUnsigned ? ElementType::U8 : ElementType::I8;
    case 16:
      return isUnsigned ? ElementType::U16 : ElementType::I16;
    case 32:
      return isUnsigned ? ElementType::U32 : ElementType::I32;
    case 64:
      return isUnsigned ? ElementType::U64 : ElementType::I64;
    default:
      return std::nullopt;
    }
  }
  return llvm::TypeSwitch<Type, std::optional<ElementType>>(type)
      .Case<Float16Type>([](Type) { return ElementType::F16; })
      .Case<BFloat16Type>([](Type) { return ElementType::BF16; })
      .Case<Float32Type>([](Type) { return ElementType::F32; })
      .Case<Float64Type>([](Type) { return ElementType::F64; })
      .Default([](Type) { return std::nullopt; });
}

static void collectNames(Location location, llvm::SetVector<StringAttr> &names) {
  if (auto name = dyn_cast<NameLoc>(location))
    names.insert(name.getName());
  else if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      collectNames(part, names);
  else if (auto call = dyn_cast<CallSiteLoc>(location))
    collectNames(call.getCallee(), names);
}

SmallVector<std::string> nodeNames(Location location) {
  llvm::SetVector<StringAttr> names;
  collectNames(location, names);
  return llvm::map_to_vector(names, [](StringAttr name) { return name.str(); });
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Expr ProgramEncoder::fold(ExprOp op, ArrayRef<DimExpr> operands) {
  Expr result = expr(operands.front());
  for (DimExpr operand : operands.drop_front())
    result = exprs.binary(op, result, expr(operand));
  return result;
}

Expr ProgramEncoder::expr(DimExpr value) {
  if (auto it = known.find(value.getAttr()); it != known.end())
    return it->second;
  Expr result = bundle::none;
  switch (value.getKind()) {
  case DimKind::Constant:
    result = exprs.constant(value.getValue());
    break;
  case DimKind::Symbol:
    if (auto index = symbolIndex(op, value.getSymbol()); succeeded(index))
      result = exprs.symbol(*index);
    break;
  case DimKind::Add:
    result = fold(ExprOp::Add, value.getOperands());
    break;
  case DimKind::Mul:
    result = fold(ExprOp::Mul, value.getOperands());
    break;
  case DimKind::FloorDiv:
    result = fold(ExprOp::FloorDiv, value.getOperands());
    break;
  case DimKind::CeilDiv:
    result = fold(ExprOp::CeilDiv, value.getOperands());
    break;
  case DimKind::Mod:
    result = fold(ExprOp::Mod, value.getOperands());
    break;
  case DimKind::Min:
    result = fold(ExprOp::Min, value.getOperands());
    break;
  case DimKind::Max:
    result = fold(ExprOp::Max, value.getOperands());
    break;
  case DimKind::Factor:
  case DimKind::Operand:
  case DimKind::Invalid:
    op.emitError() << "the size " << value.str() << " cannot be evaluated at run time";
    break;
  }
  if (result == bundle::none)
    result = exprs.constant(0), broken = true;
  return known[value.getAttr()] = result;
}

Expr ProgramEncoder::optionalExpr(DimExprAttr value) {
  return value ? expr(DimExpr(value)) : bundle::none;
}

/// The size rounded up to the alignment of places.
Expr ProgramEncoder::alignedSize(DimExpr size) {
  static_assert(exec::kPlaceAlignment == bundle::dataAlignment);
  DimExpr quotient, unit = DimExpr::constant(op.getContext(), exec::kPlaceAlignment);
  if (size.divides(unit, quotient))
    return expr(size);
  Expr step = exprs.constant(exec::kPlaceAlignment);
  return exprs.mul(exprs.binary(ExprOp::CeilDiv, expr(size), step), step);
}

FailureOr<uint32_t> ProgramEncoder::symbolIndex(Operation *user, StringRef name) {
  for (auto [i, symbol] : llvm::enumerate(entry.symbols))
    if (symbol.name == name)
      return static_cast<uint32_t>(i);
  return user->emitError() << "'" << name << "' is not a symbol of the program";
}

//===----------------------------------------------------------------------===//
// Containers
//===----------------------------------------------------------------------===//

void ProgramEncoder::define(Value value, BufferKind kind, uint32_t index, Expr offset, Expr size) {
  std::vector<bundle::Buffer> &table = program().buffers;
  buffers[value] = table.size();
  table.push_back({kind, index, offset, size});
}

std::vector<uint32_t> ProgramEncoder::bufferList(ValueRange values) {
  std::vector<uint32_t> list;
  for (Value value : values)
    list.push_back(buffer(value));
  return list;
}

LogicalResult ProgramEncoder::tensors(ArrayAttr names, ArrayAttr types,
                                      std::vector<bundle::Tensor> &out) {
  for (auto [name, type] : llvm::zip(names, types)) {
    auto tensor = cast<RankedTensorType>(cast<TypeAttr>(type).getValue());
    auto element = elementTypeOf(tensor.getElementType());
    if (!element)
      return op.emitError() << "elements of type " << tensor.getElementType()
                            << " have no place in a bundle";
    bundle::Tensor info;
    info.name = cast<StringAttr>(name).str();
    info.type = *element;
    for (DimExpr dim : getDims(tensor))
      info.shape.push_back(expr(dim));
    out.push_back(std::move(info));
  }
  return success();
}

static DimExpr tensorBytes(Attribute type) {
  auto tensor = cast<RankedTensorType>(cast<TypeAttr>(type).getValue());
  return product(tensor.getContext(), getDims(tensor)) * elementBytes(tensor);
}

LogicalResult ProgramEncoder::arguments() {
  bool isFirst = entry.programs.size() == 1;
  if (isFirst && (failed(tensors(op.getInputNames(), op.getInputTypes(), entry.inputs)) ||
                  failed(tensors(op.getOutputNames(), op.getOutputTypes(), entry.outputs))))
    return failure();
  Block &body = op.getBody().front();
  uint32_t numInputs = entry.inputs.size();
  Expr zero = exprs.constant(0);
  for (BlockArgument argument : body.getArguments()) {
    uint32_t number = argument.getArgNumber();
    bool isInput = number < numInputs;
    Attribute type = isInput ? op.getInputTypes()[number] : op.getOutputTypes()[number - numInputs];
    define(argument, isInput ? BufferKind::Input : BufferKind::Output,
           isInput ? number : number - numInputs, zero, expr(tensorBytes(type)));
  }
  return success();
}

LogicalResult ProgramEncoder::container(Operation *maker) {
  Expr zero = exprs.constant(0);
  if (auto weight = dyn_cast<exec::WeightOp>(maker)) {
    return this->weight(weight);
  } else if (auto constant = dyn_cast<exec::ConstantOp>(maker)) {
    auto index = tables.constant(constant);
    if (failed(index))
      return failure();
    int64_t size = tables.bundle.constants[*index].size;
    define(constant, BufferKind::Constant, *index, zero, exprs.constant(size));
  } else if (auto state = dyn_cast<exec::StateOp>(maker)) {
    return this->state(state);
  }
  return success();
}

/// All of a weight, or of a split one this rank's part.
LogicalResult ProgramEncoder::weight(exec::WeightOp use) {
  auto index = tables.weight(use);
  auto declared = SymbolTable::lookupNearestSymbolFrom<tenon::WeightOp>(use, use.getWeightAttr());
  if (failed(index) || !declared)
    return failure();
  const bundle::Weight &weight = tables.bundle.weights[*index];
  int64_t size = weight.size / weight.parts;
  Expr offset = exprs.constant(0);
  if (spmd::SplitAttr split = spmd::getSplit(declared))
    offset = expr(spmd::partIndex(split, spmd::getMesh(declared)) * size);
  define(use, BufferKind::Weight, *index, offset, exprs.constant(size));
  return success();
}

/// A state with the shape that it has in this entry point.
LogicalResult ProgramEncoder::state(exec::StateOp use) {
  auto index = tables.state(use);
  auto declared = SymbolTable::lookupNearestSymbolFrom<tenon::StateOp>(use, use.getStateAttr());
  if (failed(index) || !declared)
    return failure();
  bundle::StateShape shape;
  shape.state = *index;
  for (DimExpr dim : getDims(declared.getType()))
    shape.shape.push_back(expr(dim));
  shape.size = expr(tensorBytes(declared.getTypeAttr()));
  define(use, BufferKind::State, *index, exprs.constant(0), shape.size);
  entry.states.push_back(std::move(shape));
  return success();
}

/// The greater of two sizes; none is below all.
Expr ProgramEncoder::highest(Expr a, Expr b) { return a == bundle::none ? b : exprs.max(a, b); }

/// Offsets of places by the rule of exec.place, and the arenas' sizes.
void ProgramEncoder::layOutArenas() {
  llvm::DenseMap<Value, Expr> ends;
  std::vector<bundle::Arena> &table = program().arenas;
  op.walk<WalkOrder::PreOrder>([&](Operation *inner) {
    if (auto arena = dyn_cast<exec::ArenaOp>(inner)) {
      arenas[arena] = table.size();
      std::optional<DimExprAttr> bound = arena.getLowerBound();
      table.push_back({bundle::none, bound ? expr(DimExpr(*bound)) : bundle::none});
    } else if (auto place = dyn_cast<exec::PlaceOp>(inner)) {
      Expr offset = bundle::none;
      for (Value below : place.getAbove())
        offset = highest(offset, ends.lookup(below));
      if (offset == bundle::none)
        offset = exprs.constant(0);
      DimExpr size(place.getSizeAttr());
      Expr end = ends[place] = exprs.add(offset, alignedSize(size));
      uint32_t arena = arenas.lookup(place.getArena().getDefiningOp());
      table[arena].size = highest(table[arena].size, end);
      define(place, BufferKind::Arena, arena, offset, expr(size));
    }
  });
  for (bundle::Arena &arena : table)
    if (arena.size == bundle::none)
      arena.size = exprs.constant(0);
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

FailureOr<InstructionBody> ProgramEncoder::encode(exec::LaunchOp launch) {
  auto kernel = tables.kernels.find(launch.getKernel());
  if (kernel == tables.kernels.end())
    return launch.emitError() << "kernel '" << launch.getKernel() << "' has no code";
  const KernelInfo &info = kernel->second;
  for (auto [i, name] : llvm::enumerate(info.symbols))
    if (i >= entry.symbols.size() || entry.symbols[i].name != name)
      return launch.emitError() << "kernel '" << launch.getKernel() << "' expects symbol " << i
                                << " to be '" << name << "'";
  inst::Launch out;
  out.kernel = info.index;
  out.grid = expr(DimExpr(launch.getGridAttr()));
  out.scratch = exprs.constant(0);
  for (DimExpr bytes : info.scratch)
    out.scratch = exprs.max(out.scratch, expr(bytes));
  out.flops = optionalExpr(launch.getFlopsAttr());
  out.bytes = optionalExpr(launch.getBytesAttr());
  out.buffers = bufferList(launch.getReads());
  llvm::append_range(out.buffers, bufferList(launch.getWrites()));
  bundle::Kernel &entryInTable = tables.bundle.kernels[info.index];
  std::vector<uint8_t> access(launch.getReads().size(), bundle::AccessRead);
  access.insert(access.end(), launch.getWrites().size(), bundle::AccessWrite);
  if (!entryInTable.access.empty() && entryInTable.access != access)
    return launch.emitError() << "kernel '" << launch.getKernel() << "' is launched in two ways";
  entryInTable.access = access;
  return InstructionBody(out);
}

FailureOr<InstructionBody> ProgramEncoder::encode(exec::StoreOp store) {
  auto type = elementTypeOf(store.getType());
  if (!type)
    return store.emitError() << "a size cannot have type " << store.getType();
  return InstructionBody(inst::Store{buffer(store.getTarget()), expr(DimExpr(store.getValueAttr())),
                                     static_cast<uint32_t>(*type)});
}

FailureOr<InstructionBody> ProgramEncoder::encode(exec::BindOp bind) {
  auto type = elementTypeOf(bind.getType());
  auto symbol = symbolIndex(bind, bind.getSymbol());
  if (!type || failed(symbol))
    return bind.emitError() << "a size cannot be read as type " << bind.getType();
  return InstructionBody(inst::Bind{*symbol, buffer(bind.getSource()),
                                    exprs.constant(bind.getIndex()), static_cast<uint32_t>(*type)});
}

/// The axis as its place in the bundle's mesh; kinds and combiners by their codes.
FailureOr<InstructionBody> ProgramEncoder::encode(exec::CollectiveOp collective) {
  static constexpr StringLiteral kinds[] = {"all_reduce", "all_gather", "reduce_scatter",
                                            "all_to_all"};
  const auto *kind = llvm::find(kinds, collective.getKind());
  auto type = elementTypeOf(collective.getType());
  std::vector<bundle::Axis> &mesh = tables.bundle.mesh;
  auto axis = llvm::find_if(mesh, [&](auto &known) { return known.name == collective.getAxis(); });
  if (kind == std::end(kinds) || !type || axis == mesh.end())
    return collective.emitOpError("has a kind, type or axis that no bundle can hold");
  auto reduction = llvm::StringSwitch<bundle::Reduction>(stringifyCombiner(collective.getCombiner()))
                       .Case("add", bundle::Reduction::Add)
                       .Case("mul", bundle::Reduction::Mul)
                       .Case("max", bundle::Reduction::Max)
                       .Case("min", bundle::Reduction::Min)
                       .Default(bundle::Reduction::None);
  inst::Collective out;
  out.kind = kind - std::begin(kinds);
  out.reduction = static_cast<uint32_t>(reduction);
  out.axis = axis - mesh.begin();
  out.type = static_cast<uint32_t>(*type);
  out.to = buffer(collective.getTarget());
  out.from = buffer(collective.getSource());
  return InstructionBody(out);
}

/// Encodes a region as a block of its own; an empty one is none.
LogicalResult ProgramEncoder::region(Region &from, uint32_t &number) {
  number = bundle::none;
  if (from.front().empty())
    return success();
  std::vector<bundle::Block> &blocks = program().blocks;
  number = blocks.size();
  blocks.emplace_back();
  return block(from.front(), number);
}

FailureOr<InstructionBody> ProgramEncoder::encode(exec::IfOp branch) {
  inst::If out;
  out.condition = buffer(branch.getCondition());
  if (failed(region(branch.getThen(), out.then)) ||
      failed(region(branch.getOtherwise(), out.otherwise)))
    return failure();
  return InstructionBody(out);
}

FailureOr<InstructionBody> ProgramEncoder::encode(exec::LoopOp loop) {
  auto counter = symbolIndex(loop, loop.getCounter());
  if (failed(counter))
    return failure();
  inst::Loop out;
  out.trips = optionalExpr(loop.getTripsAttr());
  out.condition = loop.getCondition() ? buffer(loop.getCondition()) : bundle::none;
  out.counter = *counter;
  out.to = bufferList(loop.getTo());
  out.from = bufferList(loop.getFrom());
  std::vector<bundle::Block> &blocks = program().blocks;
  out.body = blocks.size();
  blocks.emplace_back();
  if (failed(block(loop.getBody().front(), out.body)))
    return failure();
  return InstructionBody(out);
}

FailureOr<InstructionBody> ProgramEncoder::encode(Operation *instruction) {
  return llvm::TypeSwitch<Operation *, FailureOr<InstructionBody>>(instruction)
      .Case<exec::LaunchOp, exec::StoreOp, exec::BindOp, exec::IfOp, exec::LoopOp,
            exec::CollectiveOp>(
          [&](auto known) { return encode(known); })
      .Case<exec::ArenaOp>(
          [&](auto arena) { return InstructionBody(inst::Arena{arenas.lookup(arena)}); })
      .Case<exec::CopyOp>([&](auto copy) {
        return InstructionBody(inst::Copy{buffer(copy.getTarget()), buffer(copy.getSource())});
      })
      .Case<exec::FillOp>([&](auto fill) {
        return InstructionBody(inst::Fill{buffer(fill.getTarget()),
                                          static_cast<uint64_t>(fill.getPattern()),
                                          static_cast<uint32_t>(fill.getWidth())});
      })
      .Case<exec::CheckOp>([&](auto check) {
        return InstructionBody(inst::Check{
            expr(DimExpr(check.getLeftAttr())), bundle::Compare::Equal,
            expr(DimExpr(check.getRightAttr())), tables.strings.get(check.getMessage())});
      })
      .Default([](Operation *other) -> FailureOr<InstructionBody> {
        return other->emitError() << "'" << other->getName() << "' is not an instruction";
      });
}

LogicalResult ProgramEncoder::block(Block &from, uint32_t number) {
  for (Operation &inner : from) {
    if (isa<exec::WeightOp, exec::ConstantOp, exec::StateOp, exec::PlaceOp>(inner))
      continue;
    auto body = encode(&inner);
    if (failed(body))
      return failure();
    std::vector<uint32_t> nodes;
    for (const std::string &name : nodeNames(inner.getLoc()))
      nodes.push_back(tables.strings.get(name));
    program().blocks[number].instructions.push_back({std::move(*body), nodes});
  }
  return success();
}

/// The entry point's name and symbols; programs of several devices have the same.
LogicalResult ProgramEncoder::interface() {
  std::vector<bundle::Symbol> own;
  SymbolsAttr symbols = op.getSymbols();
  for (auto [i, name] : llvm::enumerate(symbols.getNames()))
    own.push_back({name.str(), symbols.getMins()[i], symbols.getMaxs()[i], symbols.getSteps()[i]});
  if (entry.programs.empty()) {
    entry.name = op.getSymName().str();
    entry.symbols = std::move(own);
    return success();
  }
  bool same = entry.name == op.getSymName() && entry.symbols.size() == own.size();
  for (size_t i = 0; same && i < own.size(); ++i)
    same = entry.symbols[i].name == own[i].name;
  if (!same)
    return op.emitError() << "entry point '" << op.getSymName()
                          << "' has other symbols on another device";
  return success();
}

LogicalResult ProgramEncoder::run() {
  if (failed(interface()))
    return failure();
  entry.programs.emplace_back();
  program().device = device.str();
  program().blocks.resize(1);
  if (failed(arguments()))
    return failure();
  bool good = true;
  op.walk([&](Operation *inner) { good &= succeeded(container(inner)); });
  layOutArenas();
  if (!good || failed(block(op.getBody().front(), 0)))
    return failure();
  return success(!broken);
}

} // namespace tenon
