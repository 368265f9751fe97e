//===- Pipeline.cpp - the shard stage -------------------------------------===//
//
// Each axis divides what the one before has left: collectives of the first are
// operations like others to the second.
//
//===----------------------------------------------------------------------===//

#include "passes/graph/Passes.h"
#include "passes/shard/Passes.h"
#include "mlir/Pass/PassManager.h"

namespace tenon {

void buildShardPipeline(mlir::OpPassManager &manager, const MeshSizes &mesh,
                        llvm::ArrayRef<ShardRule> rules) {
  for (const auto &[axis, size] : mesh) {
    if (size == 1)
      continue;
    ShardPlanOptions plan;
    plan.axis = axis;
    for (const ShardRule &rule : rules)
      if (rule.axis == axis)
        plan.weights.push_back(rule.pattern + "=" + std::to_string(rule.dim));
    manager.addPass(createShardPlan(plan));
    manager.addPass(createShardPartition({axis}));
  }
  manager.addPass(createCanonicalizeGraph());
  manager.addPass(createCse());
  manager.addPass(createEliminateDead());
}

} // namespace tenon
