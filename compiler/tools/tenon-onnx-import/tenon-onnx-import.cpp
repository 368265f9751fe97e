//===- tenon-onnx-import.cpp - ONNX models as IR in text form -------------===//
//
//   tenon-onnx-import [--dim NAME=RANGE]... [--no-fold] [--check] MODEL...
//
// Prints the imported module of each model. With --check only a line per model
// is printed, `ok` or `refused`, and many models go through one process: the
// measure of how much the importer covers. The status is 1 if one was refused.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Import.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;
static cl::OptionCategory category("options");
static cl::list<std::string> models(cl::Positional, cl::OneOrMore, cl::desc("MODEL..."), cl::cat(category));
static cl::list<std::string> dims("dim", cl::desc("range of a dimension: NAME=A..B:STEP"),
                                  cl::cat(category));
static cl::opt<bool> noFold("no-fold", cl::desc("keep what is known at compile time"),
                            cl::cat(category));
static cl::opt<bool> check("check", cl::desc("say only whether each model can be imported"),
                           cl::cat(category));
static cl::opt<bool> locations("locations", cl::desc("print node names as locations"),
                               cl::cat(category));

/// Imports one model; prints it, or a line about it.
static bool import(const std::string &path, const tenon::ImportOptions &options) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  std::string errors;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    errors += diagnostic.str() + "\n";
    return mlir::success();
  });
  tenon::WeightStore store;
  auto module = tenon::importOnnx(path, options, context, store);
  bool good = mlir::succeeded(module);
  if (check)
    llvm::outs() << (good ? "ok " : "refused ") << path << "\n" << errors;
  else
    llvm::errs() << errors;
  llvm::outs().flush();
  if (good && !check)
    (*module)->print(llvm::outs(), mlir::OpPrintingFlags().enableDebugInfo(locations, locations));
  return good;
}

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "ONNX models as IR in text form\n");
  tenon::ImportOptions options;
  options.fold = !noFold;
  for (const std::string &text : dims) {
    llvm::Expected<tenon::DimOverride> dim = tenon::parseDimOverride(text);
    if (!dim) {
      llvm::errs() << "error: " << llvm::toString(dim.takeError()) << "\n";
      return 2;
    }
    options.dims.push_back(*dim);
  }
  bool good = true;
  for (const std::string &path : models)
    good &= import(path, options);
  return good ? 0 : 1;
}
