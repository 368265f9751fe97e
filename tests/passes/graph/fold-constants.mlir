// RUN: tenon-opt %s --tenon-fold-constants --tenon-eliminate-dead | FileCheck %s

module attributes {tenon.symbols = #tenon.symbols<B in 1 to 64>} {
  // Any operation with a factor rule folds by its own body: views, maps and
  // reductions alike.
  // CHECK-LABEL: tenon.func @numbers
  // CHECK-NEXT: %[[C:.*]] = tenon.constant dense<[1.400000e+01, 3.200000e+01]>
  // CHECK-NEXT: tenon.return %[[C]]
  tenon.func @numbers() -> tensor<2xf32> {
    %a = tenon.constant dense<[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]> : tensor<3x2xf32>
    %b = tenon.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
    %t = tenon.transpose %a [1, 0] : (tensor<3x2xf32>) -> tensor<2x3xf32>
    %0 = tenon.mul %t, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    %1 = tenon.reduce <add> %0 dims [1] : (tensor<2x3xf32>) -> tensor<2xf32>
    tenon.return %1 : tensor<2xf32>
  }

  // Sizes are followed as expressions.
  // CHECK-LABEL: tenon.func @sizes
  // CHECK-NEXT: %[[D:.*]] = tenon.dim <2 * B> : tensor<i64>
  // CHECK-NEXT: tenon.return %[[D]]
  tenon.func @sizes() -> tensor<i64> {
    %b = tenon.dim <B> : tensor<i64>
    %two = tenon.constant dense<2> : tensor<i64>
    %0 = tenon.mul %b, %two : (tensor<i64>, tensor<i64>) -> tensor<i64>
    tenon.return %0 : tensor<i64>
  }

  // A view of a splat stays a splat, however large.
  // CHECK-LABEL: tenon.func @splat
  // CHECK-NEXT: tenon.constant dense<5.000000e-01> : tensor<64x1024xf32>
  tenon.func @splat() -> tensor<64x1024xf32> {
    %c = tenon.constant dense<0.5> : tensor<f32>
    %0 = tenon.broadcast %c [] : (tensor<f32>) -> tensor<64x1024xf32>
    tenon.return %0 : tensor<64x1024xf32>
  }

  // More than 1 KB is not made a constant, nor what depends on an input.
  // CHECK-LABEL: tenon.func @kept
  // CHECK: tenon.iota
  // CHECK: tenon.exp
  tenon.func @kept(%x: tensor<4xf32>) -> (tensor<1000xi64>, tensor<4xf32>) {
    %0 = tenon.iota dim 0 : tensor<1000xi64>
    %1 = tenon.exp %x : (tensor<4xf32>) -> tensor<4xf32>
    tenon.return %0, %1 : tensor<1000xi64>, tensor<4xf32>
  }
}
