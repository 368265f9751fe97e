// RUN: tenon-opt %s --split-input-file --tenon-shard-plan=axis=tp | FileCheck %s

// A perceptron: the first product by columns, the second by rows, one all_reduce.

// CHECK-LABEL: tenon.func @perceptron
// CHECK: tenon.read @up {spmd.factor = 1 : i64}
// CHECK: tenon.contract {{.*}} {spmd.factor = 1 : i64}
// CHECK: tenon.relu {{.*}} {spmd.factor = 1 : i64}
// CHECK: tenon.read @down {spmd.factor = 0 : i64}
// CHECK: tenon.contract {{.*}} {spmd.factor = 2 : i64}
module attributes {spmd.mesh = #spmd.mesh<"tp" = 2>} {
  tenon.weight @up : tensor<1024x4096xf32> <"w", 0, 16777216>
  tenon.weight @down : tensor<4096x1024xf32> <"w", 16777216, 16777216>
  tenon.func @perceptron(%x: tensor<511x1024xf32>) -> tensor<511x1024xf32> {
    %up = tenon.read @up : tensor<1024x4096xf32>
    %0 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %x, %up : (tensor<511x1024xf32>, tensor<1024x4096xf32>) -> tensor<511x4096xf32>
    %1 = tenon.relu %0 : (tensor<511x4096xf32>) -> tensor<511x4096xf32>
    %down = tenon.read @down : tensor<4096x1024xf32>
    %2 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %1, %down : (tensor<511x4096xf32>, tensor<4096x1024xf32>) -> tensor<511x1024xf32>
    tenon.return %2 : tensor<511x1024xf32>
  }
}

// -----

// Three ranks do not divide 16 columns: nothing is shared.

// CHECK-LABEL: tenon.func @uneven
// CHECK-NOT: spmd.factor
module attributes {spmd.mesh = #spmd.mesh<"tp" = 3>} {
  tenon.weight @w : tensor<16x16xf32> <"w", 0, 1024>
  tenon.func @uneven(%x: tensor<16x16xf32>) -> tensor<16x16xf32> {
    %w = tenon.read @w : tensor<16x16xf32>
    %0 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
    tenon.return %0 : tensor<16x16xf32>
  }
}
