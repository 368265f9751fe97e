// RUN: tenon-opt %s --tenon-kernels-to-tile --cse | FileCheck %s

// A product with its epilogue is a tile of rows by vectors: the loop over k
// holds one fused multiply-add and the bias is added once behind it. The last
// tile starts earlier, so that nothing is masked; fewer rows than a tile has are
// done by narrower ones.
// CHECK-LABEL: tile.func @k0
// CHECK-SAME: grid(#tenon.expr<B ceildiv 48>)
// CHECK-NOT: mask
// CHECK: scf.if
// CHECK: arith.minui
// CHECK: scf.for {{.*}} -> (tensor<12x32xf32>)
// CHECK: math.fma {{.*}} : tensor<12x32xf32>
// CHECK: arith.maximumf
// CHECK: tile.store {{.*}} strides [96, 1] : tensor<12x32xf32>
// CHECK: } else {
// CHECK: math.fma {{.*}} : tensor<4x32xf32>
// CHECK: math.fma {{.*}} : tensor<1x32xf32>

// Softmax is three loops over one row: maximum, sum, result.
// CHECK-LABEL: tile.func @softmax
// CHECK: scf.for
// CHECK: arith.maximumf
// CHECK: tile.reduce max
// CHECK: scf.for
// CHECK: math.exp
// CHECK: tile.reduce add
// CHECK: scf.for
// CHECK: arith.divf {{.*}} : tensor<1x32xf32>
// CHECK: tile.store
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 64>} {
  tenon.func @f(%x: tensor<?x64xf32, #tenon.dims<[B, 64]>>, %w: tensor<64x96xf32>, %b: tensor<96xf32>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>> {
    %0 = tenon.kernel "k0"(%x, %w, %b) : (tensor<?x64xf32, #tenon.dims<[B, 64]>>, tensor<64x96xf32>, tensor<96xf32>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>> {
    ^bb0(%xa: tensor<?x64xf32, #tenon.dims<[B, 64]>>, %wa: tensor<64x96xf32>, %ba: tensor<96xf32>):
      %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %xa, %wa : (tensor<?x64xf32, #tenon.dims<[B, 64]>>, tensor<64x96xf32>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>>
      %2 = tenon.add %1, %ba : (tensor<?x96xf32, #tenon.dims<[B, 96]>>, tensor<96xf32>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>>
      %3 = tenon.relu %2 : (tensor<?x96xf32, #tenon.dims<[B, 96]>>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>>
      tenon.yield %3 : tensor<?x96xf32, #tenon.dims<[B, 96]>>
    }
    %s = tenon.kernel "softmax"(%0) : (tensor<?x96xf32, #tenon.dims<[B, 96]>>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>> {
    ^bb0(%xa: tensor<?x96xf32, #tenon.dims<[B, 96]>>):
      %m = tenon.reduce <max> %xa dims [1] : (tensor<?x96xf32, #tenon.dims<[B, 96]>>) -> tensor<?xf32, #tenon.dims<[B]>>
      %m1 = tenon.reshape %m : (tensor<?xf32, #tenon.dims<[B]>>) -> tensor<?x1xf32, #tenon.dims<[B, 1]>>
      %d = tenon.sub %xa, %m1 : (tensor<?x96xf32, #tenon.dims<[B, 96]>>, tensor<?x1xf32, #tenon.dims<[B, 1]>>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>>
      %e = tenon.exp %d : (tensor<?x96xf32, #tenon.dims<[B, 96]>>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>>
      %z = tenon.reduce <add> %e dims [1] : (tensor<?x96xf32, #tenon.dims<[B, 96]>>) -> tensor<?xf32, #tenon.dims<[B]>>
      %z1 = tenon.reshape %z : (tensor<?xf32, #tenon.dims<[B]>>) -> tensor<?x1xf32, #tenon.dims<[B, 1]>>
      %r = tenon.div %e, %z1 : (tensor<?x96xf32, #tenon.dims<[B, 96]>>, tensor<?x1xf32, #tenon.dims<[B, 1]>>) -> tensor<?x96xf32, #tenon.dims<[B, 96]>>
      tenon.yield %r : tensor<?x96xf32, #tenon.dims<[B, 96]>>
    }
    tenon.return %s : tensor<?x96xf32, #tenon.dims<[B, 96]>>
  }
}
