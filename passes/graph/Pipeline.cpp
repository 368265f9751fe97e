//===- Pipeline.cpp - the graph stage -------------------------------------===//
//
// From what a frontend built to the form that fusion reads.
//
//===----------------------------------------------------------------------===//

#include "passes/graph/Passes.h"
#include "mlir/Pass/PassManager.h"

namespace tenon {

void buildGraphPipeline(mlir::OpPassManager &manager, llvm::ArrayRef<std::string> dims) {
  // Sizes first: with numbers in the types more of the rest applies.
  InferShapesOptions shapes;
  shapes.dims.assign(dims.begin(), dims.end());
  manager.addPass(createInferShapes(shapes));
  // While all operations are there: what later passes remove has demands, too.
  manager.addPass(createBoundSymbols());

  // Folding before canonicalization, which looks for constants ...
  manager.addPass(createFoldConstants());
  manager.addPass(createCanonicalizeGraph());

  // ... and once more after it, for the constants that joining made.
  manager.addPass(createFoldConstants());
  manager.addPass(createCse());
  manager.addPass(createEliminateDead());

  manager.addPass(createVerifyGraph());
}

} // namespace tenon
