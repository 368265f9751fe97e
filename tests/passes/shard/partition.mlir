// RUN: tenon-opt %s --split-input-file --tenon-shard-partition=axis=tp | FileCheck %s

// CHECK-LABEL: module
// CHECK-SAME: "rank.tp" in 0 to 1
// CHECK: tenon.weight @up.tp1 : tensor<8x8xf32> {{.*}}spmd.split = #spmd.split<tensor<8x16xf32>, dims[1], axes["tp"]>
// CHECK: tenon.weight @down.tp0 : tensor<8x8xf32>
// CHECK: %[[UP:.*]] = tenon.read @up.tp1 : tensor<8x8xf32>
// CHECK: tenon.contract {{.*}} %{{.*}}, %[[UP]] : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
// CHECK: tenon.relu {{.*}} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK: %[[SUM:.*]] = tenon.contract {{.*}} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
// CHECK: %[[ALL:.*]] = spmd.all_reduce <add> %[[SUM]] axis "tp"
// CHECK: tenon.return %[[ALL]]
module attributes {spmd.mesh = #spmd.mesh<"tp" = 2>} {
  tenon.weight @up : tensor<8x16xf32> <"w", 0, 512>
  tenon.weight @down : tensor<16x8xf32> <"w", 512, 512>
  tenon.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %up = tenon.read @up {spmd.factor = 1 : i64} : tensor<8x16xf32>
    %0 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %x, %up {spmd.factor = 1 : i64} : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
    %1 = tenon.relu %0 {spmd.factor = 1 : i64} : (tensor<4x16xf32>) -> tensor<4x16xf32>
    %down = tenon.read @down {spmd.factor = 0 : i64} : tensor<16x8xf32>
    %2 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %1, %down {spmd.factor = 2 : i64} : (tensor<4x16xf32>, tensor<16x8xf32>) -> tensor<4x8xf32>
    tenon.return %2 : tensor<4x8xf32>
  }
}

// -----

// Heads: the parts of 12 x 64 that reach over whole heads.

// CHECK-LABEL: tenon.func @heads
// CHECK: tenon.slice {{.*}} [#tenon.expr<0>, #tenon.expr<384 * "rank.tp">] [1, 1] : (tensor<5x768xf32>) -> tensor<5x384xf32>
// CHECK: tenon.reshape {{.*}} : (tensor<5x384xf32>) -> tensor<5x6x64xf32>
// CHECK: tenon.exp {{.*}} : (tensor<5x6x64xf32>)
// CHECK: spmd.all_gather {{.*}} axis "tp" : (tensor<5x6x64xf32>) -> tensor<2x5x6x64xf32>
// CHECK: tenon.transpose {{.*}} [1, 0, 2, 3]
// CHECK: tenon.reshape {{.*}} -> tensor<5x12x64xf32>
module attributes {spmd.mesh = #spmd.mesh<"tp" = 2>} {
  tenon.func @heads(%x: tensor<5x768xf32>) -> tensor<5x12x64xf32> {
    %0 = tenon.reshape %x {spmd.factor = 1 : i64} : (tensor<5x768xf32>) -> tensor<5x12x64xf32>
    %1 = tenon.exp %0 {spmd.factor = 1 : i64} : (tensor<5x12x64xf32>) -> tensor<5x12x64xf32>
    tenon.return %1 : tensor<5x12x64xf32>
  }
}

// -----

// From rows to columns, and a sum to rows.

// CHECK-LABEL: tenon.func @exchange
// CHECK: spmd.all_to_all {{.*}} axis "tp" : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
// CHECK: spmd.reduce_scatter <add> {{.*}} axis "tp" : (tensor<2x4xf32>) -> tensor<4xf32>
module attributes {spmd.mesh = #spmd.mesh<"tp" = 2>} {
  tenon.func @exchange(%x: tensor<8x16xf32>) -> tensor<8xf32> {
    %0 = tenon.exp %x {spmd.factor = 0 : i64} : (tensor<8x16xf32>) -> tensor<8x16xf32>
    %1 = tenon.reduce <add> %0 dims [1] {spmd.factor = 1 : i64} : (tensor<8x16xf32>) -> tensor<8xf32>
    %2 = tenon.exp %1 {spmd.factor = 0 : i64} : (tensor<8xf32>) -> tensor<8xf32>
    tenon.return %2 : tensor<8xf32>
  }
}
