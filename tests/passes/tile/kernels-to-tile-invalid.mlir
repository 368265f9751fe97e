// RUN: not tenon-opt %s --tenon-kernels-to-tile 2>&1 | FileCheck %s

// A constant that is no splat must be an operand of the kernel.
tenon.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = tenon.kernel "k"(%x) : (tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%a: tensor<2xf32>):
    // CHECK: error: a constant inside of a kernel must be a splat
    %c = tenon.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %1 = tenon.add %a, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    tenon.yield %1 : tensor<2xf32>
  }
  tenon.return %0 : tensor<2xf32>
}
