//===- Statements.cpp - what a function does, in order --------------------===//
//
// Loops and conditions on constants are run here and now; those on values that
// only a run knows become tenon.loop and tenon.if, with the variables that they
// assign carried through.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
namespace tenon::language {

constexpr uint64_t kMaxSteps = 2'000'000;
constexpr int64_t kMaxRounds = 4096;

Elaborator::Results Elaborator::execute(const Block &block, Scope &scope) {
  for (const Stmt &stmt : block) {
    if (++steps > kMaxSteps)
      fail(stmt.span, "the program runs more than " + Twine(kMaxSteps) + " statements at compile time");
    Results results;
    bool good = attempt(stmt.span, [&] { results = execute(stmt, scope); });
    if (!good)
      poison(stmt, scope);
    if (results)
      return results;
    if (!good && stmt.kind == StmtKind::Return)
      throw Abandon{};
  }
  return std::nullopt;
}

Elaborator::Results Elaborator::execute(const Stmt &stmt, Scope &scope) {
  at(stmt.span);
  switch (stmt.kind) {
  case StmtKind::Define:
    define(stmt, scope);
    return std::nullopt;
  case StmtKind::Update:
    update(stmt, scope);
    return std::nullopt;
  case StmtKind::For:
    return executeFor(stmt, scope);
  case StmtKind::If:
    return executeIf(stmt, scope);
  case StmtKind::Require:
    require(stmt, scope);
    return std::nullopt;
  case StmtKind::Evaluate:
    eval(*stmt.values.front(), scope);
    return std::nullopt;
  case StmtKind::Return:
    break;
  }
  if (regionsHere > 0)
    fail(stmt.span, "a loop or condition on run-time values cannot return");
  std::vector<Val> returned;
  for (const ExprPtr &value : stmt.values) {
    Val one = eval(*value, scope);
    if (one.kind == ValKind::Tuple)
      returned.insert(returned.end(), one.parts->begin(), one.parts->end());
    else
      returned.push_back(one);
  }
  return returned;
}

//===----------------------------------------------------------------------===//
// Definitions
//===----------------------------------------------------------------------===//

/// A name that exists in the function is assigned, another one defined.
void Elaborator::assign(StringRef name, Val value, Scope &scope) {
  if (name == "_")
    return;
  Val *known = scope.findLocal(name);
  (known ? *known : scope.names[name]) = std::move(value);
}

void Elaborator::poison(const Stmt &stmt, Scope &scope) {
  for (const Target &target : stmt.targets)
    assign(target.name, Val(), scope);
  for (const Stmt &inner : stmt.body)
    poison(inner, scope);
}

void Elaborator::checkNoState(const Target &target, Scope &scope) {
  if (Val *old = scope.find(target.name); old && old->kind == ValKind::State)
    fail(target.span, "'" + target.name + "' is a state: '<-' updates it");
}

void Elaborator::define(const Stmt &stmt, Scope &scope) {
  const Expr &value = *stmt.values.front();
  if (stmt.targets.size() == 1) {
    const Target &target = stmt.targets.front();
    Val result = target.isIndexed ? defineIndexed(target, value, scope) : eval(value, scope);
    if (target.type)
      result = checkType(result, *target.type, scope, "'" + target.name + "'", target.span, false);
    checkNoState(target, scope);
    if (result.kind == ValKind::State)
      result = load(result); // what it is now, whatever updates follow
    if (result.kind == ValKind::Element && callStack.empty())
      fail(target.span, "'" + target.name + "' would be an element; write its indices");
    if (result.kind == ValKind::Tuple)
      fail(stmt.span, "there are " + Twine(result.parts->size()) + " values for one name");
    note({target.span.source, target.span.begin, uint32_t(target.span.begin + target.name.size())}, result);
    return assign(target.name, result, scope);
  }
  Val result = eval(value, scope);
  size_t count = result.kind == ValKind::Tuple ? result.parts->size() : 1;
  if (count != stmt.targets.size())
    fail(stmt.span, "there are " + Twine(count) + " values for " + Twine(stmt.targets.size()) + " names");
  for (auto [target, part] : llvm::zip(stmt.targets, *result.parts)) {
    checkNoState(target, scope);
    assign(target.name, part, scope);
  }
}

/// `s < n` introduces s and says how far it runs.
static bool isLimited(const Expr &index) {
  return index.kind == ExprKind::Binary && index.name == "<" && index.parts[0]->kind == ExprKind::Name;
}
static const Expr &positionOf(const Expr &index) { return isLimited(index) ? *index.parts[0] : index; }

/// The indices that the left side of a definition introduces.
Val Elaborator::defineIndexed(const Target &target, const Expr &value, Scope &scope) {
  std::vector<IndexDecl> decls;
  for (const ExprPtr &index : target.indices) {
    if (index->kind == ExprKind::Name)
      decls.push_back({index->span, index->name, nullptr});
    else if (index->kind == ExprKind::Star)
      decls.push_back({index->span, "*", nullptr});
    else if (isLimited(*index))
      decls.push_back({index->span, index->parts[0]->name, index->parts[1].get()});
    else
      fail(index->span, "a definition has names as indices ('i' or 'i < n'); '<-' updates a "
                        "part of a state");
  }
  return notation(decls, value, scope, target.span);
}

void Elaborator::require(const Stmt &stmt, Scope &scope) {
  Val condition = eval(*stmt.values.front(), scope);
  if (condition.kind != ValKind::Bool)
    fail(stmt.span, "'require' takes a condition on constants");
  if (condition.flag)
    return;
  std::string text = stmt.values.front()->span.text().str();
  if (stmt.values.size() > 1 && stmt.values[1]->kind == ExprKind::String)
    text = interpolate(*stmt.values[1], scope);
  fail(stmt.values.front()->span, "required, but false: " + text);
}

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

/// k[b, g, at[b] + s, d] <- ...: an index that is a name and no variable is
/// introduced; the others are computed from those and from values.
void Elaborator::update(const Stmt &stmt, Scope &scope) {
  const Target &target = stmt.targets.front();
  Val *found = scope.find(target.name);
  if (!found || found->kind != ValKind::State) {
    Problem wrong = problem(target.span, "'" + target.name + "' is no state, '<-' updates states");
    throw Abandon{suggest(wrong, target.name, scope)};
  }
  if (regionDepth > 0)
    fail(target.span, "a state cannot be updated in a loop or condition on run-time values");
  Val state = *found;
  auto type = cast<RankedTensorType>(state.state->type);
  Val next;
  if (!target.isIndexed) {
    next = eval(*stmt.values.front(), scope);
    next = toTensor(load(next), type.getElementType(), target.span);
    if (getDims(next.tensor.getType()) != getDims(type))
      fail(target.span, "state '" + target.name + "' is " + shapeText(type) + ", the new value is " +
                            describe(next));
    states[state.state->symbol] = next.tensor;
    changedStates.insert(state.state->symbol);
    return;
  }
  if (int64_t(target.indices.size()) != type.getRank())
    fail(target.span, "state '" + target.name + "' has " + Twine(type.getRank()) +
                          " dimensions, but " + Twine(target.indices.size()) + " indices are given");
  updateElements(target, *stmt.values.front(), state, scope);
}

/// Names that may be indices: not what is indexed or called.
static void collectNames(const Expr &expr, std::vector<const Expr *> &names) {
  if (expr.kind == ExprKind::Name)
    names.push_back(&expr);
  bool hasBase = expr.kind == ExprKind::Index || expr.kind == ExprKind::Call;
  for (const ExprPtr &part : llvm::ArrayRef(expr.parts).drop_front(hasBase ? 1 : 0))
    collectNames(*part, names);
}

Labels Elaborator::introduceIndices(const Target &target, Scope &scope) {
  std::vector<const Expr *> names;
  llvm::DenseMap<const Expr *, const Expr *> limits;
  for (const ExprPtr &index : target.indices) {
    collectNames(positionOf(*index), names);
    if (isLimited(*index))
      limits[index->parts[0].get()] = index->parts[1].get();
  }
  Labels order;
  for (const Expr *name : names) {
    if (Val *known = scope.find(name->name)) {
      if (known->isTensorLike() && !dimsOf(*known).empty())
        fail(name->span, "'" + name->name + "' is " + describe(*known) +
                             " here, which is no index; an index needs another name");
      continue;
    }
    order.push_back(addIndex({name->span, name->name, limits.lookup(name)}, scope, 1 + order.size()));
    bindIndex(scope, name->name, order.back());
  }
  return order;
}

void Elaborator::updateElements(const Target &target, const Expr &value, const Val &state,
                                Scope &outer) {
  Scope scope(&outer);
  Notation notation;
  Notation *saved = std::exchange(current, &notation);
  llvm::scope_exit restore([&] { current = saved; });
  auto type = cast<RankedTensorType>(state.state->type);
  Dims dims = getDims(type);
  Labels order = introduceIndices(target, scope);
  std::string says = "state '" + target.name + "' is " + shapeText(type);
  for (auto [i, index] : llvm::enumerate(target.indices)) {
    const Expr &position = positionOf(*index);
    scan(position, scope, notation);
    std::optional<DimExpr> expr = affine(position, scope);
    if (expr && expr->isFactor())
      notation.constraints.push_back({*expr, dims[i], index->span, says, false});
  }
  scan(value, scope, notation);
  inferExtents(notation);
  checkExtents(notation);
  Val updates = toTensor(load(eval(value, scope)), type.getElementType(), value.span);
  if (updates.kind == ValKind::Tensor)
    updates = elementVal(updates.tensor, {});
  updates = finish(updates, order, value.span);
  if (TensorBuilder::elementType(updates.tensor) != type.getElementType())
    fail(value.span, says + ", the new values are " + describe(updates) + "; convert them");
  std::vector<IndexArg> args;
  for (const ExprPtr &index : target.indices)
    args.push_back(indexArg(positionOf(*index), scope));
  states[state.state->symbol] = scatter(currentState(*state.state), updates.tensor, args, order);
  changedStates.insert(state.state->symbol);
}

/// The state with the new elements: itself where they are all of it.
Value Elaborator::scatter(Value data, Value updates, ArrayRef<IndexArg> args,
                          ArrayRef<unsigned> order) {
  Dims dims = getDims(data.getType());
  Ints dataDims, indexDims, permutation;
  std::vector<Val> operands;
  for (auto [i, arg] : llvm::enumerate(args)) {
    bool isPlain = !arg.isValue() && arg.expr.isFactor() &&
                   indices[arg.expr.getValue()].extent == dims[i];
    if (isPlain) {
      int64_t position = llvm::find(order, unsigned(arg.expr.getValue())) - order.begin();
      dataDims.push_back(-1 - position);
      permutation.push_back(position);
      continue;
    }
    dataDims.push_back(operands.size());
    operands.push_back(arg.isValue() ? toElement(arg.value, arg.span) : emitIndex(arg.expr, b.i64()));
  }
  if (operands.empty() && permutation.size() == order.size())
    return b.transpose(updates, permutation);
  std::vector<Labels> labels;
  for (const Val &operand : operands)
    labels.push_back(operand.labels);
  Labels all = joined(labels);
  Dims extents;
  for (unsigned label : all) {
    extents.push_back(indices[label].extent);
    indexDims.push_back(llvm::find(order, label) - order.begin());
  }
  SmallVector<Value> indexValues;
  for (const Val &operand : operands)
    indexValues.push_back(b.broadcast(alignTo(b.cast(operand.tensor, b.i64()), operand.labels, all), extents));
  auto scatter = ScatterOp::create(builder, b.location, data.getType(), Combiner::None, data,
                                   indexValues, updates, dataDims, indexDims);
  scatter->setAttr("tenon.in_place", builder.getUnitAttr());
  return scatter;
}

//===----------------------------------------------------------------------===//
// Loops and conditions
//===----------------------------------------------------------------------===//

Elaborator::Results Elaborator::executeFor(const Stmt &stmt, Scope &scope) {
  Val from = load(eval(*stmt.values[0], scope)), to = load(eval(*stmt.values[1], scope));
  bool known = from.kind == ValKind::Int && to.kind == ValKind::Int && from.size.isConstant() &&
               to.size.isConstant();
  if (!known || stmt.values.size() > 2) {
    executeLoop(stmt, scope, from, to);
    return std::nullopt;
  }
  int64_t first = from.size.getValue(), end = to.size.getValue();
  if (end > first && end - first > kMaxRounds)
    fail(stmt.span, "this loop on constants has more than " + Twine(kMaxRounds) + " rounds");
  std::vector<FuncOp> rounds;
  for (int64_t i = first; i < end; ++i) {
    Scope inner(&scope);
    inner.names[stmt.name] = intVal(i);
    ::mlir::Block *block = builder.getInsertionBlock();
    Operation *before = block->empty() ? nullptr : &block->back();
    if (Results results = execute(stmt.body, inner))
      return results;
    if (regionDepth == 0 && end - first > 1 && problems.empty())
      outlineRound(stmt, before, scope, rounds);
  }
  return std::nullopt;
}

static void collectAssigned(const Block &block, llvm::SetVector<StringRef> &names) {
  for (const Stmt &stmt : block) {
    for (const Target &target : stmt.targets)
      names.insert(target.name);
    collectAssigned(stmt.body, names);
    collectAssigned(stmt.otherwise, names);
  }
}

/// Variables of the function that a block assigns, as tensors from here on.
std::vector<std::string> Elaborator::assignedOutside(const Block &block, Scope &scope) {
  llvm::SetVector<StringRef> names;
  collectAssigned(block, names);
  std::vector<std::string> outside;
  for (StringRef name : names) {
    Val *value = scope.findLocal(name);
    if (!value || value->kind == ValKind::Poison)
      continue;
    Span span = block.front().span;
    *value = load(*value);
    if (value->kind == ValKind::Int || value->kind == ValKind::Float || value->kind == ValKind::Bool)
      *value = toTensor(*value, value->kind == ValKind::Int ? b.i64() : b.f32(), span);
    if (value->kind != ValKind::Tensor)
      fail(span, "'" + name + "' is " + describe(*value) +
                     ", which cannot change in a loop or branch on run-time values");
    outside.push_back(name.str());
  }
  return outside;
}

/// What the variables are at the end of a region; their types must have stayed.
SmallVector<Value> Elaborator::endOfRegion(ArrayRef<std::string> names, TypeRange types,
                                           Scope &scope, Span span) {
  SmallVector<Value> values;
  for (auto [name, type] : llvm::zip(names, types)) {
    Val value = *scope.find(name);
    if (value.kind == ValKind::Poison)
      throw Abandon{};
    value = toTensor(load(value), cast<RankedTensorType>(type).getElementType(), span);
    if (value.tensor.getType() != type)
      fail(span, "'" + name + "' is " + shapeText(type) + " before and " + describe(value) +
                     " after a round or branch on run-time values");
    values.push_back(value.tensor);
  }
  return values;
}

void Elaborator::executeLoop(const Stmt &stmt, Scope &scope, const Val &from, const Val &to) {
  Value first = toTensor(from, b.i64(), stmt.span).tensor;
  Value last = toTensor(to, b.i64(), stmt.span).tensor;
  bool isCount = llvm::all_of(std::array{first, last}, [&](Value value) {
    return TensorBuilder::rank(value) == 0 && isa<IntegerType>(TensorBuilder::elementType(value));
  });
  if (!isCount)
    fail(stmt.span, "the bounds of a loop are integers");
  first = b.cast(first, b.i64()), last = b.cast(last, b.i64());
  std::vector<std::string> names = assignedOutside(stmt.body, scope);
  SmallVector<Value> inits;
  for (const std::string &name : names)
    inits.push_back(scope.find(name)->tensor);
  auto condition = [&](Scope &inside) -> Value {
    if (stmt.values.size() < 3)
      return b.number(1, b.i1());
    Val value = load(eval(*stmt.values[2], inside));
    value = toTensor(value, b.i1(), stmt.values[2]->span);
    if (value.tensor.getType() != RankedTensorType::get({}, b.i1()))
      fail(stmt.values[2]->span, "the condition is " + describe(value) + ", expected one bool");
    return value.tensor;
  };
  Value trips = b.sub(last, first), start = condition(scope);
  auto loop = LoopOp::create(builder, b.location, TypeRange(ValueRange(inits)), trips, start, inits);
  ::mlir::Block &body = loop.getBody().emplaceBlock();
  Value round = body.addArgument(trips.getType(), b.location);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&body);
  Scope inner(&scope);
  for (auto [name, init] : llvm::zip(names, inits))
    inner.names[name] = tensorVal(body.addArgument(init.getType(), b.location));
  Scope round0(&inner);
  round0.names[stmt.name] = tensorVal(b.add(round, first));
  ++regionDepth, ++regionsHere;
  llvm::scope_exit leave([&] { --regionDepth, --regionsHere; });
  execute(stmt.body, round0);
  SmallVector<Value> yielded = endOfRegion(names, TypeRange(ValueRange(inits)), inner, stmt.span);
  yielded.insert(yielded.begin(), condition(inner));
  YieldOp::create(builder, b.location, yielded);
  for (auto [name, result] : llvm::zip(names, loop.getResults()))
    *scope.find(name) = tensorVal(result);
}

