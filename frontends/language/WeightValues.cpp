//===- WeightValues.cpp - parameters, metadata, states --------------------===//
//
// weight("blk.{l}.attn_q.weight") is the tensor of that name in the file given
// by --weights; of several names the first that is there. Its bytes stay in the
// file; only types that the dialect lacks are unpacked to planes (Packed.h).
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "frontends/weights/Packed.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
namespace tenon::language {

/// "blk.{l}.attn" with each {NAME} replaced by that constant.
std::string Elaborator::interpolate(const Expr &text, Scope &scope) {
  StringRef rest = text.name;
  std::string result;
  while (true) {
    auto [before, after] = rest.split('{');
    result += before;
    if (before.size() == rest.size())
      return result;
    auto [name, tail] = after.split('}');
    Val *value = name.size() == after.size() ? nullptr : scope.find(name);
    if (value && value->kind == ValKind::Int && value->size.isConstant())
      result += std::to_string(value->size.getValue());
    else if (value && value->kind == ValKind::String)
      result += value->text;
    else if (value && value->kind == ValKind::Int && !value->size.hasFactors())
      result += value->size.str();
    else
      fail(text.span, "'{" + name + "}' is no constant");
    if (result.size() > 4096)
      fail(text.span, "this text is too long");
    rest = tail;
  }
}

static std::string nameArgument(const Val &value) { return value.text; }

Val Elaborator::evalWeight(const Expr &call, Scope &scope) {
  expectArguments(call, 1, 100);
  std::vector<std::string> names;
  for (const ExprPtr &part : llvm::drop_begin(call.parts)) {
    Val name = eval(*part, scope);
    if (name.kind != ValKind::String)
      fail(part->span, "a weight is named by a text, this is " + describe(name));
    names.push_back(nameArgument(name));
  }
  if (!weights && options.mayLackWeights)
    throw Abandon{};
  if (!weights)
    fail(call.span, "weight '" + names.front() + "' is needed, but no --weights FILE is given");
  for (const std::string &name : names)
    if (const WeightEntry *entry = weights->find(name)) {
      Val value;
      value.kind = ValKind::Weight;
      value.weight = std::make_shared<WeightValue>();
      value.weight->entry = *entry;
      value.weight->element = storedElement(entry->type);
      return value;
    }
  std::vector<std::string> known;
  for (const WeightEntry &entry : weights->entries())
    known.push_back(entry.name);
  Problem missing = problem(call.span, "'" + weights->path() + "' has no weight '" + names.front() + "'");
  if (std::string near = known.size() < 20000 ? nearest(names.front(), known) : ""; !near.empty())
    missing.hint("did you mean '" + near + "'?");
  throw Abandon{missing};
}

Val Elaborator::evalHas(const Expr &call, Scope &scope) {
  expectArguments(call, 1, 1);
  Val name = eval(*call.parts[1], scope);
  if (name.kind != ValKind::String)
    fail(call.parts[1]->span, "a weight is named by a text, this is " + describe(name));
  return boolVal(weights && weights->find(name.text));
}

/// meta("llama.block_count"), or with a default.
Val Elaborator::evalMeta(const Expr &call, Scope &scope) {
  expectArguments(call, 1, 2);
  Val key = eval(*call.parts[1], scope);
  if (key.kind != ValKind::String)
    fail(call.parts[1]->span, "metadata is named by a text, this is " + describe(key));
  std::optional<MetaValue> found = weights ? weights->meta(key.text) : std::nullopt;
  if (found) {
    if (auto *number = std::get_if<int64_t>(&*found))
      return intVal(*number);
    if (auto *number = std::get_if<double>(&*found))
      return floatVal(*number);
    if (auto *flag = std::get_if<bool>(&*found))
      return boolVal(*flag);
    return stringVal(std::get<std::string>(*found));
  }
  if (call.parts.size() > 2)
    return eval(*call.parts[2], scope);
  if (!weights && options.mayLackWeights)
    throw Abandon{};
  Problem missing = problem(call.span, weights ? "'" + weights->path() + "' says nothing of '" + key.text + "'"
                                               : "'" + key.text + "' is needed, but no --weights FILE is given");
  if (weights)
    if (std::string near = nearest(key.text, weights->metaKeys()); !near.empty())
      missing.hint("did you mean '" + near + "'?");
  missing.hint("--set gives it a value, as does a default: meta(\"" + key.text + "\", ...)");
  throw Abandon{missing};
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// What a program computes with where it does not say: the file's own type.
Type Elaborator::storedElement(StorageType type) {
  auto unsignedType = [&](unsigned bits) { return IntegerType::get(&context, bits, IntegerType::Unsigned); };
  switch (type) {
  case StorageType::F64: return builder.getF64Type();
  case StorageType::F16: return builder.getF16Type();
  case StorageType::BF16: return builder.getBF16Type();
  case StorageType::I64: return builder.getI64Type();
  case StorageType::I32: return builder.getI32Type();
  case StorageType::I16: return builder.getI16Type();
  case StorageType::I8: return builder.getI8Type();
  case StorageType::U64: return unsignedType(64);
  case StorageType::U32: return unsignedType(32);
  case StorageType::U16: return unsignedType(16);
  case StorageType::U8: return unsignedType(8);
  case StorageType::Bool: return builder.getI1Type();
  default: return builder.getF32Type(); // packed blocks stand for f32
  }
}

/// A tenon.read at the beginning of the entry, one for each weight.
Value Elaborator::readStored(StringRef name, RankedTensorType type, StoreAttr store) {
  Value &value = loaded[name];
  if (value)
    return value;
  OpBuilder::InsertionGuard guard(builder);
  if (!module->lookupSymbol(name)) {
    builder.setInsertionPointToEnd(module->getBody());
    WeightOp::create(builder, b.location, name, type, store, StringAttr(), DenseI64ArrayAttr());
  }
  builder.setInsertionPointToStart(&func.getBody().front());
  return value = ReadOp::create(builder, b.location, type, FlatSymbolRefAttr::get(&context, name));
}

Value Elaborator::readWeight(const WeightValue &weight) {
  const WeightEntry &entry = weight.entry;
  readWeights.insert(entry.name);
  Value value;
  if (isPacked(entry.type)) {
    value = callUnpack(entry, readPlanes(weight));
  } else {
    auto store = StoreAttr::get(&context, builder.getStringAttr(entry.file), entry.offset, entry.size);
    value = readStored(entry.name, RankedTensorType::get(entry.dims, storedElement(entry.type)), store);
  }
  return b.cast(value, weight.element);
}

Type Elaborator::planeElement(Plane::Type type) {
  switch (type) {
  case Plane::F16: return builder.getF16Type();
  case Plane::I8: return builder.getI8Type();
  case Plane::U8: return storedElement(StorageType::U8);
  case Plane::U32: return storedElement(StorageType::U32);
  }
  llvm_unreachable("all types are handled");
}

/// The planes of a packed weight as they are stored (Packed.h).
std::vector<Value> Elaborator::readPlanes(const WeightValue &weight) {
  const WeightEntry &entry = weight.entry;
  readWeights.insert(entry.name);
  if (!planes.contains(entry.name)) {
    std::vector<PlaneInfo> infos;
    auto bytes = store.bytes(entry.file, entry.offset, entry.size);
    if (!bytes)
      onnximport::refuse("weight '" + entry.name + "' lies outside of its file");
    int64_t rowBlocks = entry.dims.back() / storageInfo(entry.type).blockElements;
    int64_t panel = panelRows(entry.dims);
    for (Plane &plane : unpackPlanes(entry.type, *bytes, rowBlocks, panel)) {
      std::vector<int64_t> dims = entry.dims;
      dims.back() = rowBlocks;
      dims.push_back(plane.width);
      if (panel > 1) {
        dims.front() /= panel;
        dims.push_back(panel);
      }
      int64_t size = plane.bytes.size(), offset = store.addBytes(std::move(plane.bytes));
      infos.push_back({entry.name + "." + plane.name,
                       RankedTensorType::get(dims, planeElement(plane.type)),
                       StoreAttr::get(&context, builder.getStringAttr(WeightStore::kOwned), offset, size)});
    }
    planes[entry.name] = std::move(infos);
  }
  std::vector<Value> values;
  for (const PlaneInfo &info : planes[entry.name])
    values.push_back(readStored(info.name, info.type, info.store));
  return values;
}

/// A function gives a packed weight its meaning: the CPU's products read the planes
/// and never call it; for everything else its body takes the call's place
/// (passes/fuse/PackedProducts.cpp).
Value Elaborator::callUnpack(const WeightEntry &entry, ArrayRef<Value> stored) {
  std::string name = std::string("unpack.") + storageInfo(entry.type).name;
  for (int64_t dim : entry.dims)
    name += "." + std::to_string(dim);
  auto function = module->lookupSymbol<FuncOp>(name);
  if (!function)
    function = defineUnpack(name, entry, stored);
  return CallOp::create(builder, b.location, function.getFunctionType().getResults(), name, stored)
      .getResult(0);
}

FuncOp Elaborator::defineUnpack(StringRef name, const WeightEntry &entry, ArrayRef<Value> stored) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module->getBody());
  TypeRange inputs((ValueRange(stored)));
  auto type = builder.getFunctionType(inputs, RankedTensorType::get(entry.dims, b.f32()));
  auto function = FuncOp::create(builder, b.location, name, type, builder.getStringAttr("private"),
                                 ArrayAttr(), ArrayAttr());
  function->setAttr("tenon.unpack", builder.getStringAttr(storageInfo(entry.type).name));
  mlir::Block &body = function.getBody().emplaceBlock();
  builder.setInsertionPointToEnd(&body);
  std::vector<Value> rows;
  for (Type input : inputs) {
    Value plane = body.addArgument(input, b.location);
    if (panelRows(entry.dims) > 1) {
      Dims dims = TensorBuilder::dims(plane);
      plane = b.reshape(b.transpose(plane, {0, 3, 1, 2}), {b.size(entry.dims[0]), dims[1], dims[2]});
    }
    rows.push_back(plane);
  }
  ReturnOp::create(builder, b.location, unpackBlocks(entry.type, rows));
  return function;
}

