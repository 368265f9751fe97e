//===- Elaborate.cpp - files, declarations and entries --------------------===//
//
// In the order in which a program means things: used files, functions and
// modules, the config, sizes, weights and states, then every entry.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "frontends/language/Parser.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
namespace tenon::language {

Elaborator::Elaborator(const LanguageOptions &options, MLIRContext &context, WeightStore &store,
                       Problems &problems)
    : options(options), context(context), store(store), problems(problems), builder(&context),
      values(ranges), b(builder, ranges, values) {}

//===----------------------------------------------------------------------===//
// Problems
//===----------------------------------------------------------------------===//

void Elaborator::fail(Span span, const Twine &message) { throw Abandon{problem(span, message)}; }

void Elaborator::report(Problem problem) {
  if (problem.message.empty())
    return; // follows from one that was reported
  std::string key = problem.message;
  if (problem.where.source)
    key += "@" + problem.where.source->name().str() + ":" + std::to_string(problem.where.begin);
  if (reported.insert(key).second)
    problems.add(std::move(problem));
}

bool Elaborator::attempt(Span where, llvm::function_ref<void()> step) {
  try {
    step();
    return true;
  } catch (Abandon &abandon) {
    report(std::move(abandon.problem));
  } catch (onnximport::Refusal &refusal) {
    report(problem(where, refusal.why));
  }
  return false;
}

void Elaborator::at(Span span) {
  auto [line, column] = span.source->lineAndColumn(span.begin);
  StringRef file = llvm::sys::path::filename(span.source->name());
  b.setLocation(NameLoc::get(builder.getStringAttr(file + ":" + Twine(line)),
                             FileLineColLoc::get(&context, span.source->name(), line, column)));
}

/// Remembers what a name stood for, for editors.
void Elaborator::note(Span span, const Val &value) {
  constexpr size_t most = 200'000;
  bool isKnown = value.kind != ValKind::Poison && !(value.kind == ValKind::Int && value.size.hasFactors());
  if (options.facts && isKnown && options.facts->size() < most)
    options.facts->push_back({span.source->name().str(), span.begin, span.end, describe(value)});
}

Problem &Elaborator::suggest(Problem &problem, StringRef name, Scope &scope) {
  std::vector<std::string> known;
  for (Scope *s = &scope; s; s = s->outer)
    for (const auto &entry : s->names)
      known.push_back(entry.getKey().str());
  llvm::sort(known);
  if (std::string near = nearest(name, known); !near.empty())
    problem.hint("did you mean '" + near + "'?");
  return problem;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Program *Elaborator::load(StringRef path, Span from) {
  auto it = programs.find(path.str());
  if (it != programs.end())
    return it->second.get();
  bool isGiven = programs.empty() && options.source;
  auto opened = isGiven ? std::make_unique<Source>(options.source->name().str(),
                                                   options.source->text().str())
                        : llvm::Expected<std::unique_ptr<Source>>(Source::open(path));
  if (!opened)
    fail(from, toString(opened.takeError()));
  sources.push_back(std::move(*opened));
  Problems found;
  auto program = std::make_unique<Program>(Parser(*sources.back(), found).parseProgram());
  for (const Problem &problem : found.all())
    report(problem);
  return (programs[path.str()] = std::move(program)).get();
}

/// Beside the file that uses it, else in the library folders.
std::string Elaborator::findLibrary(StringRef name, StringRef from) {
  std::vector<std::string> folders = options.libraries;
  folders.insert(folders.begin(), llvm::sys::path::parent_path(from).str());
  for (const std::string &folder : folders) {
    llvm::SmallString<256> path(folder);
    llvm::sys::path::append(path, name + ".tn");
    if (llvm::sys::fs::exists(path))
      return path.str().str();
  }
  return "";
}

void Elaborator::loadUses(Program &program, Scope &scope, StringRef path) {
  for (const UseDecl &use : program.uses)
    attempt(use.span, [&] {
      std::string file = findLibrary(use.file, path);
      if (file.empty())
        fail(use.span, "there is no '" + use.file + ".tn' beside this file or in the library");
      if (llvm::is_contained(loading, file) || loading.size() > 32)
        fail(use.span, "'" + use.file + "' uses itself");
      Program *library = load(file, use.span);
      std::unique_ptr<Scope> &inner = fileScopes[file];
      if (!inner) {
        inner = std::make_unique<Scope>();
        loading.push_back(file);
        loadUses(*library, *inner, file);
        declareFunctions(*library, *inner);
        loading.pop_back();
      }
      for (auto &[name, span] : use.names) {
        auto it = inner->names.find(name);
        if (it == inner->names.end()) {
          Problem missing = problem(span, "'" + use.file + "' has no '" + name + "'");
          report(suggest(missing, name, *inner));
          scope.names[name] = Val();
          continue;
        }
        scope.names[name] = it->second;
      }
    });
}

void Elaborator::declareFunctions(Program &program, Scope &scope) {
  auto declare = [&](const std::string &name, Span span, ValKind kind, FunctionValue function) {
    Val value;
    value.kind = kind;
    value.function = std::make_shared<FunctionValue>(function);
    if (Val *old = scope.find(name))
      if (old->kind != ValKind::Poison)
        return report(problem(span, "'" + name + "' is there twice"));
    scope.names[name] = value;
  };
  for (auto &function : program.functions)
    declare(function->name, function->span, ValKind::Function, {function.get(), nullptr, &scope});
  for (auto &module : program.modules)
    declare(module->name, module->span, ValKind::Module, {nullptr, module.get(), &scope});
}

//===----------------------------------------------------------------------===//
// Settings, sizes, states
//===----------------------------------------------------------------------===//

std::optional<Val> Elaborator::givenSetting(const Setting &setting) {
  for (const auto &[name, text] : options.settings) {
    if (name != setting.name)
      continue;
    usedSettings.insert(name);
    int64_t integer;
    double number;
    if (text == "true" || text == "false")
      return boolVal(text == "true");
    if (!StringRef(text).getAsInteger(10, integer))
      return intVal(integer);
    if (!StringRef(text).getAsDouble(number))
      return floatVal(number);
    return stringVal(text);
  }
  return std::nullopt;
}

void Elaborator::defineConfig(Program &program, Scope &scope) {
  for (const Setting &setting : program.config) {
    if (scope.names.contains(setting.name))
      report(problem(setting.span, "'" + setting.name + "' is there twice"));
    Val value;
    attempt(setting.span, [&] {
      std::optional<Val> given = givenSetting(setting);
      value = given ? *given : eval(*setting.value, scope);
      bool isConstant = value.isConstantNumber() || value.kind == ValKind::Bool ||
                        value.kind == ValKind::String;
      if (!isConstant)
        fail(setting.span, "'" + setting.name + "' is no constant");
    });
    scope.names[setting.name] = value;
  }
  for (const auto &[name, text] : options.settings) {
    if (usedSettings.contains(name))
      continue;
    std::vector<std::string> names;
    for (const Setting &setting : program.config)
      names.push_back(setting.name);
    Problem unknown = problem({}, "--set " + name + ": the config has no '" + name + "'");
    if (std::string near = nearest(name, names); !near.empty())
      unknown.hint("did you mean '" + near + "'?");
    report(unknown);
  }
}

void Elaborator::defineSize(const SizeDecl &size, Scope &scope) {
  scope.names[size.name] = Val();
  attempt(size.span, [&] {
    int64_t min = evalInt(*size.min, scope, "the least value");
    int64_t max = evalInt(*size.max, scope, "the greatest value");
    int64_t step = size.step ? evalInt(*size.step, scope, "the step") : 1;
    if (min < 0 || max < min || step < 1 || max > INT32_MAX)
      fail(size.span, "size '" + size.name + "' has no values: " + Twine(min) + ".." +
                          Twine(max) + " by " + Twine(step));
    if (min == max) {
      scope.names[size.name] = intVal(min);
      return;
    }
    ranges.add(size.name, {min, max, step});
    scope.names[size.name] = intVal(DimExpr::symbol(&context, size.name));
  });
}

void Elaborator::defineSetting(const Setting &setting, Scope &scope) {
  scope.names[setting.name] = Val();
  attempt(setting.span, [&] {
    Val value = eval(*setting.value, scope);
    if (value.kind == ValKind::Tensor || value.kind == ValKind::Element)
      fail(setting.span, "only constants and weights can be defined outside of functions");
    if (setting.type)
      value = checkType(value, *setting.type, scope, "'" + setting.name + "'", setting.span,
                        /*bindNames=*/false);
    scope.names[setting.name] = value;
  });
}

void Elaborator::defineState(const StateDecl &state, Scope &scope, StringRef path) {
  if (scope.names.contains(state.name))
    report(problem(state.span, "'" + state.name + "' is there twice"));
  scope.names[state.name] = Val();
  attempt(state.span, [&] {
    RankedTensorType type = typeOf(state.type, scope, /*needElement=*/true);
    Val value;
    value.kind = ValKind::State;
    value.state = std::make_shared<StateValue>();
    value.state->symbol = (path.empty() ? "" : path.str() + ".") + state.name;
    value.state->type = type;
    at(state.span);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(module->getBody());
    StateOp::create(builder, b.location, value.state->symbol, type, StringAttr());
    scope.names[state.name] = value;
  });
}

/// Kept for the planner: `tenon.shard = [["heads", "tp"], ...]`.
void Elaborator::declareShards(Program &program, Scope &scope) {
  SmallVector<Attribute> pairs;
  for (const ShardDecl &shard : program.shards)
    for (const std::string &size : shard.sizes) {
      Val *value = scope.find(size);
      if (!value || value->kind != ValKind::Int) {
        Problem unknown = problem(shard.span, "'" + size + "' is no size");
        report(suggest(unknown, size, scope));
        continue;
      }
      pairs.push_back(builder.getStrArrayAttr({size, shard.axis}));
    }
  if (!pairs.empty())
    (*module)->setAttr("tenon.shard", builder.getArrayAttr(pairs));
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

void Elaborator::elaborateEntry(const Function &entry, Scope &file) {
  Scope scope(&file);
  scope.isFunction = true;
  SmallVector<Type> types;
  SmallVector<Attribute> names;
  for (const Param &param : entry.params) {
    if (!param.type)
      fail(param.span, "parameter '" + param.name + "' of an entry needs a type");
    types.push_back(typeOf(*param.type, scope, /*needElement=*/true));
    names.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr("tenon.name", builder.getStringAttr(param.name))));
  }
  at(entry.span);
  builder.setInsertionPointToEnd(module->getBody());
  func = FuncOp::create(builder, b.location, entry.name, builder.getFunctionType(types, {}),
                        StringAttr(), builder.getArrayAttr(names), ArrayAttr());
  mlir::Block &body = func.getBody().emplaceBlock();
  builder.setInsertionPointToStart(&body);
  loaded.clear(), states.clear(), changedStates.clear();
  for (auto [param, type] : llvm::zip(entry.params, types))
    scope.names[param.name] = tensorVal(body.addArgument(type, b.location));
  Results results = execute(entry.body, scope);
  if (!results)
    fail(entry.span, "entry '" + entry.name + "' returns nothing");
  SmallVector<Value> returned;
  SmallVector<Attribute> resultNames;
  if (entry.hasResults && entry.results.size() != results->size())
    fail(entry.span, "entry '" + entry.name + "' returns " + Twine(results->size()) +
                         " values, its type says " + Twine(entry.results.size()));
  for (auto [i, result] : llvm::enumerate(*results)) {
    Val value = result;
    if (entry.hasResults)
      value = checkType(value, entry.results[i], scope, "the result", entry.span, false);
    value = load(value);
    if (value.kind != ValKind::Tensor)
      fail(entry.span, "entry '" + entry.name + "' returns something that is no tensor");
    returned.push_back(value.tensor);
    std::string name = entry.hasResults ? entry.resultNames[i] : "";
    resultNames.push_back(builder.getDictionaryAttr(builder.getNamedAttr(
        "tenon.name",
        builder.getStringAttr(!name.empty() ? name
                                            : i == 0 && results->size() == 1 ? entry.name
                                                                             : std::to_string(i)))));
  }
  at(entry.span);
  storeStates();
  ReturnOp::create(builder, b.location, returned);
  func.setFunctionType(builder.getFunctionType(types, TypeRange(ValueRange(returned))));
  func.setResAttrsAttr(builder.getArrayAttr(resultNames));
}

OwningOpRef<ModuleOp> Elaborator::run(StringRef path) {
  module = ModuleOp::create(UnknownLoc::get(&context));
  Scope file;
  Program *program = nullptr;
  bool good = attempt({}, [&] {
    program = load(path, {});
    loading.push_back(path.str());
    if (!options.weights.empty()) {
      auto opened = WeightFile::open(options.weights, store);
      if (!opened)
        fail({}, toString(opened.takeError()));
      weights = std::move(*opened);
    }
  });
  if (!good || !problems.empty())
    return nullptr;
  loadUses(*program, file, path);
  declareFunctions(*program, file);
  defineConfig(*program, file);
  for (const SizeDecl &size : program->sizes)
    defineSize(size, file);
  (*module)->setAttr(TenonDialect::kSymbolsAttrName, ranges.getAttr(&context));
  for (const Setting &setting : program->settings)
    defineSetting(setting, file);
  for (const StateDecl &state : program->states)
    defineState(state, file, "");
  declareShards(*program, file);
  if (program->entries.empty())
    report(problem({program->source, 0, 0}, "the program has no entry"));
  for (const auto &entry : program->entries) {
    if (module->lookupSymbol(entry->name))
      report(problem(entry->span, "'" + entry->name + "' is there twice"));
    else
      attempt(entry->span, [&] { elaborateEntry(*entry, file); });
  }
  if (!problems.empty())
    return nullptr;
  if (options.mayLackWeights)
    return nullptr; // what depends on weights was left out
  (*module)->setAttr(TenonDialect::kSymbolsAttrName, ranges.getAttr(&context));
  if (failed(verify(*module))) {
    report(problem({}, "the program was lowered to something that is not valid"));
    return nullptr;
  }
  return std::move(module);
}

size_t Elaborator::countUnread() const {
  return weights ? weights->entries().size() - readWeights.size() : 0;
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

Val Elaborator::intVal(DimExpr expr) {
  Val value;
  value.kind = ValKind::Int;
  value.size = expr;
  return value;
}
Val Elaborator::intVal(int64_t number) { return intVal(DimExpr::constant(&context, number)); }
Val Elaborator::floatVal(double number) {
  Val value;
  value.kind = ValKind::Float;
  value.number = number;
  return value;
}
Val Elaborator::boolVal(bool flag) {
  Val value;
  value.kind = ValKind::Bool;
  value.flag = flag;
  return value;
}
Val Elaborator::stringVal(std::string text) {
  Val value;
  value.kind = ValKind::String;
  value.text = std::move(text);
  return value;
}
Val Elaborator::tensorVal(Value tensor) {
  Val value;
  value.kind = ValKind::Tensor;
  value.tensor = tensor;
  return value;
}
Val Elaborator::elementVal(Value tensor, Labels labels) {
  Val value;
  value.kind = ValKind::Element;
  value.tensor = tensor;
  value.labels = std::move(labels);
  return value;
}

} // namespace tenon::language

namespace tenon {

llvm::Expected<std::pair<std::string, std::string>> parseSetting(StringRef text) {
  auto [name, value] = text.split('=');
  if (name.empty() || value.empty())
    return llvm::createStringError("'" + text + "' is not NAME=VALUE");
  return std::make_pair(name.str(), value.str());
}

FailureOr<OwningOpRef<ModuleOp>> importLanguage(StringRef path, const LanguageOptions &options,
                                                MLIRContext &context, WeightStore &store) {
  context.loadDialect<TenonDialect>();
  language::Problems problems;
  language::Elaborator elaborator(options, context, store, problems);
  OwningOpRef<ModuleOp> module = elaborator.run(path);
  if (!problems.empty())
    problems.print(llvm::errs());
  if (!module || !problems.empty())
    return failure();
  return module;
}

} // namespace tenon
