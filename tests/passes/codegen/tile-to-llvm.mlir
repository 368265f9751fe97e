// RUN: tenon-opt %s -tile-to-llvm=features=avx512 | FileCheck %s
// RUN: tenon-opt %s -tile-to-llvm=features=avx2 | FileCheck %s --check-prefix=AVX2

// The kernel reads the argument block and calls a body with bare pointers; the
// body loops over its blocks, and tiles are cut into native vectors.
// CHECK-LABEL: llvm.func internal @square.body(
// CHECK-SAME: %[[X:.*]]: !llvm.ptr {llvm.noalias}, %[[Y:.*]]: !llvm.ptr {llvm.noalias}
// CHECK-SAME: -> i32 attributes {dso_local}
// CHECK: llvm.br ^[[HEADER:bb[0-9]+]](
// CHECK: ^[[HEADER]](%[[B:.*]]: i64):
// CHECK: llvm.cond_br
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<16xf32>
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<16xf32>
// CHECK-COUNT-2: arith.mulf %{{.*}} : vector<16xf32>
// CHECK-COUNT-2: llvm.store %{{.*}} : vector<16xf32>, !llvm.ptr
// CHECK-NOT: tile.
// CHECK-LABEL: llvm.func @square(%{{.*}}: !llvm.ptr) -> i32
// CHECK-SAME: tile.checks = [], tile.scratch_bytes = #tenon.expr<0>
// CHECK: llvm.call @square.body(
// AVX2-COUNT-4: arith.mulf %{{.*}} : vector<8xf32>
tile.func @square(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index)
    grid(#tenon.expr<N ceildiv 32>) symbols(["N"]) {
  %c32 = arith.constant 32 : index
  %off = arith.muli %b, %c32 : index
  %0 = tile.load %x[%off] strides [1] : !tile.view<f32> -> tensor<32xf32>
  %1 = arith.mulf %0, %0 : tensor<32xf32>
  tile.store %1, %y[%off] strides [1] : tensor<32xf32> -> !tile.view<f32>
  tile.return
}

// A row of statistics is scalars; broadcasting them costs nothing until a vector
// operation needs the vector, and an operation on splats alone is done on scalars.
// CHECK-LABEL: llvm.func internal @splats.body(
// CHECK: %[[A:.*]] = llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK: %[[C:.*]] = llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK: math.exp %[[A]] : f32
// CHECK: math.exp %[[C]] : f32
// CHECK-NOT: math.exp
tile.func @splats(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index)
    grid(#tenon.expr<1>) symbols([]) {
  %0 = tile.load %x[%b] strides [8, 1] : !tile.view<f32> -> tensor<2x1xf32>
  %1 = tile.broadcast %0 : tensor<2x1xf32> -> tensor<2x32xf32>
  %2 = math.exp %1 : tensor<2x32xf32>
  tile.store %2, %y[%b] strides [32, 1] : tensor<2x32xf32> -> !tile.view<f32>
  tile.return
}

// A buffer updated in place is not noalias; a failed check leaves with its number.
// CHECK-LABEL: llvm.func internal @checked.body(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.noalias}
// CHECK: %[[CODE:.*]] = arith.constant 1 : i32
// CHECK: %[[ALL:.*]] = "llvm.intr.vector.reduce.and"
// CHECK: llvm.cond_br %[[ALL]], ^{{.*}}, ^[[FAIL:bb[0-9]+]](%[[CODE]] : i32)
// CHECK: ^[[FAIL]](%[[N:.*]]: i32):
// CHECK: llvm.return %[[N]]
// CHECK-LABEL: llvm.func @checked(
// CHECK-SAME: tile.checks = ["too large"], tile.scratch_bytes = #tenon.expr<64 * ((4 * max(0, K)) ceildiv 64)>
tile.func @checked(%x: !tile.view<i32> {tile.may_alias}, %b: index)
    grid(#tenon.expr<1>) symbols(["K"]) {
  %s = tile.scratch #tenon.expr<K> -> !tile.view<f32, scratch>
  %0 = tile.load %x[%b] strides [1] : !tile.view<i32> -> tensor<8xi32>
  %c = arith.constant dense<7> : tensor<8xi32>
  %1 = arith.cmpi slt, %0, %c : tensor<8xi32>
  tile.check %1, "too large" : tensor<8xi1>
  tile.return
}
