//===- Analysis.cpp - what an editor asks of a program --------------------===//
//
// Problems and shapes come from the elaboration, which notes what each name
// stood for; definitions from the tree, by name and place.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Analysis.h"
#include "frontends/language/Elaborator.h"
#include "frontends/language/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

namespace tenon::language {

Analysis::Analysis(std::string path, std::string contents, const std::string &weights,
                   const std::vector<std::string> &libraries)
    : text(std::make_shared<Source>(path, std::move(contents))) {
  Problems syntax;
  Program program = Parser(*text, syntax).parseProgram();
  collect(program);
  collectLibrary(program, llvm::sys::path::parent_path(path), libraries);
  if (!syntax.empty()) {
    found = std::move(syntax);
    return;
  }
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<TenonDialect>();
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) { return mlir::success(); });
  LanguageOptions options;
  options.weights = weights;
  options.libraries = libraries;
  options.mayLackWeights = weights.empty();
  options.facts = &facts;
  options.source = std::make_unique<Source>(path, text->text().str());
  WeightStore store;
  Problems meaning;
  Elaborator elaborator(options, context, store, meaning);
  elaborator.run(path);
  for (const Problem &problem : meaning.all()) {
    // Spans of this file are moved to the text that the analysis keeps.
    Problem kept = problem;
    kept.labels.clear();
    bool isHere = problem.where.source && problem.where.source->name() == path;
    kept.where = isHere ? Span{text.get(), problem.where.begin, problem.where.end} : Span{text.get(), 0, 0};
    for (const Label &label : problem.labels)
      if (label.where.source->name() == path)
        kept.labels.push_back({{text.get(), label.where.begin, label.where.end}, label.text});
    // What is wrong in a library is shown where it is called.
    if (!isHere && !kept.labels.empty())
      kept.where = kept.labels.back().where;
    found.add(std::move(kept));
  }
}

//===----------------------------------------------------------------------===//
// Definitions
//===----------------------------------------------------------------------===//

void Analysis::add(llvm::StringRef name, Span span, bool isLocal, std::string detail) {
  if (detail.empty())
    detail = span.source->line(span.source->lineAndColumn(span.begin).first).trim().take_front(120).str();
  definitions.push_back({name.str(), std::move(detail), span, isLocal, nullptr});
}

void Analysis::collect(const Program &program) {
  for (const Setting &setting : program.config)
    add(setting.name, setting.span, false);
  for (const SizeDecl &size : program.sizes)
    add(size.name, size.span, false);
  for (const Setting &setting : program.settings)
    add(setting.name, setting.span, false), items.push_back(setting.span.begin);
  for (const StateDecl &state : program.states)
    add(state.name, state.span, false);
  for (const auto *list : {&program.functions, &program.entries})
    for (const auto &function : *list) {
      add(function->name, function->span, false);
      items.push_back(function->span.begin);
      collectFunction(*function, "fn");
    }
  for (const auto &module : program.modules) {
    add(module->name, module->span, false);
    items.push_back(module->span.begin);
    for (const Param &param : module->params)
      add(param.name, param.span, true);
    for (const Member &member : module->members) {
      if (member.setting)
        add(member.setting->name, member.setting->span, true);
      if (member.state)
        add(member.state->name, member.state->span, true);
      if (member.function)
        collectFunction(*member.function, "fn");
    }
  }
  llvm::sort(items);
}

void Analysis::collectFunction(const Function &function, llvm::StringRef) {
  for (const Param &param : function.params)
    add(param.name, param.span, true);
  collectBlock(function.body);
}
void Analysis::collectBlock(const Block &block) {
  for (const Stmt &stmt : block) {
    if (stmt.kind == StmtKind::Define)
      for (const Target &target : stmt.targets)
        add(target.name, target.span, true);
    if (stmt.kind == StmtKind::For)
      add(stmt.name, stmt.span, true);
    collectBlock(stmt.body);
    collectBlock(stmt.otherwise);
  }
}

/// What a used file defines, for definitions and completions.
void Analysis::collectLibrary(const Program &program, llvm::StringRef folder,
                              const std::vector<std::string> &libraries) {
  for (const UseDecl &use : program.uses) {
    std::vector<std::string> folders = libraries;
    folders.insert(folders.begin(), folder.str());
    for (const std::string &at : folders) {
      llvm::SmallString<256> path(at);
      llvm::sys::path::append(path, use.file + ".tn");
      auto opened = llvm::sys::fs::exists(path) ? Source::open(path)
                                                : llvm::Expected<std::unique_ptr<Source>>(nullptr);
      if (!opened) {
        llvm::consumeError(opened.takeError());
        continue;
      }
      if (!*opened)
        continue;
      std::shared_ptr<Source> owner = std::move(*opened);
      Problems ignored;
      Program library = Parser(*owner, ignored).parseProgram();
      for (const auto &function : library.functions) {
        add(function->name, function->span, false);
        definitions.back().owner = owner;
      }
      for (const auto &module : library.modules) {
        add(module->name, module->span, false);
        definitions.back().owner = owner;
      }
      break;
    }
  }
}

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

Span Analysis::wordAt(uint32_t offset) const {
  llvm::StringRef all = text->text();
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  uint32_t begin = std::min<size_t>(offset, all.size()), end = begin;
  while (begin > 0 && isWord(all[begin - 1]))
    --begin;
  while (end < all.size() && isWord(all[end]))
    ++end;
  return {text.get(), begin, end};
}

uint32_t Analysis::itemOf(uint32_t offset) const {
  auto next = llvm::upper_bound(items, offset);
  return next == items.begin() ? 0 : *std::prev(next);
}

/// The last one before a place in its own declaration, else one of the file or
/// the library.
const Definition *Analysis::definition(uint32_t offset) const {
  Span word = wordAt(offset);
  const Definition *best = nullptr;
  for (const Definition &one : definitions) {
    if (one.name != word.text() || word.begin == word.end)
      continue;
    bool isHere = one.isLocal && itemOf(one.span.begin) == itemOf(offset) && one.span.begin <= word.begin;
    bool better = isHere || (!one.isLocal && (!best || !best->isLocal));
    if (better && (!best || isHere || !best->isLocal))
      best = &one;
  }
  return best;
}

std::optional<std::string> Analysis::describe(uint32_t offset) const {
  Span word = wordAt(offset);
  if (word.begin == word.end)
    return std::nullopt;
  for (const Fact &fact : llvm::reverse(facts))
    if (fact.file == text->name() && fact.begin <= word.begin && fact.end >= word.end &&
        text->text().slice(fact.begin, fact.end) == word.text())
      return word.text().str() + ": " + fact.text;
  if (const Definition *one = definition(offset))
    return one->detail;
  return std::nullopt;
}

std::vector<const Definition *> Analysis::completions(uint32_t offset) const {
  std::vector<const Definition *> list;
  llvm::StringSet<> seen;
  for (const Definition &one : llvm::reverse(definitions)) {
    bool isVisible = !one.isLocal || (itemOf(one.span.begin) == itemOf(offset) && one.span.begin < offset);
    if (isVisible && !one.name.empty() && seen.insert(one.name).second)
      list.push_back(&one);
  }
  return list;
}

} // namespace tenon::language
