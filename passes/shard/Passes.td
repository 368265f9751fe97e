//===- Passes.td - passes that divide a graph among ranks ------------------===//

#ifndef TENON_PASSES_SHARD
#define TENON_PASSES_SHARD

include "mlir/Pass/PassBase.td"

def ShardPlan : Pass<"tenon-shard-plan", "::mlir::ModuleOp"> {
  let summary = "choose for each operation the factor that the ranks of an axis share";
  let description = [{
    The choice with the least cost of computing and communicating (Cost.h), found
    exactly by elimination (Solver.h); written down as `spmd.factor`, absent where
    every rank does all of it. Inputs and outputs are whole on every rank. `weights`
    are constraints, PATTERN=DIM: weights whose name matches are split along DIM.

    Before, in a module with `spmd.mesh = #spmd.mesh<"tp" = 2>`, with `axis=tp`:
    ```mlir
    %w = tenon.read @w : tensor<64x256xf32>
    %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %0, %w : ...
    ```
    After:
    ```mlir
    %w = tenon.read @w {spmd.factor = 1 : i64} : tensor<64x256xf32>
    %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %0, %w {spmd.factor = 1 : i64} : ...
    ```
  }];
  let options = [
    Option<"axis", "axis", "std::string", "", "the mesh axis">,
    ListOption<"weights", "weights", "std::string", "how to split weights, as PATTERN=DIM">,
    Option<"flops", "flops", "double", "400e12", "operations per second and rank">,
    Option<"memory", "memory", "double", "3e12", "bytes of memory per second and rank">,
    Option<"link", "link", "double", "400e9", "bytes over links per second and rank">,
    Option<"latency", "latency", "double", "5e-6", "seconds that a collective takes at least">
  ];
  let dependentDialects = ["::tenon::spmd::SpmdDialect"];
}

def ShardPartition : Pass<"tenon-shard-partition", "::mlir::ModuleOp"> {
  let summary = "rewrite a planned graph as one rank runs it";
  let description = [{
    Operations with a `spmd.factor` get the shapes of one rank, weights their part
    (`spmd.split`); between operations that want a value in different forms come
    slices and collectives, each made once. Sums that are split change the order of
    additions: results differ in the last bits from the undivided graph's.

    Before, with `axis=tp`:
    ```mlir
    %1 = tenon.reduce <add> %0 dims [1] {spmd.factor = 1 : i64} : (tensor<4x8xf32>) -> tensor<4xf32>
    ```
    After:
    ```mlir
    %1 = tenon.slice %0 [#tenon.expr<0>, #tenon.expr<4 * rank.tp>] [1, 1] : (tensor<4x8xf32>) -> tensor<4x4xf32>
    %2 = tenon.reduce <add> %1 dims [1] : (tensor<4x4xf32>) -> tensor<4xf32>
    %3 = spmd.all_reduce <add> %2 axis "tp" : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let options = [Option<"axis", "axis", "std::string", "", "the mesh axis">];
  let dependentDialects = ["::tenon::spmd::SpmdDialect"];
}

#endif // TENON_PASSES_SHARD
