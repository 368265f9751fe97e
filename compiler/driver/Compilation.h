//===- Compilation.h - one model on its way to a bundle ---------*- C++ -*-===//
//
//   mlir::MLIRContext context;                 // or Compilation's own
//   Compilation compilation(options);
//   if (failed(compilation.run())) ...         // errors are on stderr
//
// Runs the stages import, graph, fuse, tile, exec, codegen, bundle, each a
// pipeline of its own that ends with a verifier, and stops after the one that
// the options name, printing its IR to standard output.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_COMPILER_DRIVER_COMPILATION_H
#define TENON_COMPILER_DRIVER_COMPILATION_H

#include "compiler/bundle/FromExec.h"
#include "compiler/driver/Options.h"
#include "frontends/weights/WeightStore.h"
#include "mlir/IR/MLIRContext.h"

namespace mlir {
class TimingScope;
}

namespace tenon {

class Compilation {
public:
  explicit Compilation(CompileOptions options);

  /// Runs all stages; every error has been reported when it fails.
  mlir::LogicalResult run();
  /// Only looks whether the model can be compiled: everything but the kernels'
  /// code and the file.
  mlir::LogicalResult check();

private:
  mlir::LogicalResult import();
  mlir::LogicalResult importText();
  mlir::LogicalResult importProgram();
  mlir::LogicalResult openWeights();
  mlir::LogicalResult importAndLower(Stage last, mlir::TimingScope &time);
  mlir::LogicalResult runStage(mlir::ModuleOp on, llvm::StringRef device,
                               const struct StagePasses &passes, mlir::TimingScope &time);
  mlir::LogicalResult lower(Stage last, mlir::TimingScope &time);
  void split();
  mlir::LogicalResult generateCode();
  mlir::LogicalResult generateForCpu(DeviceCode &made);
  mlir::LogicalResult generateForGpu(DeviceCode &made);
  mlir::LogicalResult writeFile();
  mlir::LogicalResult fail(const llvm::Twine &message);
  void report(llvm::StringRef kind, mlir::Diagnostic &diagnostic);
  mlir::OpPrintingFlags printingFlags() const;
  void print(mlir::ModuleOp what);
  mlir::LogicalResult saveWeights();

  CompileOptions options;
  mlir::MLIRContext context;
  WeightStore store;
  CompileTargets targets;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// The module as one kind of device runs it, from the stage fuse on: what shares
  /// a kernel depends on the device.
  struct DeviceModule {
    llvm::StringRef device; ///< "cpu" or "gpu"
    mlir::OwningOpRef<mlir::ModuleOp> module;
  };
  std::vector<DeviceModule> devices;
  std::vector<DeviceCode> code;
};

/// A source of a weight's bytes in the order in which the bundle keeps them.
mlir::FailureOr<bundle::DataSource> weightSource(WeightOp weight, const WeightStore &store);

/// Computes weights that are put together from others, and adds their bytes to
/// the store.
void foldWeights(mlir::ModuleOp module, WeightStore &store);

/// Registers every dialect of the compiler.
void registerDialects(mlir::DialectRegistry &registry);

/// The passes of all stages in order, as `--print-ir-after` knows them.
std::vector<std::string> passNames();

/// `tenon compile` as a function: 0, 1 (refused or wrong input) or 2 (usage).
int compileMain(int argc, const char *const *argv);
/// The command `tenon check`.
int checkMain(int argc, const char *const *argv);

} // namespace tenon

#endif // TENON_COMPILER_DRIVER_COMPILATION_H
