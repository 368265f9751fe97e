// RUN: tenon-opt %s -tile-to-nvvm | FileCheck %s
// RUN: tenon-opt %s -tile-to-nvvm | FileCheck %s --check-prefix=GLOBALS
// GLOBALS-DAG: llvm.mlir.global internal @sum_partials() {addr_space = 3 : i32
// GLOBALS-DAG: llvm.mlir.global external @turn_scratch() {addr_space = 3 : i32

// What one thread does: two of 64 columns, neighbours to neighbours.
// CHECK-LABEL: llvm.func @square(
// CHECK-SAME: %[[X:[^:]*]]: !llvm.ptr<1> {llvm.noalias, llvm.readonly}
// CHECK-SAME: %[[Y:[^:]*]]: !llvm.ptr<1> {llvm.noalias}
// CHECK-SAME: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: i64)
// CHECK-SAME: nvvm.kernel
// CHECK-SAME: nvvm.reqntid = array<i32: 32, 1, 1>
// CHECK: %[[T:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK: arith.extui %[[T]]
// CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr<1> -> f32
// CHECK-NOT: llvm.load
// CHECK-COUNT-2: arith.mulf %{{.*}} : f32
// CHECK-COUNT-2: llvm.store %{{.*}} : f32, !llvm.ptr<1>
// CHECK-NOT: barrier
// CHECK: llvm.return
tile.func @square(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index)
    grid(#tenon.expr<N ceildiv 64>) symbols(["N"]) {
  %c64 = arith.constant 64 : index
  %off = arith.muli %b, %c64 : index
  %0 = tile.load %x[%off] strides [1] : !tile.view<f32> -> tensor<64xf32>
  %1 = arith.mulf %0, %0 : tensor<64xf32>
  tile.store %1, %y[%off] strides [1] : tensor<64xf32> -> !tile.view<f32>
  tile.return
}

// A row over two warps: own registers, five shuffles, then the warps' parts
// through shared memory under one barrier. One thread stores the sum.
// CHECK-LABEL: llvm.func @sum(
// CHECK-SAME: tile.threads = 64 : i32
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : i32
// CHECK: arith.addf
// CHECK-COUNT-5: nvvm.shfl.sync{{.*}}bfly
// CHECK-NOT: nvvm.shfl.sync
// CHECK: nvvm.barrier0
// CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr<3> -> f32
// CHECK: llvm.cond_br %[[FIRST]]
// CHECK: llvm.store
tile.func @sum(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index)
    grid(#tenon.expr<1>) symbols([]) {
  %0 = tile.load %x[%b] strides [1] : !tile.view<f32> -> tensor<128xf32>
  %1 = tile.reduce add %0 dim 0 : tensor<128xf32> -> tensor<1xf32>
  tile.store %1, %y[%b] strides [1] : tensor<1xf32> -> !tile.view<f32>
  tile.return
}

// Barriers stand where scratch memory changes hands: before it is read, and,
// in a loop, before it is written again.
// CHECK-LABEL: llvm.func @turn(
// CHECK: llvm.br ^[[HEAD:bb[0-9]+]](
// CHECK: ^[[HEAD]](
// CHECK: nvvm.bar.warp.sync
// CHECK: llvm.store %{{.*}} : f32, !llvm.ptr<3>
// CHECK: nvvm.bar.warp.sync
// CHECK: llvm.load %{{.*}} : !llvm.ptr<3> -> f32
// CHECK-NOT: nvvm.bar.warp.sync
// CHECK: llvm.br ^[[HEAD]](
tile.func @turn(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index)
    grid(#tenon.expr<1>) symbols([]) {
  %c0 = arith.constant 0 : index
  %c31 = arith.constant 31 : index
  %c32 = arith.constant 32 : index
  %c128 = arith.constant 128 : index
  %s = tile.scratch <32> -> !tile.view<f32, scratch>
  scf.for %i = %c0 to %c128 step %c32 {
    %0 = tile.load %x[%i] strides [1] : !tile.view<f32> -> tensor<32xf32>
    tile.store %0, %s[%c0] strides [1] : tensor<32xf32> -> !tile.view<f32, scratch>
    %1 = tile.load %s[%c31] strides [-1] : !tile.view<f32, scratch> -> tensor<32xf32>
    tile.store %1, %y[%i] strides [1] : tensor<32xf32> -> !tile.view<f32>
  }
  tile.return
}

// Scratch memory of a size that may be too large for shared memory: the caller
// chooses, and the kernel takes fewer blocks than its grid.
// CHECK-LABEL: llvm.func @large(
// CHECK-SAME: tile.global_scratch
// CHECK: llvm.addrspacecast
// CHECK: nvvm.read.ptx.sreg.nctaid.x
tile.func @large(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index)
    grid(#tenon.expr<N>) symbols(["N"]) {
  %c0 = arith.constant 0 : index
  %s = tile.scratch <N * 32> -> !tile.view<f32, scratch>
  %0 = tile.load %x[%c0] strides [1] : !tile.view<f32> -> tensor<32xf32>
  tile.store %0, %s[%b] strides [1] : tensor<32xf32> -> !tile.view<f32, scratch>
  %1 = tile.load %s[%c0] strides [1] : !tile.view<f32, scratch> -> tensor<32xf32>
  tile.store %1, %y[%c0] strides [1] : tensor<32xf32> -> !tile.view<f32>
  tile.return
}

// A check ends the block, so that all threads must agree on it.
// CHECK-LABEL: llvm.func @checked(
// CHECK-SAME: tile.checks = ["index out of range"]
// CHECK: nvvm.barrier #nvvm.reduction<and>
// CHECK: llvm.cond_br %{{.*}}, ^{{.*}}, ^[[FAIL:bb[0-9]+]](
// CHECK: ^[[FAIL]](
// CHECK: llvm.atomicrmw umax
tile.func @checked(%i: !tile.view<i64>, %y: !tile.view<i64>, %b: index)
    grid(#tenon.expr<1>) symbols([]) {
  %0 = tile.load %i[%b] strides [1] : !tile.view<i64> -> tensor<32xi64>
  %limit = arith.constant dense<7> : tensor<32xi64>
  %ok = arith.cmpi ult, %0, %limit : tensor<32xi64>
  tile.check %ok, "index out of range" : tensor<32xi1>
  tile.store %0, %y[%b] strides [1] : tensor<32xi64> -> !tile.view<i64>
  tile.return
}
