// A graph in which an erf is to blame comes down to that erf: operations after it, before it and
// beside it go.
// RUN: tenon-reduce %s --test %S/Inputs/has-erf.sh | FileCheck %s

// CHECK-LABEL: tenon.func @main
// CHECK-NEXT: %[[X:.*]] = tenon.erf %arg0
// CHECK-NEXT: tenon.return %[[X]]
tenon.func @main(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = tenon.add %x, %y : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = tenon.exp %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = tenon.erf %1 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = tenon.tanh %y : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %4 = tenon.mul %2, %3 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %5 = tenon.sub %4, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  tenon.return %5 : tensor<4x8xf32>
}
