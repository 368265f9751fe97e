//===- Passes.td - passes on whole graphs ----------------------------------===//

#ifndef TENON_PASSES_GRAPH
#define TENON_PASSES_GRAPH

include "mlir/Pass/PassBase.td"

def InferShapes : Pass<"tenon-infer-shapes", "::mlir::ModuleOp"> {
  let summary = "replace symbols whose value is known";
  let description = [{
    A symbol with a range of one value, or given by the option, becomes a number
    in every type and attribute, and leaves the module's symbols. A value outside
    of the symbol's range, or not a multiple of its step, is an error.

    Before, with `dims=B=2`:
    ```mlir
    %1 = tenon.exp %0 : (tensor<?x8xf32, #tenon.dims<[B, 8]>>) -> tensor<?x8xf32, #tenon.dims<[B, 8]>>
    ```
    After:
    ```mlir
    %1 = tenon.exp %0 : (tensor<2x8xf32>) -> tensor<2x8xf32>
    ```
  }];
  let options = [ListOption<"dims", "dims", "std::string", "symbols to fix, as NAME=VALUE">];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def BoundSymbols : Pass<"tenon-bound-symbols", "::mlir::ModuleOp"> {
  let summary = "raise the least value of symbols to what the operations can run with";
  let description = [{
    No size may be negative, a convolution has a position, a reflection stays
    inside of its tensor. Demands on several symbols at once are left to the
    checks at run time.

    Before:
    ```mlir
    module attributes {tenon.symbols = #tenon.symbols<S in 1 to 64>} {
      ...
      %1 = tenon.slice %0 [#tenon.expr<4>] [1] : (tensor<?xf32, #tenon.dims<[S]>>)
           -> tensor<?xf32, #tenon.dims<[S + -4]>>
    ```
    After:
    ```mlir
    module attributes {tenon.symbols = #tenon.symbols<S in 4 to 64>} {
    ```
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def FoldConstants : Pass<"tenon-fold-constants", "::mlir::ModuleOp"> {
  let summary = "compute what depends on constants and sizes only";
  let description = [{
    Evaluates operations by their own factor rule and body. Results of more than
    1 KB stay; so does all work beyond a bound. An i64 scalar that is a size
    expression becomes `tenon.dim`.

    Before:
    ```mlir
    %0 = tenon.dim #tenon.expr<B> : tensor<i64>
    %1 = tenon.constant dense<2> : tensor<i64>
    %2 = tenon.mul %0, %1 : (tensor<i64>, tensor<i64>) -> tensor<i64>
    ```
    After:
    ```mlir
    %2 = tenon.dim #tenon.expr<B * 2> : tensor<i64>
    ```
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def CanonicalizeGraph : Pass<"tenon-canonicalize-graph", "::mlir::ModuleOp"> {
  let summary = "bring operations into one form";
  let description = [{
    Removes what computes nothing (x + 0, x * 1, casts there and back, views that
    change nothing), composes views, joins constants, and moves pads into the
    windows that read them. Joining two constant factors may change the last bit
    of a result.

    Before:
    ```mlir
    %1 = tenon.mul %0, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %2 = tenon.relu %1 : (tensor<4xf32>) -> tensor<4xf32>
    ```
    After:
    ```mlir
    %2 = tenon.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::tenon::TenonDialect"];
}

def Cse : Pass<"tenon-cse", "::mlir::ModuleOp"> {
  let summary = "compute equal things once";
  let description = [{
    Equal operations on equal operands become one.

    Before:
    ```mlir
    %1 = tenon.exp %0 : (tensor<4xf32>) -> tensor<4xf32>
    %2 = tenon.exp %0 : (tensor<4xf32>) -> tensor<4xf32>
    %3 = tenon.add %1, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
    After:
    ```mlir
    %1 = tenon.exp %0 : (tensor<4xf32>) -> tensor<4xf32>
    %3 = tenon.add %1, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
}

def EliminateDead : Pass<"tenon-eliminate-dead", "::mlir::ModuleOp"> {
  let summary = "remove what nothing reads";
  let description = [{
    Operations without effects whose results are unused, weights that are never
    read, private functions that are never called, states never touched.

    Before:
    ```mlir
    tenon.weight @unused : tensor<4xf32> <"w", 0, 16>
    tenon.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = tenon.exp %x : (tensor<4xf32>) -> tensor<4xf32>
      tenon.return %x : tensor<4xf32>
    }
    ```
    After:
    ```mlir
    tenon.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      tenon.return %x : tensor<4xf32>
    }
    ```
  }];
}

def VerifyGraph : Pass<"tenon-verify-graph", "::mlir::ModuleOp"> {
  let summary = "check what the graph stage must have left";
  let description = [{
    Every operation is of the tenon dialect, every dimension is a number or an
    expression over declared symbols, no expression overflowed, constants are
    small, no kernel exists yet.
  }];
}

#endif // TENON_PASSES_GRAPH
