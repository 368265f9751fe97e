//===- Check.cpp - the command `tenon check` ------------------------------===//
//
// Says whether a model compiles, without writing anything: the import names
// every node that is missing in one go, the stages after it what they refuse.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include "dialects/tile/TileDialect.h"
#include "dialects/tile/Variants.h"
#include "mlir/Support/Timing.h"
#include "runtime/support/CommandLine.h"

using namespace mlir;
namespace tenon {

/// An image that lists the kernels of a module and has no code.
static CodeImage kernelsWithoutCode(ModuleOp module) {
  CodeImage image;
  for (tile::FuncOp func : module.getOps<tile::FuncOp>())
    if (!func->hasAttr(tile::kKernelAttr))
      image.kernels.push_back({func.getSymName().str(), 0, {}, {}});
  return image;
}

/// All that compilation does but machine code, before which all is refused that is
/// refused. Weights are read and laid out, and dropped.
LogicalResult Compilation::check() {
  TimingScope none;
  if (failed(importAndLower(Stage::Exec, none)))
    return failure();
  for (DeviceModule &device : devices) {
    DeviceCode &made = code.emplace_back();
    made.module = *device.module;
    if (device.device == "gpu" && failed(generateForGpu(made)))
      return failure();
    if (device.device == "cpu")
      for (CpuFeatures set : targets.cpu)
        made.cpu.push_back({cpuFeaturesName(set).str(), kernelsWithoutCode(made.module)});
  }
  auto source = [&](WeightOp weight) { return weightSource(weight, store); };
  FailureOr<bundle::BundleInput> input = bundleFromExec(std::move(code), source);
  if (failed(input))
    return failure();
  for (const bundle::DataSource &weight : input->weightData)
    if (Status status = weight.produce([](const void *, size_t) { return true; }); !status.ok())
      return fail(status.error().message);
  return success();
}

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
  if (failed(Compilation(std::move(options)).check()))
    return 1;
  llvm::outs() << model << ": compiles\n";
  return 0;
}

} // namespace tenon
