// RUN: tenon-opt %s --tenon-kernels-to-tile --tenon-verify-tiles | FileCheck %s

// What the stage makes passes unchanged.
// CHECK: tile.func @k(
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 8>} {
  tenon.func @main(%x: tensor<?xi1, #tenon.dims<[B]>>) -> tensor<?xi1, #tenon.dims<[B]>> {
    %0 = tenon.kernel "k"(%x) : (tensor<?xi1, #tenon.dims<[B]>>) -> tensor<?xi1, #tenon.dims<[B]>> {
    ^bb0(%a: tensor<?xi1, #tenon.dims<[B]>>):
      %1 = tenon.not %a : (tensor<?xi1, #tenon.dims<[B]>>) -> tensor<?xi1, #tenon.dims<[B]>>
      tenon.yield %1 : tensor<?xi1, #tenon.dims<[B]>>
    }
    tenon.return %0 : tensor<?xi1, #tenon.dims<[B]>>
  }
}
