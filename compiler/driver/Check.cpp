//===- Check.cpp - the command line of `tenon check` ----------------------===//
//
// Says whether a model compiles, without writing anything: the import names
// every node that is missing in one go, the stages after it what they refuse.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include "runtime/support/CommandLine.h"

namespace tenon {

int checkMain(int argc, const char *const *argv) {
  CompileOptions options;
  options.program = "tenon check";
  ModelArguments arguments;
  CLI::App app("Says whether a model compiles, and all that is missing if not.", options.program);
  arguments.add(app, options);
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  if (llvm::Error error = arguments.take(options))
    return misuse(app, llvm::toString(std::move(error)));
  std::string model = options.model;
  if (mlir::failed(Compilation(std::move(options)).check()))
    return 1;
  llvm::outs() << model << ": compiles\n";
  return 0;
}

} // namespace tenon
