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

// A constant cannot have an order: its elements are laid out anew.
// CHECK-LABEL: tenon.func @constant
// CHECK: %[[C:.*]] = tenon.constant {{.*}} : tensor<2x16xf32>
// CHECK: tenon.kernel "product"(%{{.*}}, %[[C]])
// CHECK: ^bb0(%{{.*}}, %[[A:.*]]: tensor<2x16xf32>):
// CHECK: tenon.transpose %[[A]] [1, 0] : (tensor<2x16xf32>) -> tensor<16x2xf32>
tenon.func @constant(%x: tensor<8x2xf32>) -> tensor<8x16xf32> {
  %c = tenon.constant dense<[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0], [10.0, 11.0], [12.0, 13.0], [14.0, 15.0], [16.0, 17.0], [18.0, 19.0], [20.0, 21.0], [22.0, 23.0], [24.0, 25.0], [26.0, 27.0], [28.0, 29.0], [30.0, 31.0]]> : tensor<16x2xf32>
  %0 = tenon.kernel "product"(%x, %c) : (tensor<8x2xf32>, tensor<16x2xf32>) -> tensor<8x16xf32> {
  ^bb0(%xa: tensor<8x2xf32>, %ca: tensor<16x2xf32>):
    %1 = tenon.contract [[0, 2], [1, 2]] -> [0, 1] %xa, %ca : (tensor<8x2xf32>, tensor<16x2xf32>) -> tensor<8x16xf32>
    tenon.yield %1 : tensor<8x16xf32>
  }
  tenon.return %0 : tensor<8x16xf32>
}
