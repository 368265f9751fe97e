// RUN: tenon-opt %s --tenon-canonicalize-graph | FileCheck %s

// Neutral elements go, on either side of a commutative operation.
// CHECK-LABEL: tenon.func @neutral
// CHECK-NEXT: tenon.relu %arg0
// CHECK-NEXT: tenon.return
tenon.func @neutral(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %one = tenon.constant dense<1.0> : tensor<4xf32>
  %0 = tenon.add %zero, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = tenon.mul %0, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = tenon.relu %1 : (tensor<4xf32>) -> tensor<4xf32>
  tenon.return %2 : tensor<4xf32>
}

// A neutral element that broadcasts the other operand stays.
// CHECK-LABEL: tenon.func @neutralShape
// CHECK: tenon.mul
tenon.func @neutralShape(%x: tensor<4xf32>) -> tensor<2x4xf32> {
  %one = tenon.constant dense<1.0> : tensor<2x4xf32>
  %0 = tenon.mul %x, %one : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  tenon.return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: tenon.func @joined
// CHECK: %[[C:.*]] = tenon.constant dense<6.000000e+00> : tensor<f32>
// CHECK: tenon.mul %arg0, %[[C]]
// CHECK-NOT: tenon.mul
tenon.func @joined(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = tenon.constant dense<2.0> : tensor<f32>
  %three = tenon.constant dense<3.0> : tensor<f32>
  %0 = tenon.mul %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = tenon.mul %three, %0 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  tenon.return %1 : tensor<4xf32>
}

// Widening and back is nothing; narrowing first is kept.
// CHECK-LABEL: tenon.func @casts
// CHECK: %[[N:.*]] = tenon.cast %arg1 {{.*}} -> tensor<4xi8>
// CHECK: %[[M:.*]] = tenon.cast %[[N]]
// CHECK: tenon.return %arg0, %[[M]]
tenon.func @casts(%x: tensor<4xf32>, %i: tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>) {
  %0 = tenon.cast %x : (tensor<4xf32>) -> tensor<4xf64>
  %1 = tenon.cast %0 : (tensor<4xf64>) -> tensor<4xf32>
  %2 = tenon.cast %i : (tensor<4xi32>) -> tensor<4xi8>
  %3 = tenon.cast %2 : (tensor<4xi8>) -> tensor<4xi32>
  tenon.return %1, %3 : tensor<4xf32>, tensor<4xi32>
}

// CHECK-LABEL: tenon.func @select
// CHECK-NEXT: tenon.return %arg1
tenon.func @select(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %c = tenon.constant dense<false> : tensor<i1>
  %0 = tenon.select %c, %x, %y : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  tenon.return %0 : tensor<4xf32>
}

// CHECK-LABEL: tenon.func @square
// CHECK: tenon.mul %arg0, %arg0
tenon.func @square(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = tenon.constant dense<2.0> : tensor<f32>
  %0 = tenon.pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  tenon.return %0 : tensor<4xf32>
}

// The add repeats its operand by itself.
// CHECK-LABEL: tenon.func @broadcast
// CHECK-NEXT: tenon.add %arg0, %arg1
tenon.func @broadcast(%x: tensor<2x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %0 = tenon.broadcast %b [1] : (tensor<4xf32>) -> tensor<2x4xf32>
  %1 = tenon.add %x, %0 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  tenon.return %1 : tensor<2x4xf32>
}

// A zero pad goes into a window whose outside is zero, and not into one of a
// maximum.
// CHECK-LABEL: tenon.func @pads
// CHECK: %[[P:.*]] = tenon.pad %arg0
// CHECK: tenon.window %arg0 kernel [3] {{.*}} low [1]
// CHECK: tenon.window %[[P]] kernel [3] {{.*}} low [0]
tenon.func @pads(%x: tensor<1x4x8xf32>) -> (tensor<1x4x8x3xf32>, tensor<1x4x8x3xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %0 = tenon.pad %x, %zero [#tenon.expr<0>, #tenon.expr<0>, #tenon.expr<1>] <constant>
    : (tensor<1x4x8xf32>, tensor<f32>) -> tensor<1x4x10xf32>
  %1 = tenon.window %0 kernel [3] strides [1] dilations [1] low [0] base [1] fill 0.0
    : (tensor<1x4x10xf32>) -> tensor<1x4x8x3xf32>
  %2 = tenon.window %0 kernel [3] strides [1] dilations [1] low [0] base [1] fill -1.0
    : (tensor<1x4x10xf32>) -> tensor<1x4x8x3xf32>
  tenon.return %1, %2 : tensor<1x4x8x3xf32>, tensor<1x4x8x3xf32>
}

// CHECK-LABEL: tenon.func @unitTranspose
// CHECK-NEXT: tenon.reshape %arg0
tenon.func @unitTranspose(%x: tensor<4x1x8xf32>) -> tensor<1x4x8xf32> {
  %0 = tenon.transpose %x [1, 0, 2] : (tensor<4x1x8xf32>) -> tensor<1x4x8xf32>
  tenon.return %0 : tensor<1x4x8xf32>
}