Elaborator::Results Elaborator::executeIf(const Stmt &stmt, Scope &scope) {
  Val condition = load(eval(*stmt.values.front(), scope));
  if (condition.kind == ValKind::Bool) {
    // Names defined in a branch on constants are the function's.
    return execute(condition.flag ? stmt.body : stmt.otherwise, scope);
  }
  bool isOne = condition.kind == ValKind::Tensor &&
               condition.tensor.getType() == RankedTensorType::get({}, b.i1());
  if (!isOne)
    fail(stmt.values.front()->span, "the condition is " + describe(condition) +
                                        ", expected one bool; elements are chosen by 'a if c else b'");
  executeBranches(stmt, scope, condition.tensor);
  return std::nullopt;
}

void Elaborator::executeBranches(const Stmt &stmt, Scope &scope, Value condition) {
  std::vector<std::string> names = assignedOutside(stmt.body, scope);
  for (std::string &name : assignedOutside(stmt.otherwise, scope))
    if (!llvm::is_contained(names, name))
      names.push_back(std::move(name));
  SmallVector<Type> types;
  for (const std::string &name : names)
    types.push_back(scope.find(name)->tensor.getType());
  auto branch = IfOp::create(builder, b.location, types, condition);
  auto fill = [&](Region &region, const Block &block) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&region.emplaceBlock());
    Scope inner(&scope);
    for (const std::string &name : names)
      inner.names[name] = *scope.find(name);
    ++regionDepth, ++regionsHere;
    llvm::scope_exit leave([&] { --regionDepth, --regionsHere; });
    Scope local(&inner);
    execute(block, local);
    YieldOp::create(builder, b.location, endOfRegion(names, types, inner, stmt.span));
  };
  fill(branch.getThenRegion(), stmt.body);
  fill(branch.getElseRegion(), stmt.otherwise);
  for (auto [name, result] : llvm::zip(names, branch.getResults()))
    *scope.find(name) = tensorVal(result);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type Elaborator::elementOf(const TypeExpr &type) {
  auto unsignedType = [&](unsigned bits) {
    return IntegerType::get(&context, bits, IntegerType::Unsigned);
  };
  Type element = llvm::StringSwitch<Type>(type.element)
                     .Case("f64", builder.getF64Type())
                     .Case("f32", builder.getF32Type())
                     .Case("f16", builder.getF16Type())
                     .Case("bf16", builder.getBF16Type())
                     .Case("i64", builder.getI64Type())
                     .Case("i32", builder.getI32Type())
                     .Case("i16", builder.getI16Type())
                     .Case("i8", builder.getI8Type())
                     .Case("u64", unsignedType(64))
                     .Case("u32", unsignedType(32))
                     .Case("u16", unsignedType(16))
                     .Case("u8", unsignedType(8))
                     .Case("bool", builder.getI1Type())
                     .Default(Type());
  if (element)
    return element;
  Problem unknown = problem(type.span, "'" + type.element + "' is no element type");
  std::string near = nearest(type.element, {"f64", "f32", "f16", "bf16", "i64", "i32", "i16", "i8",
                                            "u64", "u32", "u16", "u8", "bool"});
  if (!near.empty())
    unknown.hint("did you mean '" + near + "'?");
  throw Abandon{unknown};
}