/// The rows of a stored plane at these positions, as [..., blocks, width].
Value Elaborator::takeRows(Value plane, Value positions, int64_t panel) {
  if (panel == 1)
    return b.take(plane, positions, 0);
  Dims dims = TensorBuilder::dims(plane), own = TensorBuilder::dims(positions);
  DimExpr width = dims[1] * dims[2];
  Value start = b.mul(b.map<ShrOp>(positions, b.number(4, b.i64())), b.dimValue(width * panel));
  start = b.add(start, b.map<AndOp>(positions, b.number(panel - 1, b.i64())));
  Value steps = b.mul(b.iota(width, b.i64()), double(panel));
  Value places = b.add(b.unsqueeze(start, {int64_t(own.size())}), steps);
  Value taken = b.take(b.reshape(plane, product(&context, dims)), places, 0);
  llvm::append_range(own, ArrayRef(dims).slice(1, 2));
  return b.reshape(taken, own);
}

/// Rows of a packed table: their planes are gathered, and only those unpacked.
std::optional<Val> Elaborator::gatherPacked(const Val &base, ArrayRef<IndexArg> args) {
  bool isTable = base.kind == ValKind::Weight && isPacked(base.weight->entry.type) && args.size() == 2 &&
                 args[0].isValue() && !args[1].isValue() && args[1].expr.isFactor();
  if (!isTable || indices[args[1].expr.getValue()].extent != b.size(base.weight->entry.dims[1]))
    return std::nullopt;
  Val rows = args[0].value;
  Labels order = joined({rows.labels});
  Value positions = alignTo(b.cast(rows.tensor, b.i64()), rows.labels, order);
  std::vector<Value> values = readPlanes(*base.weight);
  for (Value &value : values)
    value = takeRows(value, positions, panelRows(base.weight->entry.dims));
  Value row = b.cast(unpackBlocks(base.weight->entry.type, values), base.weight->element);
  order.push_back(args[1].expr.getValue());
  return elementVal(row, order);
}

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

Value Elaborator::currentState(const StateValue &state) {
  auto it = states.find(state.symbol);
  if (it != states.end())
    return it->second;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&func.getBody().front());
  return states[state.symbol] = LoadStateOp::create(builder, b.location, state.type,
                                                    FlatSymbolRefAttr::get(&context, state.symbol));
}

void Elaborator::storeStates() {
  for (const auto &[symbol, value] : states)
    if (changedStates.contains(symbol))
      StoreStateOp::create(builder, b.location, value, symbol);
}

} // namespace tenon::language
