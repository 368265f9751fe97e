// RUN: tenon-opt %s --tenon-assign-orders | FileCheck %s

// Without a product a result follows the operand that is most like it: of its
// dimensions, else the largest of its rank.

// CHECK-LABEL: tenon.func @follow
tenon.weight @w : tensor<64x32x1x1xf32> <"m.bin", 0, 8192>
tenon.func @follow(%x: tensor<1x32x8x8xf32>, %s: tensor<1x64x1x1xf32>) -> tensor<1x64x8x8xf32> {
  %w = tenon.read @w : tensor<64x32x1x1xf32>
  // CHECK: tenon.kernel "product"
  // CHECK-SAME: result_orders = [array<i64: 0, 2, 3, 1>]
  %0 = tenon.kernel "product"(%x, %w) : (tensor<1x32x8x8xf32>, tensor<64x32x1x1xf32>) -> tensor<1x64x8x8xf32> {
  ^bb0(%xa: tensor<1x32x8x8xf32>, %wa: tensor<64x32x1x1xf32>):
    %1 = tenon.contract [[0, 2, 3, 4], [1, 2, 5, 6]] -> [0, 1, 3, 4] %xa, %wa : (tensor<1x32x8x8xf32>, tensor<64x32x1x1xf32>) -> tensor<1x64x8x8xf32>
    tenon.yield %1 : tensor<1x64x8x8xf32>
  }
  // Row-major in both operands: so is the result, which only kernels read.
  // CHECK: tenon.kernel "scale"
  // CHECK-SAME: operand_orders = [array<i64>], result_orders = [array<i64>]
  %k = tenon.kernel "scale"(%s) : (tensor<1x64x1x1xf32>) -> tensor<1x64x1x1xf32> {
  ^bb0(%a: tensor<1x64x1x1xf32>):
    %1 = tenon.exp %a : (tensor<1x64x1x1xf32>) -> tensor<1x64x1x1xf32>
    tenon.yield %1 : tensor<1x64x1x1xf32>
  }
  // CHECK: tenon.kernel "mul"
  // CHECK-SAME: operand_orders = [array<i64>, array<i64: 0, 2, 3, 1>], result_orders = [array<i64: 0, 2, 3, 1>]
  %m = tenon.kernel "mul"(%k, %0) : (tensor<1x64x1x1xf32>, tensor<1x64x8x8xf32>) -> tensor<1x64x8x8xf32> {
  ^bb0(%a: tensor<1x64x1x1xf32>, %b: tensor<1x64x8x8xf32>):
    %1 = tenon.mul %a, %b : (tensor<1x64x1x1xf32>, tensor<1x64x8x8xf32>) -> tensor<1x64x8x8xf32>
    tenon.yield %1 : tensor<1x64x8x8xf32>
  }
  // The larger operand is not of the result's dimensions; the other one is row-major.
  // CHECK: tenon.kernel "sum"
  // CHECK-SAME: operand_orders = [array<i64: 0, 2, 3, 1>, array<i64>], result_orders = [array<i64>]
  %p = tenon.kernel "sum"(%m, %x) : (tensor<1x64x8x8xf32>, tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32> {
  ^bb0(%a: tensor<1x64x8x8xf32>, %b: tensor<1x32x8x8xf32>):
    %1 = tenon.slice %a [#tenon.expr<0>, #tenon.expr<0>, #tenon.expr<0>, #tenon.expr<0>] [1, 1, 1, 1] : (tensor<1x64x8x8xf32>) -> tensor<1x32x8x8xf32>
    %2 = tenon.add %1, %b : (tensor<1x32x8x8xf32>, tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32>
    tenon.yield %2 : tensor<1x32x8x8xf32>
  }
  %r = tenon.kernel "neg"(%p, %m) : (tensor<1x32x8x8xf32>, tensor<1x64x8x8xf32>) -> tensor<1x64x8x8xf32> {
  ^bb0(%a: tensor<1x32x8x8xf32>, %b: tensor<1x64x8x8xf32>):
    %1 = tenon.concat %a, %a dim 1 : (tensor<1x32x8x8xf32>, tensor<1x32x8x8xf32>) -> tensor<1x64x8x8xf32>
    %2 = tenon.add %1, %b : (tensor<1x64x8x8xf32>, tensor<1x64x8x8xf32>) -> tensor<1x64x8x8xf32>
    tenon.yield %2 : tensor<1x64x8x8xf32>
  }
  tenon.return %r : tensor<1x64x8x8xf32>
}
