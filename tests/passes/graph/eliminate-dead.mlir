// RUN: tenon-opt %s --tenon-eliminate-dead | FileCheck %s

// A chain of unused operations goes, then the weight that only it read.
// CHECK-NOT: @unused
// CHECK: tenon.weight @used
tenon.weight @unused : tensor<4xf32> <"w", 0, 16>
tenon.weight @used : tensor<4xf32> <"w", 16, 16>
// CHECK: tenon.state @count
// CHECK-NOT: tenon.state @never
tenon.state @count : tensor<i64>
tenon.state @never : tensor<i64>

// CHECK-LABEL: tenon.func @main
// CHECK-NEXT: tenon.read @used
// CHECK-NEXT: tenon.store_state
// CHECK-NEXT: tenon.return
tenon.func @main(%n: tensor<i64>) -> tensor<4xf32> {
  %w = tenon.read @used : tensor<4xf32>
  %0 = tenon.read @unused : tensor<4xf32>
  %1 = tenon.exp %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = tenon.call @helper(%1) : (tensor<4xf32>) -> tensor<4xf32>
  tenon.store_state %n, @count : tensor<i64>
  tenon.return %w : tensor<4xf32>
}

// Nobody calls it any more.
// CHECK-NOT: @helper
tenon.func private @helper(%x: tensor<4xf32>) -> tensor<4xf32> {
  tenon.return %x : tensor<4xf32>
}