RankedTensorType Elaborator::typeOf(const TypeExpr &type, Scope &scope, bool needElement) {
  if (type.element.empty() && needElement)
    fail(type.span, "this type needs an element type, as in f32[...]");
  Dims dims;
  for (const ExprPtr &dim : type.dims) {
    if (dim->kind == ExprKind::Star)
      fail(dim->span, "'*' stands for dimensions of a function's parameter only");
    dims.push_back(evalSize(*dim, scope, "a dimension"));
  }
  return b.type(dims, elementOf(type));
}

/// Converts numbers and weights, compares the rest. A name that means nothing yet
/// takes the size that is there (of a function's parameter).
Val Elaborator::checkType(Val value, const TypeExpr &type, Scope &scope, StringRef what, Span span,
                          bool bindNames) {
  Type element = type.element.empty() ? Type() : elementOf(type);
  if (value.kind == ValKind::Weight && element) {
    value.weight = std::make_shared<WeightValue>(*value.weight);
    value.weight->element = element;
  }
  bool isNumber = value.kind == ValKind::Int || value.kind == ValKind::Float || value.kind == ValKind::Bool;
  if (isNumber && type.dims.empty())
    value = toTensor(value, element ? element : b.f32(), span);
  if (value.kind == ValKind::Poison)
    throw Abandon{};
  if (!value.isTensorLike() || value.kind == ValKind::Element)
    fail(span, what + " is " + describe(value) + ", expected " + type.span.text());
  checkDims(value, type, scope, what, span, bindNames);
  Type actual = value.kind == ValKind::Weight  ? value.weight->element
                : value.kind == ValKind::State ? getElementTypeOrSelf(value.state->type)
                                               : getElementTypeOrSelf(value.tensor.getType());
  if (element && actual != element)
    fail(span, what + " is " + describe(value) + ", expected " + type.span.text() +
                   "; precision changes only where it is written: " + type.element + "(...)");
  return value;
}

