// RUN: tenon-opt %s --tenon-infer-shapes="dims=B=2" | FileCheck %s

// B is given, N has one value, S stays: types and attributes follow.
// CHECK: tenon.symbols = #tenon.symbols<S in 8 to 64 by 8>
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 8, N in 3 to 3, S in 8 to 64 by 8>} {
  // CHECK-LABEL: tenon.func @main
  // CHECK-SAME: %[[X:.*]]: tensor<2x?x3xf32, #tenon.dims<[2, S, 3]>>
  tenon.func @main(%x: tensor<?x?x?xf32, #tenon.dims<[B, S, N]>>) -> tensor<?xf32, #tenon.dims<[B * S * N]>> {
    // CHECK: tenon.dim <6 * S> : tensor<i64>
    %0 = tenon.dim <B * S * N> : tensor<i64>
    // CHECK: tenon.reshape %[[X]] : {{.*}} -> tensor<?xf32, #tenon.dims<[6 * S]>>
    %1 = tenon.reshape %x : (tensor<?x?x?xf32, #tenon.dims<[B, S, N]>>) -> tensor<?xf32, #tenon.dims<[B * S * N]>>
    tenon.return %1 : tensor<?xf32, #tenon.dims<[B * S * N]>>
  }

  // CHECK-LABEL: tenon.func @static
  // CHECK: tenon.exp %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  tenon.func @static(%x: tensor<?x?xf32, #tenon.dims<[B, N]>>) -> tensor<?x?xf32, #tenon.dims<[B, N]>> {
    %0 = tenon.exp %x : (tensor<?x?xf32, #tenon.dims<[B, N]>>) -> tensor<?x?xf32, #tenon.dims<[B, N]>>
    tenon.return %0 : tensor<?x?xf32, #tenon.dims<[B, N]>>
  }
}
