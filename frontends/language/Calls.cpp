//===- Calls.cpp - functions, modules and what the language itself offers -===//
//
// A function is applied by evaluating its body with its parameters bound: there
// is no recursion, and nothing is left of it in the result.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;
namespace tenon::language {

constexpr size_t kMaxCalls = 40;

static constexpr StringLiteral kBuiltins[] = {
    "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tan", "tanh", "erf", "abs", "sign", "floor", "ceil",
    "round", "trunc", "min", "max", "concat", "extent", "rank", "weight", "meta", "has", "is_nan",
    "list"};

void Elaborator::expectArguments(const Expr &call, size_t least, size_t most) {
  size_t count = call.parts.size() - 1;
  if (count >= least && count <= most)
    return;
  std::string expected = std::to_string(least);
  if (most != least)
    expected += most > 100 ? " or more" : ".." + std::to_string(most);
  fail(call.span, "'" + call.parts.front()->span.text() + "' takes " + expected + " arguments, " +
                      Twine(count) + " are given");
}

Val Elaborator::evalCall(const Expr &call, Scope &scope) {
  const Expr &callee = *call.parts.front();
  if (callee.kind == ExprKind::Name && !scope.find(callee.name)) {
    if (std::optional<Val> value = callBuiltin(callee.name, call, scope))
      return *value;
    Problem unknown = problem(callee.span, "there is no function '" + callee.name + "'");
    Scope all(&scope);
    for (StringRef name : kBuiltins)
      all.names[name] = Val();
    throw Abandon{suggest(unknown, callee.name, all)};
  }
  Val function = eval(callee, scope);
  std::vector<Val> arguments;
  for (const ExprPtr &argument : llvm::drop_begin(call.parts))
    arguments.push_back(eval(*argument, scope));
  return callFunction(function, call, std::move(arguments));
}

Val Elaborator::callFunction(const Val &callee, const Expr &call, std::vector<Val> arguments) {
  if (callee.kind == ValKind::Module)
    return instantiate(*callee.function, std::move(arguments), call);
  if (callee.kind == ValKind::Function)
    return apply(*callee.function, std::move(arguments), call);
  if (callee.kind == ValKind::Instance) {
    auto it = callee.instance->scope.names.find("()");
    if (it == callee.instance->scope.names.end())
      fail(call.span, "module '" + callee.instance->module->name + "' has no function without a name");
    return apply(*it->second.function, std::move(arguments), call);
  }
  fail(call.parts.front()->span, "this is " + describe(callee) + ", which cannot be called");
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// Arguments in the order of the parameters: by place, then by name.
static std::vector<std::optional<size_t>> matchArguments(ArrayRef<Param> params, const Expr &call,
                                                         std::string &wrong) {
  std::vector<std::optional<size_t>> order(params.size());
  for (auto [i, name] : llvm::enumerate(call.names)) {
    size_t place = i;
    if (!name.empty()) {
      auto it = llvm::find_if(params, [&](const Param &param) { return param.name == name; });
      if (it == params.end()) {
        wrong = "there is no parameter '" + name + "'";
        return order;
      }
      place = it - params.begin();
    }
    if (place >= params.size()) {
      wrong = std::to_string(params.size()) + " arguments are expected, " +
              std::to_string(call.names.size()) + " are given";
      return order;
    }
    if (order[place])
      wrong = "parameter '" + params[place].name + "' is given twice";
    order[place] = i;
  }
  return order;
}

Val Elaborator::bindParam(const Param &param, Val argument, Scope &scope, const Expr &call,
                          size_t index) {
  Span span = index + 1 < call.parts.size() ? call.parts[index + 1]->span : call.span;
  std::string what = "argument '" + param.name + "'";
  if (param.type)
    return checkType(argument, *param.type, scope, what, span, /*bindNames=*/true);
  if (!param.isPattern)
    return argument;
  argument = load(argument);
  bool hasStar = llvm::any_of(param.pattern, [](const Binder &b) { return b.name == "*"; });
  int64_t least = param.pattern.size() - hasStar;
  bool fits = argument.kind == ValKind::Tensor &&
              (hasStar ? TensorBuilder::rank(argument.tensor) >= least
                       : TensorBuilder::rank(argument.tensor) == least);
  if (!fits)
    fail(span, what + " is " + describe(argument) + ", expected a tensor of " +
                   (hasStar ? Twine("at least ") : Twine()) + Twine(least) + " dimensions");
  return argument;
}

Val Elaborator::apply(const FunctionValue &callee, std::vector<Val> arguments, const Expr &call) {
  const Function &function = *callee.function;
  std::string wrong;
  auto order = matchArguments(function.params, call, wrong);
  if (!wrong.empty())
    fail(call.span, "'" + (function.name.empty() ? "the module" : function.name) + "': " + wrong);
  if (llvm::is_contained(callStack, std::make_pair(&function, (const Instance *)callee.self)))
    fail(call.span, "'" + function.name + "' calls itself, which the language does not allow");
  if (callStack.size() >= kMaxCalls)
    fail(call.span, "calls are nested more than " + Twine(kMaxCalls) + " deep");
  callStack.push_back({&function, callee.self});
  Notation *saved = std::exchange(current, nullptr);
  unsigned regions = std::exchange(regionsHere, 0);
  llvm::scope_exit leave([&] {
    callStack.pop_back();
    current = saved;
    regionsHere = regions;
  });
  Scope scope(callee.self ? &callee.self->scope : callee.scope);
  scope.isFunction = true;
  for (auto [i, param] : llvm::enumerate(function.params)) {
    if (!order[i] && !param.init)
      fail(call.span, "'" + function.name + "' needs an argument for '" + param.name + "'");
    Val argument = order[i] ? arguments[*order[i]] : eval(*param.init, scope);
    Val bound = bindParam(param, argument, scope, call, order[i].value_or(call.parts.size()));
    scope.names[param.name] = bound;
  }
  Results results;
  try {
    results = execute(function.body, scope);
  } catch (Abandon &abandon) {
    if (!abandon.problem.message.empty() && abandon.problem.labels.size() < 4)
      abandon.problem.label(call.span, "called here");
    throw;
  }
  if (!results) {
    Val nothing;
    nothing.kind = ValKind::Tuple;
    nothing.parts = std::make_shared<std::vector<Val>>();
    return nothing;
  }
  if (function.hasResults && function.results.size() != results->size())
    fail(function.span, "'" + function.name + "' returns " + Twine(results->size()) +
                            " values, its type says " + Twine(function.results.size()));
  if (function.hasResults)
    for (auto [result, type] : llvm::zip(*results, function.results))
      result = checkType(result, type, scope, "the result", type.span, /*bindNames=*/false);
  if (results->size() == 1)
    return results->front();
  Val tuple;
  tuple.kind = ValKind::Tuple;
  tuple.parts = std::make_shared<std::vector<Val>>(std::move(*results));
  return tuple;
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

/// A constant as part of a name.
static std::optional<std::string> constantText(const Val &value) {
  switch (value.kind) {
  case ValKind::Int:
    return value.size.isConstant() ? std::optional(std::to_string(value.size.getValue())) : std::nullopt;
  case ValKind::Bool:
    return value.flag ? "true" : "false";
  case ValKind::String:
    return value.text;
  case ValKind::Float: {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.17g", value.number);
    return text;
  }
  default:
    return std::nullopt;
  }
}

Val Elaborator::instantiate(const FunctionValue &callee, std::vector<Val> arguments,
                            const Expr &call) {
  const Module &module = *callee.module;
  std::string wrong, path = module.name, key = path;
  auto order = matchArguments(module.params, call, wrong);
  if (!wrong.empty())
    fail(call.span, "module '" + module.name + "': " + wrong);
  auto instance = std::make_shared<Instance>();
  instance->module = &module;
  instance->scope.outer = callee.scope;
  for (auto [i, param] : llvm::enumerate(module.params)) {
    if (!order[i] && !param.init)
      fail(call.span, "module '" + module.name + "' needs an argument for '" + param.name + "'");
    Val argument = order[i] ? arguments[*order[i]] : eval(*param.init, instance->scope);
    std::optional<std::string> text = constantText(argument);
    if (!text)
      fail(call.span, "argument '" + param.name + "' of module '" + module.name + "' is " +
                          describe(argument) + ", expected a constant");
    path += "." + *text;
    key += '\0' + *text; // ("a.b", "c") is another instance than ("a", "b.c")
    instance->scope.names[param.name] = argument;
  }
  Val value;
  value.kind = ValKind::Instance;
  if (auto it = instances.find(key); it != instances.end() && it->second->module == &module) {
    value.instance = it->second;
    return value;
  }
  if (loading.size() > kMaxCalls)
    fail(call.span, "modules are nested more than " + Twine(kMaxCalls) + " deep");
  loading.push_back(path);
  llvm::scope_exit leave([&] { loading.pop_back(); });
  while (!instancePaths.insert(path).second)
    path += "'"; // names of states
  instance->path = path;
  instances[key] = instance;
  for (const Member &member : module.members) {
    if (member.setting)
      defineSetting(*member.setting, instance->scope);
    if (member.state)
      defineState(*member.state, instance->scope, path);
    if (!member.function)
      continue;
    Val function;
    function.kind = ValKind::Function;
    function.function = std::make_shared<FunctionValue>(
        FunctionValue{member.function.get(), nullptr, nullptr, instance.get()});
    std::string name = member.function->name.empty() ? "()" : member.function->name;
    instance->scope.names[name] = function;
  }
  value.instance = instance;
  return value;
}

//===----------------------------------------------------------------------===//
// What the language itself offers
//===----------------------------------------------------------------------===//

std::optional<Val> Elaborator::callBuiltin(StringRef name, const Expr &call, Scope &scope) {
  if (name == "weight")
    return evalWeight(call, scope);
  if (name == "meta")
    return evalMeta(call, scope);
  if (name == "has")
    return evalHas(call, scope);
  if (name == "concat")
    return concat(call, scope);
  if (name == "list")
    return listOf(call, scope);
  if (name == "extent" || name == "rank")
    return extentOf(call, scope);
  if (name == "min" || name == "max") {
    expectArguments(call, 2, 2);
    Val x = load(eval(*call.parts[1], scope)), y = load(eval(*call.parts[2], scope));
    if (x.isConstantNumber() && y.isConstantNumber())
      return (x.asNumber() < y.asNumber()) == (name == "min") ? x : y;
    if (x.kind == ValKind::Int && y.kind == ValKind::Int)
      return intVal(name == "min" ? x.size.min(y.size) : x.size.max(y.size));
    at(call.span);
    unify(x, y, call.span);
    alignPair(x, y, call.span);
    Val result = x.kind == ValKind::Element || TensorBuilder::rank(x.tensor) ? x : y;
    result.tensor = name == "min" ? b.min(x.tensor, y.tensor) : b.max(x.tensor, y.tensor);
    return result;
  }
  static constexpr StringLiteral types[] = {"f64", "f32", "f16", "bf16", "i64", "i32", "i16",
                                            "i8",  "u64", "u32", "u16",  "u8",  "bool"};
  if (llvm::is_contained(types, name)) {
    TypeExpr type;
    type.span = call.parts.front()->span;
    type.element = name.str();
    return castTo(elementOf(type), call, scope);
  }
  if (llvm::is_contained(kBuiltins, name))
    return mathFunction(name, call, scope);
  return std::nullopt;
}

Val Elaborator::castTo(Type type, const Expr &call, Scope &scope) {
  expectArguments(call, 1, 1);
  Val value = eval(*call.parts[1], scope);
  at(call.span);
  if (value.kind == ValKind::Weight) {
    value.weight = std::make_shared<WeightValue>(*value.weight);
    value.weight->element = type;
    return value;
  }
  value = load(value);
  if (value.kind == ValKind::Int || value.kind == ValKind::Float || value.kind == ValKind::Bool)
    return toTensor(value, type, call.span);
  if (!value.isTensorLike())
    fail(call.span, "this is " + describe(value) + ", which has no element type");
  value.tensor = b.cast(value.tensor, type);
  return value;
}

static double computeNumber(StringRef name, double x) {
  using Fn = double (*)(double);
  Fn fn = llvm::StringSwitch<Fn>(name)
              .Case("exp", [](double v) { return std::exp(v); })
              .Case("log", [](double v) { return std::log(v); })
              .Case("sqrt", [](double v) { return std::sqrt(v); })
              .Case("rsqrt", [](double v) { return 1 / std::sqrt(v); })
              .Case("sin", [](double v) { return std::sin(v); })
              .Case("cos", [](double v) { return std::cos(v); })
              .Case("tan", [](double v) { return std::tan(v); })
              .Case("tanh", [](double v) { return std::tanh(v); })
              .Case("erf", [](double v) { return std::erf(v); })
              .Case("abs", [](double v) { return std::abs(v); })
              .Case("floor", [](double v) { return std::floor(v); })
              .Case("ceil", [](double v) { return std::ceil(v); })
              .Case("round", [](double v) { return std::nearbyint(v); })
              .Case("trunc", [](double v) { return std::trunc(v); })
              .Case("sign", [](double v) { return v > 0 ? 1.0 : v < 0 ? -1.0 : v; })
              .Default([](double) { return double(NAN); });
  return fn(x);
}

Val Elaborator::mathFunction(StringRef name, const Expr &call, Scope &scope) {
  expectArguments(call, 1, 1);
  Val value = load(eval(*call.parts[1], scope));
  at(call.span);
  if (value.isConstantNumber())
    return floatVal(computeNumber(name, value.asNumber()));
  if (value.kind == ValKind::Int)
    value = toTensor(value, b.f32(), call.span);
  bool works = value.isTensorLike() &&
               (TensorBuilder::isFloat(value.tensor) || name == "abs" || name == "sign");
  if (!works)
    fail(call.span, "'" + name + "' does not apply to " + describe(value));
  Value x = value.tensor;
  value.tensor = name == "exp"     ? b.exp(x)
                 : name == "log"   ? b.log(x)
                 : name == "sqrt"  ? b.sqrt(x)
                 : name == "rsqrt" ? b.rsqrt(x)
                 : name == "tanh"  ? b.tanh(x)
                 : name == "erf"   ? b.erf(x)
                 : name == "abs"   ? b.abs(x)
                 : name == "floor" ? b.floor(x)
                 : name == "ceil"  ? b.ceil(x)
                 : name == "round" ? b.round(x)
                 : name == "sin"   ? b.map<SinOp>(x)
                 : name == "cos"   ? b.map<CosOp>(x)
                 : name == "tan"   ? b.map<TanOp>(x)
                 : name == "sign"  ? b.map<SignOp>(x)
                 : name == "trunc" ? b.map<TruncOp>(x)
                                   : b.isNan(x);
  return value;
}

/// concat(a, b, ..., dim = 0)
Val Elaborator::concat(const Expr &call, Scope &scope) {
  int64_t dim = 0;
  SmallVector<Value> parts;
  for (auto [name, part] : llvm::zip(call.names, llvm::drop_begin(call.parts))) {
    if (name == "dim") {
      dim = evalInt(*part, scope, "the dimension");
      continue;
    }
    Val value = load(eval(*part, scope));
    if (value.kind != ValKind::Tensor || TensorBuilder::rank(value.tensor) == 0)
      fail(part->span, "this is " + describe(value) + ", expected a tensor to concatenate");
    parts.push_back(value.tensor);
  }
  if (parts.empty())
    fail(call.span, "'concat' needs tensors");
  int64_t rank = TensorBuilder::rank(parts.front());
  dim = dim < 0 ? dim + rank : dim;
  if (dim < 0 || dim >= rank)
    fail(call.span, "there is no dimension " + Twine(dim));
  at(call.span);
  return tensorVal(b.concat(parts, dim));
}

/// list(a, b, ...): values of any kind, picked by constant places.
Val Elaborator::listOf(const Expr &call, Scope &scope) {
  Val list;
  list.kind = ValKind::List;
  list.parts = std::make_shared<std::vector<Val>>();
  for (const ExprPtr &part : llvm::drop_begin(call.parts)) {
    Val value = load(eval(*part, scope));
    if (llvm::is_contained({ValKind::Element, ValKind::Tuple, ValKind::List}, value.kind))
      fail(part->span, "this is " + describe(value) + ", which a list cannot hold");
    list.parts->push_back(std::move(value));
  }
  return list;
}

/// extent(x, 0) of a tensor, weight, state or of a name in the weight file.
Val Elaborator::extentOf(const Expr &call, Scope &scope) {
  bool isRank = call.parts.front()->name == "rank";
  expectArguments(call, isRank ? 1 : 2, isRank ? 1 : 2);
  Val value = eval(*call.parts[1], scope);
  Dims dims;
  if (value.kind == ValKind::String) {
    const WeightEntry *entry = weights ? weights->find(value.text) : nullptr;
    if (!weights && options.mayLackWeights)
      throw Abandon{};
    if (!entry)
      fail(call.parts[1]->span, "the weight file has no '" + value.text + "'");
    dims = b.sizes(entry->dims);
  } else if (value.kind == ValKind::List) {
    dims.push_back(b.size(value.parts->size()));
  } else if (value.isTensorLike() && value.kind != ValKind::Element) {
    dims = dimsOf(value);
  } else {
    fail(call.parts[1]->span, "this is " + describe(value) + ", which has no dimensions");
  }
  if (isRank)
    return intVal(int64_t(dims.size()));
  int64_t dim = evalInt(*call.parts[2], scope, "the dimension"), rank = dims.size();
  if (dim < -rank || dim >= rank)
    fail(call.parts[2]->span, describe(value) + " has no dimension " + Twine(dim));
  return intVal(dims[dim < 0 ? dim + rank : dim]);
}

} // namespace tenon::language
