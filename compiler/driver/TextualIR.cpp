//===- TextualIR.cpp - IR as text, out and in again -----------------------===//
//
// What --stop-after and --print-ir-after print, and the .mlir files that
// `tenon compile` takes: IR of the tenon dialect as it is after the stages
// import and graph.
//
// Weights are not in the text. One that lies in a file is named by it; the
// others (converted by the importer, folded) exist in memory only, so that IR
// that shall be compiled again needs --save-weights, which writes all of them.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include "dialects/exec/Exec.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/Path.h"

using namespace mlir;
namespace tenon {

//===----------------------------------------------------------------------===//
// Out
//===----------------------------------------------------------------------===//

OpPrintingFlags Compilation::printingFlags() const {
  OpPrintingFlags flags;
  if (options.elide)
    return flags.elideLargeElementsAttrs(16).elideLargeResourceString(16);
  return flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
}

void Compilation::print(ModuleOp what) {
  // Tile programs come from a generator that leaves simplifying to LLVM; the
  // reader has none.
  PassManager manager(&context);
  manager.addPass(createCanonicalizerPass());
  if (options.stopAfter != Stage::Tile || succeeded(manager.run(what)))
    what->print(llvm::outs(), printingFlags());
}

LogicalResult Compilation::saveWeights() {
  StringRef name = llvm::sys::path::filename(options.saveWeights);
  StringAttr file = StringAttr::get(&context, name);
  auto write = [&](llvm::raw_ostream &os) -> llvm::Error {
    int64_t end = 0;
    for (WeightOp weight : module->getOps<WeightOp>()) {
      std::optional<ArrayRef<char>> bytes = store.bytes(weight.getStore());
      if (!bytes)
        return llvm::createStringError("weight '" + weight.getSymName() + "' has no bytes");
      int64_t start = llvm::alignTo(end, 64);
      os.write_zeros(start - end);
      os.write(bytes->data(), bytes->size());
      end = start + bytes->size();
      weight.setStoreAttr(StoreAttr::get(&context, file, start, bytes->size()));
    }
    return llvm::Error::success();
  };
  if (llvm::Error error = llvm::writeToOutput(options.saveWeights, write))
    return fail("cannot write '" + options.saveWeights + "': " + toString(std::move(error)));
  return success();
}

//===----------------------------------------------------------------------===//
// In
//===----------------------------------------------------------------------===//

/// The stage after which IR looks like this one, of those that are no input.
static std::optional<Stage> laterStage(ModuleOp module) {
  std::optional<Stage> stage;
  module.walk([&](Operation *op) {
    if (isa<exec::ExecDialect>(op->getDialect()))
      stage = Stage::Exec;
    else if (isa<tile::TileDialect>(op->getDialect()))
      stage = std::max(stage.value_or(Stage::Tile), Stage::Tile);
    else if (isa<KernelOp>(op))
      stage = std::max(stage.value_or(Stage::Fuse), Stage::Fuse);
  });
  return stage;
}

/// Operations written by hand are named by their kind and line: "gelu:12".
static void nameOperations(ModuleOp module) {
  module.walk([](Operation *op) {
    auto place = dyn_cast<FileLineColLoc>(op->getLoc());
    if (!place || op->getNumResults() == 0 || !isa<TenonDialect>(op->getDialect()))
      return;
    std::string name = (op->getName().stripDialect() + ":" + Twine(place.getLine())).str();
    op->setLoc(NameLoc::get(StringAttr::get(op->getContext(), name), place));
  });
}

LogicalResult Compilation::openWeights() {
  StringRef folder = llvm::sys::path::parent_path(options.model);
  for (WeightOp weight : module->getOps<WeightOp>()) {
    StringRef file = weight.getStore().getFile().getValue();
    if (file == WeightStore::kOwned)
      return weight.emitError() << "weight '" << weight.getSymName()
                                << "' is in no file: print the IR with --save-weights FILE";
    if (store.contains(file))
      continue;
    auto mapped = MappedFile::openBeneath(folder.empty() ? "." : folder, file);
    if (!mapped)
      return weight.emitError(toString(mapped.takeError()));
    store.addFile(file, *mapped);
  }
  return success();
}

LogicalResult Compilation::importText() {
  module = parseSourceFile<ModuleOp>(options.model, &context);
  if (!module)
    return failure();
  if (std::optional<Stage> stage = laterStage(*module))
    return fail("'" + options.model + "' is IR after stage '" + stageName(*stage) +
                "', expected IR after 'import' or 'graph'");
  if (module->getOps<FuncOp>().empty())
    return fail("'" + options.model + "' has no tenon.func: there is nothing to compile");
  nameOperations(*module);
  return openWeights();
}

} // namespace tenon
