//===- Passes.td - fusion passes -------------------------------------------===//

#ifndef TENON_PASSES_FUSE
#define TENON_PASSES_FUSE

include "mlir/Pass/PassBase.td"

def FuseKernels : Pass<"tenon-fuse-kernels", "::mlir::ModuleOp"> {
  let summary = "group operations into kernels";
  let description = [{
    Every operation that computes something ends in one `tenon.kernel`: one
    launch. Which share a kernel follows from their factor rules and the cost on
    the target (docs/fusion.md); there is no list of pairs. Views and scalar
    constants are copied into each kernel that reads them; weights, larger
    constants, states and control flow stay outside.

    Before:
    ```mlir
    %1 = tenon.add %0, %b : (tensor<8x4xf32>, tensor<4xf32>) -> tensor<8x4xf32>
    %2 = tenon.relu %1 : (tensor<8x4xf32>) -> tensor<8x4xf32>
    ```
    After:
    ```mlir
    %1 = tenon.kernel "k0"(%0, %b) : (tensor<8x4xf32>, tensor<4xf32>) -> tensor<8x4xf32> {
    ^bb0(%x: tensor<8x4xf32>, %c: tensor<4xf32>):
      %2 = tenon.add %x, %c : (tensor<8x4xf32>, tensor<4xf32>) -> tensor<8x4xf32>
      %3 = tenon.relu %2 : (tensor<8x4xf32>) -> tensor<8x4xf32>
      tenon.yield %3 : tensor<8x4xf32>
    }
    ```
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "whose costs decide: cpu, cpu:<threads> or gpu">,
                 Option<"merge", "merge", "bool", "true",
                        "false: each operation in a kernel of its own, for comparison">];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def NameSizes : Pass<"tenon-name-sizes", "::mlir::ModuleOp"> {
  let summary = "symbols for sizes that are sums";
  let description = [{
    While kernels are formed, a size such as `(W - 1) floordiv 2 + 1` is a symbol
    of its own, defined in the module's attribute `tenon.named_sizes`, so that
    strides stay products. `tenon-expand-sizes` writes the expressions again.

    Before:
    ```mlir
    tensor<?x8xf32, #tenon.dims<[(W + -1) floordiv 2 + 1, 8]>>
    ```
    After:
    ```mlir
    module attributes {tenon.named_sizes = {n0 = #tenon.expr<(W + -1) floordiv 2 + 1>}} ...
    tensor<?x8xf32, #tenon.dims<[n0, 8]>>
    ```
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def VerifyKernels : Pass<"tenon-verify-kernels", "::mlir::ModuleOp"> {
  let summary = "check what fusion must have left";
  let description = [{
    Outside of kernels there are only functions, weights, states, larger
    constants and control flow; no kernel lies in another; names are unique.
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

#endif // TENON_PASSES_FUSE
