// RUN: tenon-opt %s --tenon-verify-kernels | FileCheck %s

// A function whose operations are all in kernels passes unchanged.
// CHECK-LABEL: tenon.func @main
// CHECK: tenon.kernel "k0"
tenon.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tenon.kernel "k0"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %1 = tenon.exp %a : (tensor<4xf32>) -> tensor<4xf32>
    tenon.yield %1 : tensor<4xf32>
  }
  tenon.return %0 : tensor<4xf32>
}
