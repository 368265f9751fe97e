//===- Passes.td - passes that make tile programs ---------------*- tablegen -*-===//

#ifndef TENON_PASSES_TILE_PASSES_TD
#define TENON_PASSES_TILE_PASSES_TD

include "mlir/Pass/PassBase.td"

def KernelsToTilePass : Pass<"tenon-kernels-to-tile", "::mlir::ModuleOp"> {
  let summary = "tile functions from fused kernels";
  let description = [{
    For every `tenon.kernel` a `tile.func` of its name is added to the module:
    arguments are the kernel's operands, then its results. Kernels that hold one
    irregular operation (scan, scatter, sort, nonzero) have generators of their
    own; all others are pulled from their factor rules (Evaluator.h).

    Before:
    ```mlir
    %1 = tenon.kernel "k0"(%0) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%x: tensor<4xf32>):
      %y = tenon.relu %x : (tensor<4xf32>) -> tensor<4xf32>
      tenon.yield %y : tensor<4xf32>
    }
    ```
    After, besides:
    ```mlir
    tile.func @k0(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index) grid(...) { ... }
    ```
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "16", "f32 lanes of a vector register">,
    Option<"registers", "registers", "int64_t", "32", "number of vector registers">
  ];
  let dependentDialects = ["::tenon::tile::TileDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect"];
}

#endif // TENON_PASSES_TILE_PASSES_TD
