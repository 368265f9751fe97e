//===- Passes.td - Passes of code generation ---------------------*- tablegen -*-===//
#ifndef TENON_PASSES_CODEGEN_PASSES_TD
#define TENON_PASSES_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def TileToLLVMPass : Pass<"tile-to-llvm", "::mlir::ModuleOp"> {
  let summary = "tile programs to LLVM functions on native vectors";
  let description = [{
    Replaces every `tile.func` by an `llvm.func` of the kernel ABI (see Cpu.h) and
    a private body. Tiles become lists of native vectors (emit/Fragments.h),
    structured control flow becomes branches. What remains besides `llvm` is
    `arith` and `math` on scalars and vectors, for `expand-math` and the
    conversions of MLIR.

    Before:
    ```mlir
    %a = tile.load %x[%off] strides [1] : !tile.view<f32> -> tensor<32xf32>
    %b = arith.mulf %a, %a : tensor<32xf32>
    ```
    After, with 16 lanes:
    ```mlir
    %p = llvm.getelementptr %x[%off] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %a0 = llvm.load %p : !llvm.ptr -> vector<16xf32>
    %q = llvm.getelementptr %p[16] : (!llvm.ptr) -> !llvm.ptr, f32
    %a1 = llvm.load %q : !llvm.ptr -> vector<16xf32>
    %b0 = arith.mulf %a0, %a0 : vector<16xf32>
    %b1 = arith.mulf %a1, %a1 : vector<16xf32>
    ```
  }];
  let options = [Option<"features", "features", "std::string", "\"avx512\"",
                        "what the CPU has: avx2 or avx512">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def TileToNvvmPass : Pass<"tile-to-nvvm", "::mlir::ModuleOp"> {
  let summary = "tile programs to LLVM kernels of one thread";
  let description = [{
    Replaces every `tile.func` by an `llvm.func` that a GPU launches: what one
    thread of a block does (gpu/GpuEmitter.h says where a tile's elements lie).
    What remains besides `llvm` and `nvvm` is `arith` and `math` on scalars.

    Before:
    ```mlir
    %a = tile.load %x[%off] strides [1] : !tile.view<f32> -> tensor<64xf32>
    %m = tile.reduce max %a dim 0 : tensor<64xf32> -> tensor<1xf32>
    ```
    After, with 32 threads:
    ```mlir
    %p = llvm.getelementptr %x[%off] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
    %q = llvm.getelementptr %p[%tid] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
    %a0 = llvm.load %q : !llvm.ptr<1> -> f32
    %r = llvm.getelementptr %q[32] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    %a1 = llvm.load %r : !llvm.ptr<1> -> f32
    %m0 = arith.maximumf %a0, %a1 : f32
    %s = nvvm.shfl.sync bfly %all, %m0, %c16, %c31 : f32 -> f32
    ...
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def ExpandMathPass : Pass<"expand-math", "::mlir::ModuleOp"> {
  let summary = "transcendental functions to polynomials";
  let description = [{
    Replaces `math` operations on f32 and f64, and the `arith` operations for
    which LLVM would call a library function, by arithmetic and integer
    operations. Changes numerics: results are within the errors that
    math/Functions.h states, and do not depend on the machine's libm. A function
    whose expansions would be long together is expanded once, in a private
    function of the module, and called.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif
