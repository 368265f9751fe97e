//===- Passes.td - passes that make tile programs ---------------*- tablegen -*-===//

#ifndef TENON_PASSES_TILE_PASSES_TD
#define TENON_PASSES_TILE_PASSES_TD

include "mlir/Pass/PassBase.td"

def AssignOrdersPass : Pass<"tenon-assign-orders", "::mlir::ModuleOp"> {
  let summary = "choose in which order tensors lie in memory";
  let description = [{
    Gives kernels the attributes `operand_orders` and `result_orders`: for each
    operand and result its dimensions from major to minor (empty: row-major).
    Only tensors that pass between kernels, and weights, are free; inputs and
    outputs stay row-major. The result of a product has the weight's own
    dimension last (channels last in a convolution), so that its lanes are
    contiguous; other kernels keep the order of what they read. A weight's order
    is kept on the weight, whose bytes are laid out so when the bundle is written.

    Before:
    ```mlir
    tenon.weight @w : tensor<64x3x3x3xf32> ...
    ```
    After:
    ```mlir
    tenon.weight @w : tensor<64x3x3x3xf32> ... {order = array<i64: 1, 2, 3, 0>}
    ```
  }];
}

def PackPanelsPass : Pass<"tenon-pack-panels", "::mlir::ModuleOp"> {
  let summary = "keep the weights of products in panels of a few vectors";
  let description = [{
    For CPUs, after `tenon-assign-orders`: a weight that products read a few
    columns at a time lies in memory panel by panel, so that what one tile reads
    is one stream. The panel is a dimension of its own; a reshape in each kernel
    gives the elements their names back.

    Before:
    ```mlir
    tenon.weight @w : tensor<768x3072xf32> ...
    ```
    After:
    ```mlir
    tenon.weight @w : tensor<768x96x32xf32> ... {order = array<i64: 1, 0, 2>}
    ```
  }];
}

def MarkInPlacePass : Pass<"tenon-mark-in-place", "::mlir::ModuleOp"> {
  let summary = "update the tensor that a loop carries where it lies";
  let description = [{
    A scatter whose data is a loop's carried tensor, read by nothing else, and
    whose result is that tensor in the next round gets `tenon.in_place`: its
    kernel copies nothing, and scheduling gives it one buffer.

    Before:
    ```mlir
    %n = tenon.scatter none %carried[%t] %step ...
    tenon.yield %more, %n
    ```
    After:
    ```mlir
    %n = tenon.scatter none %carried[%t] %step ... {tenon.in_place}
    tenon.yield %more, %n
    ```
  }];
}

def VerifyOrdersPass : Pass<"tenon-verify-orders", "::mlir::ModuleOp"> {
  let summary = "check that all agree on the order of each tensor in memory";
  let description = [{
    After `tenon-assign-orders`: each kernel is told for each operand the order
    of the weight or of the kernel result that it reads; everything else reads
    row-major. Example of what is refused: a weight with
    `{order = array<i64: 1, 0>}` and a reader with `operand_orders = [array<i64>]`.
  }];
}

def KernelsToTilePass : Pass<"tenon-kernels-to-tile", "::mlir::ModuleOp"> {
  let summary = "tile functions from fused kernels";
  let description = [{
    For every `tenon.kernel` a `tile.func` of its name is added to the module:
    arguments are the kernel's operands, then its results. Kernels that hold one
    irregular operation (scan, scatter, sort, nonzero) have generators of their
    own; all others are pulled from their factor rules (Evaluator.h). With
    `variant-lanes`, kernels with register tiles get a second function with the
    same grid for CPUs with shorter and fewer registers: `tile.lanes` says which,
    `tile.kernel` whose code it is.

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
    Option<"registers", "registers", "int64_t", "32", "number of vector registers">,
    Option<"variantLanes", "variant-lanes", "int64_t", "0",
           "lanes of CPUs for which products are also emitted; 0: none">,
    Option<"variantRegisters", "variant-registers", "int64_t", "16", "their registers">,
    Option<"blockPoints", "block-points", "int64_t", "16384",
           "about how many operations a block should be worth">,
    Option<"hasThreads", "has-threads", "bool", "false", "a tile's lanes are threads of a GPU">,
    Option<"products", "products", "std::string", "\"f32\"",
           "the type in which a GPU multiplies products of f32: f32, f16 or bf16; sums are f32">
  ];
  let dependentDialects = ["::tenon::tile::TileDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect"];
}

def ExpandSizesPass : Pass<"tenon-expand-sizes", "::mlir::ModuleOp"> {
  let summary = "named sizes become expressions again";
  let description = [{
    The inverse of `tenon-name-sizes`: every symbol of `tenon.named_sizes` is
    replaced by its definition, and the attribute is gone.

    Before:
    ```mlir
    tile.dim n0
    ```
    After:
    ```mlir
    tile.dim (W + -1) floordiv 2 + 1
    ```
  }];
  let dependentDialects = ["::tenon::TenonDialect", "::tenon::tile::TileDialect"];
}

def VerifyTilesPass : Pass<"tenon-verify-tiles", "::mlir::ModuleOp"> {
  let summary = "check what the tile stage must have left";
  let description = [{
    `tiles_c1`: every kernel has a tile function of its name, whose views are of
    the kernel's operands, then its results.
    `tiles_c2`: a tile function lists the module's symbols in their order, by
    which the runtime hands them over.
    `tiles_c3`: no operation of the graph is left in a tile function.
  }];
}

#endif // TENON_PASSES_TILE_PASSES_TD
