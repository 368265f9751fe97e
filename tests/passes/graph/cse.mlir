// RUN: tenon-opt %s --tenon-cse | FileCheck %s

// Equal operations become one; the weight is read once.
// CHECK-LABEL: tenon.func @equal
// CHECK: %[[E:.*]] = tenon.exp
// CHECK-NOT: tenon.exp
// CHECK: tenon.add %[[E]], %[[E]]
tenon.weight @w : tensor<4xf32> <"w", 0, 16>
tenon.func @equal() -> tensor<4xf32> {
  %0 = tenon.read @w : tensor<4xf32>
  %1 = tenon.read @w : tensor<4xf32>
  %2 = tenon.exp %0 : (tensor<4xf32>) -> tensor<4xf32>
  %3 = tenon.exp %1 : (tensor<4xf32>) -> tensor<4xf32>
  %4 = tenon.add %2, %3 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  tenon.return %4 : tensor<4xf32>
}

// Different attributes are different operations.
// CHECK-LABEL: tenon.func @different
// CHECK-COUNT-2: tenon.reduce
tenon.func @different(%x: tensor<4x4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = tenon.reduce <add> %x dims [0] : (tensor<4x4xf32>) -> tensor<4xf32>
  %1 = tenon.reduce <add> %x dims [1] : (tensor<4x4xf32>) -> tensor<4xf32>
  tenon.return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
