//===- Passes.h - passes that divide a graph among ranks --------*- C++ -*-===//

#ifndef TENON_PASSES_SHARD_PASSES_H
#define TENON_PASSES_SHARD_PASSES_H

#include "dialects/spmd/Spmd.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
}

namespace tenon {

#define GEN_PASS_DECL
#include "passes/shard/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/shard/Passes.h.inc"

/// How to split the weights whose names match a glob.
struct ShardRule {
  std::string pattern;
  int64_t dim;
  std::string axis;
};

/// Axes and their sizes, the slowest link first.
using MeshSizes = std::vector<std::pair<std::string, int64_t>>;

/// The shard stage: one axis of the mesh after the other. The module has the mesh as
/// its attribute `spmd.mesh`.
void buildShardPipeline(mlir::OpPassManager &manager, const MeshSizes &mesh,
                        llvm::ArrayRef<ShardRule> rules);

} // namespace tenon

#endif // TENON_PASSES_SHARD_PASSES_H
