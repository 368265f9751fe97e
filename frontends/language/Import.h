//===- Import.h - programs in the language to the tenon dialect -*- C++ -*-===//
//
//   WeightStore store;
//   LanguageOptions options{.weights = "w.safetensors", .settings = {{"layers", "12"}}};
//   auto module = importLanguage("model.tn", options, context, store);
//
// The module holds a public `tenon.func` for each entry, the weights that are
// read, the states, and private functions for the repeated rounds of loops.
// Everything that is wrong with a program is printed to standard error.
// The store must outlive the module.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_IMPORT_H
#define TENON_FRONTENDS_LANGUAGE_IMPORT_H

#include "frontends/language/Source.h"
#include "frontends/weights/WeightStore.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>
#include <vector>

namespace tenon {

namespace language {
/// What a name in a file stood for.
struct Fact {
  std::string file;
  uint32_t begin, end;
  std::string text;
};
} // namespace language

struct LanguageOptions {
  std::string weights;                                       ///< a file, or empty
  std::vector<std::pair<std::string, std::string>> settings; ///< --set NAME=VALUE
  std::vector<std::string> libraries; ///< folders to look for used files in
  /// The text of the program where it is not the file's (an editor's).
  std::unique_ptr<language::Source> source;
  /// What depends on weights that are not given is left out, not refused.
  bool mayLackWeights = false;
  /// Where to note what names stood for; may be null.
  std::vector<language::Fact> *facts = nullptr;
};

/// Parses `NAME=VALUE`.
llvm::Expected<std::pair<std::string, std::string>> parseSetting(llvm::StringRef text);

mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> importLanguage(llvm::StringRef path,
                                                                  const LanguageOptions &options,
                                                                  mlir::MLIRContext &context,
                                                                  WeightStore &store);

} // namespace tenon

#endif // TENON_FRONTENDS_LANGUAGE_IMPORT_H
