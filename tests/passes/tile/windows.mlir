// RUN: tenon-opt %s --tenon-kernels-to-tile --cse | FileCheck %s

// Around a depthwise convolution one test tells whether the whole window lies
// inside for the whole tile; there nothing is masked. Elsewhere, rows above and
// below the picture are skipped.
// CHECK-LABEL: tile.func @depthwise
// CHECK: scf.if {{.*}} -> (tensor<12x32xf32>)
// CHECK-NOT: mask
// CHECK: math.fma {{.*}} : tensor<12x32xf32>
// CHECK: } else {
// CHECK: scf.if {{.*}} -> (tensor<12x32xf32>)
// CHECK: mask
// CHECK: math.fma {{.*}} : tensor<12x32xf32>

// A transposed convolution of stride 2 meets input at every second position:
// the phases are variables of their own, and taps between are skipped, so that
// rows stay tiles of neighbours.
// CHECK-LABEL: tile.func @transposed
// CHECK-NOT: tile.gather
// CHECK: scf.if {{.*}} -> (tensor<10x32xf32>)
// CHECK: tile.load {{.*}} : !tile.view<f32> -> tensor<10x1xf32>
// CHECK: math.fma {{.*}} : tensor<10x32xf32>
// CHECK-NOT: tile.gather
tenon.func @f(%x: tensor<1x32x48x48xf32>, %w: tensor<32x1x3x3xf32>, %v: tensor<32x32x2x2xf32>, %y: tensor<1x32x20x20xf32>) -> (tensor<1x32x48x48xf32>, tensor<1x32x40x40xf32>) {
  %0 = tenon.kernel "depthwise"(%x, %w) {operand_orders = [array<i64: 0, 2, 3, 1>, array<i64: 1, 2, 3, 0>], result_orders = [array<i64: 0, 2, 3, 1>]} : (tensor<1x32x48x48xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x48x48xf32> {
  ^bb0(%xa: tensor<1x32x48x48xf32>, %wa: tensor<32x1x3x3xf32>):
    %p = tenon.window %xa kernel [3, 3] strides [1, 1] dilations [1, 1] low [1, 1] base [1, 1] fill 0.0 : (tensor<1x32x48x48xf32>) -> tensor<1x32x48x3x48x3xf32>
    %1 = tenon.contract [[0, 1, 2, 4, 3, 5], [1, 6, 4, 5]] -> [0, 1, 2, 3] %p, %wa : (tensor<1x32x48x3x48x3xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x48x48xf32>
    tenon.yield %1 : tensor<1x32x48x48xf32>
  }
  %2 = tenon.kernel "transposed"(%y, %v) {operand_orders = [array<i64: 0, 2, 3, 1>, array<i64: 2, 3, 1, 0>], result_orders = [array<i64: 0, 2, 3, 1>]} : (tensor<1x32x20x20xf32>, tensor<32x32x2x2xf32>) -> tensor<1x32x40x40xf32> {
  ^bb0(%ya: tensor<1x32x20x20xf32>, %va: tensor<32x32x2x2xf32>):
    %p = tenon.window %ya kernel [2, 2] strides [1, 1] dilations [1, 1] low [1, 1] base [2, 2] fill 0.0 : (tensor<1x32x20x20xf32>) -> tensor<1x32x40x2x40x2xf32>
    %1 = tenon.contract [[0, 5, 3, 6, 4, 7], [2, 5, 6, 7]] -> [0, 2, 3, 4] %p, %va : (tensor<1x32x40x2x40x2xf32>, tensor<32x32x2x2xf32>) -> tensor<1x32x40x40xf32>
    tenon.yield %1 : tensor<1x32x40x40xf32>
  }
  tenon.return %0, %2 : tensor<1x32x48x48xf32>, tensor<1x32x40x40xf32>
}

// A product over a concatenation has one loop for each piece, without guards;
// an enlarged piece is read at neighbours, since phases are variables.
// CHECK-LABEL: tile.func @pieces
// CHECK-NOT: mask
// CHECK-NOT: tile.gather
// CHECK: math.fma {{.*}} : tensor<10x32xf32>
// CHECK: math.fma {{.*}} : tensor<10x32xf32>
// CHECK-NOT: math.fma
// CHECK: tile.return
tenon.func @g(%x: tensor<1x16x20x20xf32>, %y: tensor<1x16x10x10xf32>, %w: tensor<32x32xf32>) -> tensor<1x32x20x20xf32> {
  %0 = tenon.kernel "pieces"(%x, %y, %w) {operand_orders = [array<i64: 0, 2, 3, 1>, array<i64: 0, 2, 3, 1>, array<i64: 1, 0>], result_orders = [array<i64: 0, 2, 3, 1>]} : (tensor<1x16x20x20xf32>, tensor<1x16x10x10xf32>, tensor<32x32xf32>) -> tensor<1x32x20x20xf32> {
  ^bb0(%xa: tensor<1x16x20x20xf32>, %ya: tensor<1x16x10x10xf32>, %wa: tensor<32x32xf32>):
    %r = tenon.reshape %ya : (tensor<1x16x10x10xf32>) -> tensor<1x16x10x1x10x1xf32>
    %b = tenon.broadcast %r [0, 1, 2, 3, 4, 5] : (tensor<1x16x10x1x10x1xf32>) -> tensor<1x16x10x2x10x2xf32>
    %e = tenon.reshape %b : (tensor<1x16x10x2x10x2xf32>) -> tensor<1x16x20x20xf32>
    %c = tenon.concat %xa, %e dim 1 : (tensor<1x16x20x20xf32>, tensor<1x16x20x20xf32>) -> tensor<1x32x20x20xf32>
    %1 = tenon.contract [[0, 4, 2, 3], [1, 4]] -> [0, 1, 2, 3] %c, %wa : (tensor<1x32x20x20xf32>, tensor<32x32xf32>) -> tensor<1x32x20x20xf32>
    tenon.yield %1 : tensor<1x32x20x20xf32>
  }
  tenon.return %0 : tensor<1x32x20x20xf32>
}
