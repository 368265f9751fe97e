// RUN: not tenon-opt %s --tenon-verify-orders --split-input-file 2>&1 | FileCheck %s

// A weight is stored in another order than its reader was told.
// CHECK: 'tenon.kernel' op reads operand 0 in the order row-major, but it lies in memory in the order [1, 0]
tenon.weight @w : tensor<8x4xf32> <"m.bin", 0, 128> {order = array<i64: 1, 0>}
tenon.func @late() -> tensor<8x4xf32> {
  %w = tenon.read @w : tensor<8x4xf32>
  %0 = tenon.kernel "k"(%w) {operand_orders = [array<i64>], result_orders = [array<i64>]} : (tensor<8x4xf32>) -> tensor<8x4xf32> {
  ^bb0(%a: tensor<8x4xf32>):
    %1 = tenon.neg %a : (tensor<8x4xf32>) -> tensor<8x4xf32>
    tenon.yield %1 : tensor<8x4xf32>
  }
  tenon.return %0 : tensor<8x4xf32>
}

// -----

// What leaves the function is row-major.
// CHECK: 'tenon.return' op reads operand 0 in the order row-major, but it lies in memory in the order [1, 0]
tenon.func @out(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = tenon.kernel "k"(%x) {operand_orders = [array<i64>], result_orders = [array<i64: 1, 0>]} : (tensor<8x4xf32>) -> tensor<8x4xf32> {
  ^bb0(%a: tensor<8x4xf32>):
    %1 = tenon.neg %a : (tensor<8x4xf32>) -> tensor<8x4xf32>
    tenon.yield %1 : tensor<8x4xf32>
  }
  tenon.return %0 : tensor<8x4xf32>
}
