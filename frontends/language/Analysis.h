//===- Analysis.h - what an editor asks of a program ------------*- C++ -*-===//
//
//   Analysis analysis(source, options);
//   analysis.problems()                     what is wrong
//   analysis.describe(offset)               the name there, with its shape
//   analysis.definition(offset)             where it is defined
//   analysis.completions(offset)            names that could stand there
//
// Works on programs that are being written: weights may be missing (what depends
// on them is not checked), and what does not parse hides only itself.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_ANALYSIS_H
#define TENON_FRONTENDS_LANGUAGE_ANALYSIS_H

#include "frontends/language/Ast.h"
#include "frontends/language/Import.h"

namespace tenon::language {

/// A name of a program.
struct Definition {
  std::string name, detail; ///< "softmax", "fn softmax(x[*, n])"
  Span span;
  bool isLocal = false; ///< of a function or module
  /// Owner keeps the file of a definition in the library alive.
  std::shared_ptr<Source> owner;
};

class Analysis {
public:
  Analysis(std::string path, std::string text, const std::string &weights,
           const std::vector<std::string> &libraries);

  const Source &source() const { return *text; }
  const Problems &problems() const { return found; }
  /// The name at a place; empty if there is none.
  Span wordAt(uint32_t offset) const;
  std::optional<std::string> describe(uint32_t offset) const;
  const Definition *definition(uint32_t offset) const;
  std::vector<const Definition *> completions(uint32_t offset) const;

private:
  void collect(const Program &program);
  void collectFunction(const Function &function, llvm::StringRef word);
  void collectBlock(const Block &block);
  void collectLibrary(const Program &program, llvm::StringRef folder,
                      const std::vector<std::string> &libraries);
  void add(llvm::StringRef name, Span span, bool isLocal, std::string detail = "");
  /// Where the declaration around a place begins.
  uint32_t itemOf(uint32_t offset) const;

  std::shared_ptr<Source> text;
  Problems found;
  std::vector<Fact> facts;
  std::vector<Definition> definitions;
  std::vector<uint32_t> items;
};

} // namespace tenon::language

#endif // TENON_FRONTENDS_LANGUAGE_ANALYSIS_H
