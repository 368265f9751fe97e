// RUN: tenon-opt %s --split-input-file --verify-diagnostics

module attributes {spmd.mesh = #spmd.mesh<"tp" = 2>} {
  tenon.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    // expected-error @+1 {{names axis 'dp', which is not in the module's mesh}}
    %0 = spmd.all_reduce <add> %x axis "dp" : (tensor<4xf32>) -> tensor<4xf32>
    tenon.return %0 : tensor<4xf32>
  }
}

// -----

module attributes {spmd.mesh = #spmd.mesh<"tp" = 2>} {
  tenon.func @main(%x: tensor<4xf32>) -> tensor<3x4xf32> {
    // expected-error @+1 {{of which one is the other under a dimension of 2}}
    %0 = spmd.all_gather %x axis "tp" : (tensor<4xf32>) -> tensor<3x4xf32>
    tenon.return %0 : tensor<3x4xf32>
  }
}

// -----

module attributes {spmd.mesh = #spmd.mesh<"tp" = 2>} {
  tenon.func @main(%x: tensor<2x4xf32>) -> tensor<4xf32> {
    // expected-error @+1 {{combines by add, mul, max or min only}}
    %0 = spmd.reduce_scatter <xor> %x axis "tp" : (tensor<2x4xf32>) -> tensor<4xf32>
    tenon.return %0 : tensor<4xf32>
  }
}

// -----

module attributes {spmd.mesh = #spmd.mesh<"tp" = 2>} {
  // expected-error @+1 {{has whole type 'tensor<8x4xf32>', expected sizes}}
  tenon.weight @w : tensor<4x4xf32> <"w", 0, 128> {spmd.split = #spmd.split<tensor<8x4xf32>, dims [1], axes ["tp"]>}
}

// -----

// expected-error @+1 {{axis 'tp' is in the mesh twice}}
module attributes {spmd.mesh = #spmd.mesh<"tp" = 2, "tp" = 4>} {}
