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

def LaunchLoopsPass : Pass<"exec-launch-loops", "::mlir::ModuleOp"> {
  let summary = "loops of small kernels as kernels";
  let description = [{
    For CPUs. A loop whose rounds only launch kernels, with little to do in each,
    becomes one kernel that walks the rounds; two such loops that do not depend on
    each other (the directions of a recurrent layer) become its two blocks
    (LoopKernel.h). The order of computations stays.

    Before:
    ```mlir
    exec.loop "loop.0" trips(<T>) carry(%n) into(%h) {
      exec.launch @k0 grid(<16>) reads(%x, %h) writes(%n)
    }
    ```
    After:
    ```mlir
    exec.launch @loop grid(<1>) reads(%x) writes(%h, %n)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::tenon::tile::TileDialect"];
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

def VerifyExecPass : Pass<"exec-verify", "::mlir::ModuleOp"> {
  let summary = "check what scheduling must have left";
  let description = [{
    `exec_c1`: no function of the graph is left.
    `exec_c2`: a launch names a tile function, hands it as many buffers as it has
    views, and the symbols that it lists are the program's first.
    `exec_c3`: weights and states exist.
    `exec_c4`: sizes are over the program's symbols.
    `exec_c5`: of two places of an arena that hold something at the same time one
    lies above the other, directly or through others.
  }];
}

#endif
