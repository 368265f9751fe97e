// RUN: tenon-opt %s --tenon-fuse-kernels --tenon-verify-kernels --split-input-file | FileCheck %s

// Maps share one kernel; the scalar constant goes inside.
// CHECK-LABEL: tenon.func @maps
// CHECK-SAME: (%[[X:.*]]: tensor<64x32xf32>, %[[B:.*]]: tensor<32xf32>)
// CHECK: %[[K:.*]] = tenon.kernel "k0"(%[[X]], %[[B]])
// CHECK: tenon.add
// CHECK: tenon.constant
// CHECK: tenon.mul
// CHECK: tenon.relu
// CHECK: tenon.return %[[K]]
tenon.func @maps(%x: tensor<64x32xf32>, %b: tensor<32xf32>) -> tensor<64x32xf32> {
  %c = tenon.constant dense<2.0> : tensor<f32>
  %0 = tenon.add %x, %b : (tensor<64x32xf32>, tensor<32xf32>) -> tensor<64x32xf32>
  %1 = tenon.mul %0, %c : (tensor<64x32xf32>, tensor<f32>) -> tensor<64x32xf32>
  %2 = tenon.relu %1 : (tensor<64x32xf32>) -> tensor<64x32xf32>
  tenon.return %2 : tensor<64x32xf32>
}

// -----

// Softmax, spelled out, is one kernel: two reductions over the same factor.
// CHECK-LABEL: tenon.func @softmax
// CHECK-COUNT-1: tenon.kernel
// CHECK-NOT: tenon.kernel
tenon.func @softmax(%x: tensor<256x128xf32>) -> tensor<256x128xf32> {
  %m = tenon.reduce <max> %x dims [1] : (tensor<256x128xf32>) -> tensor<256xf32>
  %m1 = tenon.reshape %m : (tensor<256xf32>) -> tensor<256x1xf32>
  %s = tenon.sub %x, %m1 : (tensor<256x128xf32>, tensor<256x1xf32>) -> tensor<256x128xf32>
  %e = tenon.exp %s : (tensor<256x128xf32>) -> tensor<256x128xf32>
  %z = tenon.reduce <add> %e dims [1] : (tensor<256x128xf32>) -> tensor<256xf32>
  %z1 = tenon.reshape %z : (tensor<256xf32>) -> tensor<256x1xf32>
  %y = tenon.div %e, %z1 : (tensor<256x128xf32>, tensor<256x1xf32>) -> tensor<256x128xf32>
  tenon.return %y : tensor<256x128xf32>
}

// -----

