// RUN: tenon-opt %s --tenon-fuse-kernels=target=cpu | FileCheck %s

// Positions read along two dimensions of one kernel are made in it, twice, and are no kernel of their own.
// CHECK-LABEL: tenon.func @causal
// CHECK-COUNT-1: tenon.kernel
// CHECK: tenon.iota
// CHECK: tenon.iota
// CHECK-NOT: tenon.kernel
tenon.func @causal(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %i = tenon.iota dim 0 : tensor<8xi64>
  %rows = tenon.reshape %i : (tensor<8xi64>) -> tensor<8x1xi64>
  %columns = tenon.reshape %i : (tensor<8xi64>) -> tensor<1x8xi64>
  %distance = tenon.sub %columns, %rows : (tensor<1x8xi64>, tensor<8x1xi64>) -> tensor<8x8xi64>
  %bias = tenon.cast %distance : (tensor<8x8xi64>) -> tensor<8x8xf32>
  %y = tenon.add %x, %bias : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  tenon.return %y : tensor<8x8xf32>
}
