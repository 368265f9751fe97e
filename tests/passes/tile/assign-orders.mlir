// RUN: tenon-opt %s --tenon-assign-orders | FileCheck %s

// The result of a product has the weight's dimension last, the weight is laid
// out for it, what the function returns stays row-major.

// CHECK: tenon.weight @w {{.*}} {order = array<i64: 1, 2, 3, 0>}
tenon.weight @w : tensor<64x32x3x3xf32> <"m.bin", 0, 73728>
// A weight that is returned as it is keeps its order.
// CHECK: tenon.weight @kept : tensor<8x4xf32> <"m.bin", 73728, 128>
// CHECK-NOT: order
tenon.weight @kept : tensor<8x4xf32> <"m.bin", 73728, 128>

// CHECK-LABEL: tenon.func @conv
tenon.func @conv(%x: tensor<1x32x56x56xf32>) -> (tensor<1x64x56x56xf32>, tensor<8x4xf32>) {
  %w = tenon.read @w : tensor<64x32x3x3xf32>
  %kept = tenon.read @kept : tensor<8x4xf32>
  // CHECK: tenon.kernel "conv"
  // CHECK-SAME: operand_orders = [array<i64>, array<i64: 1, 2, 3, 0>], result_orders = [array<i64: 0, 2, 3, 1>]
  %0 = tenon.kernel "conv"(%x, %w) : (tensor<1x32x56x56xf32>, tensor<64x32x3x3xf32>) -> tensor<1x64x56x56xf32> {
  ^bb0(%xa: tensor<1x32x56x56xf32>, %wa: tensor<64x32x3x3xf32>):
    %p = tenon.window %xa kernel [3, 3] strides [1, 1] dilations [1, 1] low [1, 1] base [1, 1] fill 0.0 : (tensor<1x32x56x56xf32>) -> tensor<1x32x56x3x56x3xf32>
    %1 = tenon.contract [[0, 2, 3, 4, 5, 6], [1, 2, 4, 6]] -> [0, 1, 3, 5] %p, %wa : (tensor<1x32x56x3x56x3xf32>, tensor<64x32x3x3xf32>) -> tensor<1x64x56x56xf32>
    tenon.yield %1 : tensor<1x64x56x56xf32>
  }
  // CHECK: tenon.kernel "neg"
  // CHECK-SAME: operand_orders = [array<i64: 0, 2, 3, 1>], result_orders = [array<i64>]
  %k = tenon.kernel "neg"(%0) : (tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32> {
  ^bb0(%xa: tensor<1x64x56x56xf32>):
    %3 = tenon.neg %xa : (tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32>
    tenon.yield %3 : tensor<1x64x56x56xf32>
  }
  tenon.return %k, %kept : tensor<1x64x56x56xf32>, tensor<8x4xf32>
}
