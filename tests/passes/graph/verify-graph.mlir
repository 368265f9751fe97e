// RUN: tenon-opt %s --tenon-verify-graph | FileCheck %s

// A well-formed graph passes unchanged.
// CHECK-LABEL: tenon.func @main
// CHECK-NEXT: tenon.exp
// CHECK-NEXT: tenon.return
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 8>} {
  tenon.func @main(%x: tensor<?x4xf32, #tenon.dims<[B, 4]>>) -> tensor<?x4xf32, #tenon.dims<[B, 4]>> {
    %0 = tenon.exp %x : (tensor<?x4xf32, #tenon.dims<[B, 4]>>) -> tensor<?x4xf32, #tenon.dims<[B, 4]>>
    tenon.return %0 : tensor<?x4xf32, #tenon.dims<[B, 4]>>
  }
}
