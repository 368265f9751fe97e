// RUN: tenon-opt %s --tenon-kernels-to-tile | FileCheck %s

// A softmax takes four rows at a time, and keeps the exponentials that both the
// sum and the quotient read.
// CHECK-LABEL: tile.func @softmax
// CHECK: tile.scratch
// CHECK: tile.reduce max {{.*}} : tensor<4x32xf32> -> tensor<4x1xf32>
// CHECK: math.exp
// CHECK-NOT: math.exp
// CHECK: tile.reduce add {{.*}} : tensor<4x32xf32> -> tensor<4x1xf32>
// CHECK-NOT: math.exp
// CHECK: arith.divf
// CHECK: tile.return

// What costs little is computed again.
// CHECK-LABEL: tile.func @centred
// CHECK-NOT: tile.scratch
// CHECK: tile.reduce add {{.*}} : tensor<4x32xf32> -> tensor<4x1xf32>
// CHECK: tile.return
tenon.func @main(%x: tensor<64x128xf32>) -> (tensor<64x128xf32>, tensor<64x128xf32>) {
  %0 = tenon.kernel "softmax"(%x) : (tensor<64x128xf32>) -> tensor<64x128xf32> {
  ^bb0(%a: tensor<64x128xf32>):
    %m = tenon.reduce <max> %a dims [1] : (tensor<64x128xf32>) -> tensor<64xf32>
    %k = tenon.reshape %m : (tensor<64xf32>) -> tensor<64x1xf32>
    %d = tenon.sub %a, %k : (tensor<64x128xf32>, tensor<64x1xf32>) -> tensor<64x128xf32>
    %e = tenon.exp %d : (tensor<64x128xf32>) -> tensor<64x128xf32>
    %s = tenon.reduce <add> %e dims [1] : (tensor<64x128xf32>) -> tensor<64xf32>
    %t = tenon.reshape %s : (tensor<64xf32>) -> tensor<64x1xf32>
    %y = tenon.div %e, %t : (tensor<64x128xf32>, tensor<64x1xf32>) -> tensor<64x128xf32>
    tenon.yield %y : tensor<64x128xf32>
  }
  %1 = tenon.kernel "centred"(%x) : (tensor<64x128xf32>) -> tensor<64x128xf32> {
  ^bb0(%a: tensor<64x128xf32>):
    %n = tenon.neg %a : (tensor<64x128xf32>) -> tensor<64x128xf32>
    %s = tenon.reduce <add> %n dims [1] : (tensor<64x128xf32>) -> tensor<64xf32>
    %t = tenon.reshape %s : (tensor<64xf32>) -> tensor<64x1xf32>
    %y = tenon.sub %n, %t : (tensor<64x128xf32>, tensor<64x1xf32>) -> tensor<64x128xf32>
    tenon.yield %y : tensor<64x128xf32>
  }
  tenon.return %0, %1 : tensor<64x128xf32>, tensor<64x128xf32>
}
