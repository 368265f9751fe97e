//===- Import.h - ONNX models to the tenon dialect --------------*- C++ -*-===//
//
//   WeightStore weights;
//   auto module = importOnnx("model.onnx", {}, context, weights);
//
// The module holds `tenon.func @main` (arguments and results carry the model's
// names as `tenon.name`), one `tenon.weight` per large initializer, and the
// symbols of free dimensions as `tenon.symbols`. Locations are node names.
// Every type is complete: no dimension is unnamed.
//
// A model that cannot be imported gets the full list of what is missing: each
// problem goes to `onProblem` and as an error to the context's diagnostics.
// The store must outlive the module. Not thread-safe per context and store.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_ONNX_IMPORT_H
#define TENON_FRONTENDS_ONNX_IMPORT_H

#include "frontends/weights/WeightStore.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <functional>

namespace tenon {

/// What `--dim NAME=MIN..MAX:STEP` says; min == max fixes the dimension.
struct DimOverride {
  std::string name;
  int64_t min = 1, max = std::numeric_limits<int32_t>::max(), step = 1;
};

/// One reason why a model cannot be imported.
struct ImportProblem {
  /// Empty if the problem is the model's, not one node's.
  std::string node;
  std::string op, domain;
  int64_t opset = 0;
  std::string why;
  /// A line for people: names the node, operator, domain and opset.
  std::string str() const;
};

struct ImportOptions {
  std::vector<DimOverride> dims;
  /// Replace results that are known at compile time by constants. Sizes are
  /// followed in any case.
  bool fold = true;
  std::function<void(const ImportProblem &)> onProblem;
};

/// Parses `NAME=N`, `NAME=A..B` or `NAME=A..B:STEP`.
llvm::Expected<DimOverride> parseDimOverride(llvm::StringRef text);

mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> importOnnx(llvm::StringRef path,
                                                              const ImportOptions &options,
                                                              mlir::MLIRContext &context,
                                                              WeightStore &store);

} // namespace tenon

#endif // TENON_FRONTENDS_ONNX_IMPORT_H
