// RUN: tenon-opt --tenon-packed-products %s | FileCheck %s

// A weight of 16 rows and 32 columns in one panel: codes of four bits and a scale.
tenon.func private @unpack(%scale: tensor<1x1x1x16xf32>, %codes: tensor<1x1x32x16xui8>) -> tensor<16x32xf32> attributes {tenon.unpack = "Q4_0"} {
  %0 = tenon.transpose %codes [0, 3, 1, 2] : (tensor<1x1x32x16xui8>) -> tensor<1x16x1x32xui8>
  %1 = tenon.reshape %0 : (tensor<1x16x1x32xui8>) -> tensor<16x32xui8>
  %2 = tenon.cast %1 : (tensor<16x32xui8>) -> tensor<16x32xf32>
  %3 = tenon.reshape %scale : (tensor<1x1x1x16xf32>) -> tensor<16x1xf32>
  %4 = tenon.mul %2, %3 : (tensor<16x32xf32>, tensor<16x1xf32>) -> tensor<16x32xf32>
  tenon.return %4 : tensor<16x32xf32>
}

// The product reads the planes; its result has the rows first and is turned after it.
// CHECK-LABEL: tenon.func @product
// CHECK: %[[K:.*]] = tenon.kernel "packed0"(%arg0, %arg1, %arg2) {schedule = {packed = "Q4_0"}}
// CHECK-SAME: -> tensor<3x16xf32>
// CHECK: tenon.contract {{\[}}[1, 2], [0, 2]] -> [1, 0]
// CHECK: tenon.transpose %[[K]]
tenon.func @product(%x: tensor<3x32xf32>, %scale: tensor<1x1x1x16xf32>, %codes: tensor<1x1x32x16xui8>) -> tensor<16x3xf32> {
  %w = tenon.call @unpack(%scale, %codes) : (tensor<1x1x1x16xf32>, tensor<1x1x32x16xui8>) -> tensor<16x32xf32>
  %y = tenon.contract [[1, 2], [0, 2]] -> [0, 1] %x, %w : (tensor<3x32xf32>, tensor<16x32xf32>) -> tensor<16x3xf32>
  tenon.return %y : tensor<16x3xf32>
}

// Summed along the rows, or read otherwise: the function's body instead.
// CHECK-LABEL: tenon.func @others
// CHECK-NOT: tenon.kernel
// CHECK-NOT: tenon.call
// CHECK: tenon.contract
tenon.func @others(%x: tensor<3x16xf32>, %scale: tensor<1x1x1x16xf32>, %codes: tensor<1x1x32x16xui8>) -> (tensor<3x32xf32>, tensor<16x32xf32>) {
  %w = tenon.call @unpack(%scale, %codes) : (tensor<1x1x1x16xf32>, tensor<1x1x32x16xui8>) -> tensor<16x32xf32>
  %y = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %x, %w : (tensor<3x16xf32>, tensor<16x32xf32>) -> tensor<3x32xf32>
  %z = tenon.add %w, %w : (tensor<16x32xf32>, tensor<16x32xf32>) -> tensor<16x32xf32>
  tenon.return %y, %z : tensor<3x32xf32>, tensor<16x32xf32>
}

// CHECK-NOT: @unpack