void Elaborator::checkDims(const Val &value, const TypeExpr &type, Scope &scope, StringRef what,
                           Span span, bool bindNames) {
  Dims actual = dimsOf(value);
  auto star = llvm::find_if(type.dims, [](const ExprPtr &dim) { return dim->kind == ExprKind::Star; });
  size_t before = star - type.dims.begin();
  bool hasStar = star != type.dims.end();
  size_t fixed = type.dims.size() - hasStar;
  if (hasStar ? actual.size() < fixed : actual.size() != fixed)
    fail(span, what + " is " + describe(value) + ", expected " + type.span.text());
  for (size_t i = 0; i < type.dims.size(); ++i) {
    const Expr &dim = *type.dims[i];
    if (dim.kind == ExprKind::Star)
      continue;
    DimExpr size = actual[i < before || !hasStar ? i : actual.size() - (type.dims.size() - i)];
    if (bindNames && dim.kind == ExprKind::Name && !scope.find(dim.name)) {
      scope.names[dim.name] = intVal(size);
      continue;
    }
    DimExpr expected = evalSize(dim, scope, "a dimension");
    std::optional<bool> equal = size == expected ? std::optional(true) : ranges.isEqual(size, expected);
    if (equal == false || (!equal && value.kind == ValKind::Weight)) {
      Problem wrong = problem(span, what + " is " + describe(value) + ", expected " + type.span.text());
      wrong.label(dim.span, dim.span.text() + " is " + expected.str());
      throw Abandon{wrong};
    }
    if (!equal)
      b.checkEqual(size, expected, what + ": dimension " + Twine(i) + " is not " + dim.span.text());
  }
}

} // namespace tenon::language