// A product takes its bias and activation along; the transposed weight is read
// through the view, which is copied inside.
// CHECK-LABEL: tenon.func @epilogue
// CHECK: %[[W:.*]] = tenon.read @w
// CHECK: tenon.kernel "k0"(%{{.*}}, %[[W]], %{{.*}})
// CHECK: tenon.transpose
// CHECK: tenon.contract
// CHECK: tenon.add
// CHECK: tenon.gelu
// CHECK-NOT: tenon.kernel
module attributes {tenon.symbols = #tenon.symbols<S in 8 to 2048>} {
  tenon.weight @w : tensor<96x64xf32> <"w", 0, 24576>
  tenon.func @epilogue(%x: tensor<?x64xf32, #tenon.dims<[S, 64]>>, %b: tensor<96xf32>)
      -> tensor<?x96xf32, #tenon.dims<[S, 96]>> {
    %w = tenon.read @w : tensor<96x64xf32>
    %t = tenon.transpose %w [1, 0] : (tensor<96x64xf32>) -> tensor<64x96xf32>
    %0 = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %x, %t
      : (tensor<?x64xf32, #tenon.dims<[S, 64]>>, tensor<64x96xf32>) -> tensor<?x96xf32, #tenon.dims<[S, 96]>>
    %1 = tenon.add %0, %b : (tensor<?x96xf32, #tenon.dims<[S, 96]>>, tensor<96xf32>) -> tensor<?x96xf32, #tenon.dims<[S, 96]>>
    %2 = tenon.gelu %1 : (tensor<?x96xf32, #tenon.dims<[S, 96]>>) -> tensor<?x96xf32, #tenon.dims<[S, 96]>>
    tenon.return %2 : tensor<?x96xf32, #tenon.dims<[S, 96]>>
  }
}

// -----

// Two heavy products in a row stay apart: each is an anchor.
// CHECK-LABEL: tenon.func @twoProducts
// CHECK-COUNT-2: tenon.kernel
// CHECK-NOT: tenon.kernel
tenon.func @twoProducts(%x: tensor<256x64xf32>, %w: tensor<64x64xf32>) -> tensor<256x64xf32> {
  %0 = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %x, %w
    : (tensor<256x64xf32>, tensor<64x64xf32>) -> tensor<256x64xf32>
  %1 = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %0, %w
    : (tensor<256x64xf32>, tensor<64x64xf32>) -> tensor<256x64xf32>
  tenon.return %1 : tensor<256x64xf32>
}

// -----

// A view that a function returns is a kernel of its own, or stored by its
// producer; one that only another kernel reads costs nothing.
// CHECK-LABEL: tenon.func @views
// CHECK: %[[A:.*]] = tenon.kernel "k0"(%{{.*}}) : (tensor<64x32xf32>) -> tensor<32x64xf32> {
// CHECK: tenon.transpose
// CHECK: tenon.yield
// CHECK: tenon.return %[[A]]
tenon.func @views(%x: tensor<64x32xf32>) -> tensor<32x64xf32> {
  %t = tenon.transpose %x [1, 0] : (tensor<64x32xf32>) -> tensor<32x64xf32>
  tenon.return %t : tensor<32x64xf32>
}

// -----

// Heads: reshape and transpose split the factor 768 into 12 x 64 on both sides,
// so that the scale before them and the sum after them share a kernel.
// CHECK-LABEL: tenon.func @heads
// CHECK-COUNT-1: tenon.kernel
// CHECK-NOT: tenon.kernel
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 4, S in 8 to 2048>} {
  tenon.func @heads(%x: tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>)
      -> tensor<?x12x?xf32, #tenon.dims<[B, 12, S]>> {
    %0 = tenon.exp %x : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %1 = tenon.reshape %0 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>
    %2 = tenon.transpose %1 [0, 2, 1, 3] : (tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>) -> tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>
    %3 = tenon.reduce <add> %2 dims [3] : (tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>) -> tensor<?x12x?xf32, #tenon.dims<[B, 12, S]>>
    tenon.return %3 : tensor<?x12x?xf32, #tenon.dims<[B, 12, S]>>
  }
}

// -----

// Control flow: each region is fused by itself, its operands exist in memory.
// CHECK-LABEL: tenon.func @regions
// CHECK: %[[C:.*]] = tenon.kernel {{.*}} -> tensor<i1>
// CHECK: tenon.if %[[C]]
// CHECK: tenon.kernel
// CHECK: tenon.neg
// CHECK: tenon.exp
// CHECK: tenon.yield
// CHECK: tenon.yield
// CHECK: tenon.sort
tenon.func @regions(%a: tensor<f32>, %x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %zero = tenon.constant dense<0.0> : tensor<f32>
  %c = tenon.gt %a, %zero : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %0 = tenon.if %c : (tensor<i1>) -> tensor<64xf32> {
    %1 = tenon.neg %x : (tensor<64xf32>) -> tensor<64xf32>
    %2 = tenon.exp %1 : (tensor<64xf32>) -> tensor<64xf32>
    tenon.yield %2 : tensor<64xf32>
  } {
    tenon.yield %x : tensor<64xf32>
  }
  %3, %4 = tenon.sort %0 dim 0 : (tensor<64xf32>) -> (tensor<64xf32>, tensor<64xi64>)
  tenon.return %0, %3 : tensor<64xf32>, tensor<64xf32>
}

// -----

// What is computed after a symbol is bound stays after the binding.
// CHECK-LABEL: tenon.func @bound
// CHECK: tenon.kernel
// CHECK: tenon.nonzero
// CHECK: tenon.kernel
// CHECK: tenon.bind
// CHECK: tenon.kernel
// CHECK: tenon.slice
module attributes {tenon.symbols = #tenon.symbols<N in 0 to 8>} {
  tenon.func @bound(%x: tensor<8xi1>) -> tensor<?x1xi64, #tenon.dims<[N, 1]>> {
    %p, %n = tenon.nonzero %x : (tensor<8xi1>) -> (tensor<8x1xi64>, tensor<i64>)
    %n1 = tenon.reshape %n : (tensor<i64>) -> tensor<1xi64>
    tenon.bind %n1 ["N"] : tensor<1xi64>
    %0 = tenon.slice %p [#tenon.expr<0>, #tenon.expr<0>] [1, 1] : (tensor<8x1xi64>) -> tensor<?x1xi64, #tenon.dims<[N, 1]>>
    tenon.return %0 : tensor<?x1xi64, #tenon.dims<[N, 1]>>
  }
}
