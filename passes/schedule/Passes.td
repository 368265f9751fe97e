//===- Passes.td - passes of scheduling -------------------------*- tablegen -*-===//
#ifndef TENON_PASSES_SCHEDULE_PASSES_TD
#define TENON_PASSES_SCHEDULE_PASSES_TD

include "mlir/Pass/PassBase.td"

def TenonToExecPass : Pass<"tenon-to-exec", "::mlir::ModuleOp"> {
  let summary = "functions of kernels to programs";
  let description = [{
    Replaces every public `tenon.func` by an `exec.program`. Kernels become
    launches in their order; reshapes become the same buffer; a kernel writes
    what the function returns straight into the output. Every other tensor gets
    a place of its own in an arena, which `exec-plan-memory` then lets share.

    Before:
    ```mlir
    %1 = tenon.kernel "k0"(%x) : (tensor<4xf32>) -> tensor<4xf32> { ... }
    %2 = tenon.kernel "k1"(%1) : (tensor<4xf32>) -> tensor<4xf32> { ... }
    tenon.return %2 : tensor<4xf32>
    ```
    After:
    ```mlir
    %a = exec.arena
    %t = exec.place %a size(<16>)
    exec.launch @k0 grid(<1>) reads(%x) writes(%t)
    exec.launch @k1 grid(<1>) reads(%t) writes(%y)
    ```
  }];
  let dependentDialects = ["::tenon::exec::ExecDialect"];
}

def PlanMemoryPass : Pass<"exec-plan-memory", "::tenon::exec::ProgramOp"> {
  let summary = "let places of an arena share memory";
  let description = [{
    Two places may overlap if one is dead before the other is written. Packs
    them at the sizes that the symbols probably have, then keeps the order that
    came out as `above` operands, which is right for all sizes (Packing.h).

    Before:
    ```mlir
    %t = exec.place %a size(<16>)
    %u = exec.place %a size(<16>)
    exec.launch @k0 grid(...) reads(%x) writes(%t)
    exec.launch @k1 grid(...) reads(%t) writes(%u)
    ```
    After:
    ```mlir
    %t = exec.place %a size(<16>)
    %u = exec.place %a size(<16>) above(%t)
    ```
  }];
}

#endif
