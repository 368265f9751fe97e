// RUN: tenon-opt %s | tenon-opt | FileCheck %s

// Every kind of operation survives printing and parsing.

// CHECK: tenon.symbols = #tenon.symbols<B in 1 to 64, S in 8 to 2048 by 8, "x.2" in 0 to 9>
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 64, S in 8 to 2048 by 8, "x.2" in 0 to 9>} {
  // CHECK: tenon.weight @w : tensor<768x64xf32> <"m.bin", 4096, 196608>
  tenon.weight @w : tensor<768x64xf32> <"m.bin", 4096, 196608>
  // CHECK: tenon.state @kv : tensor<2x8xf16>
  tenon.state @kv : tensor<2x8xf16>

  // CHECK-LABEL: tenon.func @main
  // CHECK-SAME: tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>> {tenon.name = "x"}
  tenon.func @main(%x: tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>> {tenon.name = "x"})
      -> tensor<?x?x64xf32, #tenon.dims<[B, S, 64]>> {
    %w = tenon.read @w : tensor<768x64xf32>
    // CHECK: tenon.contract {{\[}}[0, 1, 2], [2, 3]] -> [0, 1, 3]
    %0 = tenon.contract [[0, 1, 2], [2, 3]] -> [0, 1, 3] %x, %w
      : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768x64xf32>) -> tensor<?x?x64xf32, #tenon.dims<[B, S, 64]>>
    %1 = tenon.gelu %0 : (tensor<?x?x64xf32, #tenon.dims<[B, S, 64]>>) -> tensor<?x?x64xf32, #tenon.dims<[B, S, 64]>>
    // CHECK: tenon.reduce <max>
    %2 = tenon.reduce <max> %1 dims [2] : (tensor<?x?x64xf32, #tenon.dims<[B, S, 64]>>) -> tensor<?x?xf32, #tenon.dims<[B, S]>>
    // CHECK: tenon.reshape {{.*}} -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %3 = tenon.reshape %2 : (tensor<?x?xf32, #tenon.dims<[B, S]>>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %4 = tenon.sub %1, %3 : (tensor<?x?x64xf32, #tenon.dims<[B, S, 64]>>, tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>) -> tensor<?x?x64xf32, #tenon.dims<[B, S, 64]>>
    tenon.return %4 : tensor<?x?x64xf32, #tenon.dims<[B, S, 64]>>
  }

  // CHECK-LABEL: tenon.func @views
  tenon.func @views(%x: tensor<4x6xf32>, %i: tensor<3xi64>) -> tensor<3x6xf32> {
    %c = tenon.constant dense<0.0> : tensor<f32>
    %0 = tenon.transpose %x [1, 0] : (tensor<4x6xf32>) -> tensor<6x4xf32>
    %1 = tenon.slice %x [#tenon.expr<1>, #tenon.expr<0>] [1, 2] : (tensor<4x6xf32>) -> tensor<2x3xf32>
    // CHECK: tenon.pad {{.*}} [#tenon.expr<1>, #tenon.expr<0>] <constant>
    %2 = tenon.pad %x, %c [#tenon.expr<1>, #tenon.expr<0>] <constant> : (tensor<4x6xf32>, tensor<f32>) -> tensor<6x6xf32>
    %3 = tenon.concat %x, %2 dim 0 : (tensor<4x6xf32>, tensor<6x6xf32>) -> tensor<10x6xf32>
    %4 = tenon.window %x kernel [3] strides [1] dilations [1] low [1] base [1] fill 0.0 : (tensor<4x6xf32>) -> tensor<4x6x3xf32>
    %5 = tenon.iota dim 0 : tensor<3xi64>
    // CHECK: tenon.gather %{{.*}}[%{{.*}}] data [0, -2] index [0]
    %6 = tenon.gather %x[%i] data [0, -2] index [0] : (tensor<4x6xf32>, tensor<3xi64>) -> tensor<3x6xf32>
    tenon.return %6 : tensor<3x6xf32>
  }

  // CHECK-LABEL: tenon.func @regions
  tenon.func @regions(%c: tensor<i1>, %n: tensor<i64>, %x: tensor<4xf32>) -> tensor<4xf32> {
    // CHECK: tenon.if
    %0 = tenon.if %c : (tensor<i1>) -> tensor<4xf32> {
      tenon.yield %x : tensor<4xf32>
    } {
      %1 = tenon.neg %x : (tensor<4xf32>) -> tensor<4xf32>
      tenon.yield %1 : tensor<4xf32>
    }
    // CHECK: tenon.loop
    %2 = tenon.loop %n, %c(%0) : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%i: tensor<i64>, %y: tensor<4xf32>):
      %3 = tenon.exp %y : (tensor<4xf32>) -> tensor<4xf32>
      tenon.yield %c, %3 : tensor<i1>, tensor<4xf32>
    }
    // CHECK: tenon.kernel "k0"
    %4 = tenon.kernel "k0"(%2) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%y: tensor<4xf32>):
      %5 = tenon.relu %y : (tensor<4xf32>) -> tensor<4xf32>
      tenon.yield %5 : tensor<4xf32>
    }
    tenon.return %4 : tensor<4xf32>
  }
}
