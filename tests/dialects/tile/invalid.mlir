// RUN: tenon-opt %s -split-input-file -verify-diagnostics
// One case per numbered constraint of TileOps.td.

// expected-error @+1 {{expects the block's number, an index, as its last argument (func_c1)}}
tile.func @f(%x: !tile.view<f32>) grid(#tenon.expr<1>) symbols([]) { tile.return }

// -----

// expected-error @+1 {{expects a view in global memory as argument 0, got '!tile.view<f32, scratch>' (func_c1)}}
tile.func @f(%x: !tile.view<f32, scratch>, %b: index) grid(#tenon.expr<1>) symbols([]) { tile.return }

// -----

// expected-error @+1 {{has results; a kernel stores them (func_c2)}}
tile.func @f(%b: index) -> f32 grid(#tenon.expr<1>) symbols([]) { tile.return }

// -----

// expected-error @+1 {{lists symbol 'N' twice (func_c4)}}
tile.func @f(%b: index) grid(#tenon.expr<1>) symbols(["N", "N"]) { tile.return }

// -----

// expected-error @+1 {{uses 'N', which 'f' does not list (func_c3)}}
tile.func @f(%b: index) grid(#tenon.expr<N>) symbols([]) { tile.return }

// -----

tile.func @f(%b: index) grid(#tenon.expr<N>) symbols(["N"]) {
  // expected-error @+1 {{uses 'd0', which 'f' does not list (func_c3)}}
  %0 = tile.dim #tenon.expr<d0 * N>
  tile.return
}

// -----

tile.func @f(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  // expected-error @+1 {{moves elements of type 'f64' through a view of 'f32' (access_c1)}}
  %0 = tile.load %x[%b] strides [1] : !tile.view<f32> -> tensor<4xf64>
  tile.return
}

// -----

tile.func @f(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  // expected-error @+1 {{has 1 strides for a tile of rank 2 (access_c2)}}
  %0 = tile.load %x[%b] strides [1] : !tile.view<f32> -> tensor<4x4xf32>
  tile.return
}

// -----

tile.func @f(%x: !tile.view<f32>, %m: index) grid(#tenon.expr<1>) symbols([]) {
  %mask = arith.constant dense<true> : tensor<2x4xi1>
  // expected-error @+1 {{has a mask of type 'tensor<2x4xi1>' that does not broadcast to 'tensor<4x4xf32>' (access_c3)}}
  %0 = tile.load %x[%m] strides [4, 1] mask(%mask : tensor<2x4xi1>) : !tile.view<f32> -> tensor<4x4xf32>
  tile.return
}

// -----

tile.func @f(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  %c = arith.constant 0.0 : f32
  // expected-error @+1 {{has a fill without a mask (access_c4)}}
  %0 = tile.load %x[%b] strides [1] fill(%c : f32) : !tile.view<f32> -> tensor<4xf32>
  tile.return
}

// -----

tile.func @f(%b: index) grid(#tenon.expr<1>) symbols([]) {
  // expected-error @+1 {{counts along dimension 1 of 'tensor<4xindex>' (iota_c1)}}
  %0 = tile.iota dim 1 : tensor<4xindex>
  tile.return
}

// -----

tile.func @f(%b: index) grid(#tenon.expr<1>) symbols([]) {
  // expected-error @+1 {{fills 'tensor<4xf32>' with 'index' (splat_c1)}}
  %0 = tile.splat %b : index -> tensor<4xf32>
  tile.return
}

// -----

tile.func @f(%b: index) grid(#tenon.expr<1>) symbols([]) {
  %0 = tile.iota dim 0 : tensor<4xindex>
  // expected-error @+1 {{takes one 'index' from 'tensor<4xindex>' (extract_c1)}}
  %1 = tile.extract %0 : tensor<4xindex> -> index
  tile.return
}

// -----

tile.func @f(%b: index) grid(#tenon.expr<1>) symbols([]) {
  %0 = tile.iota dim 0 : tensor<4xindex>
  // expected-error @+1 {{cannot repeat 'tensor<4xindex>' to 'tensor<8xindex>' (broadcast_c1)}}
  %1 = tile.broadcast %0 : tensor<4xindex> -> tensor<8xindex>
  tile.return
}

// -----

tile.func @f(%b: index) grid(#tenon.expr<1>) symbols([]) {
  %0 = tile.iota dim 0 : tensor<4xindex>
  // expected-error @+1 {{cannot reduce dimension 1 of 'tensor<4xindex>' to 'tensor<1xindex>' (reduce_c1)}}
  %1 = tile.reduce add %0 dim 1 : tensor<4xindex> -> tensor<1xindex>
  tile.return
}

// -----

tile.func @f(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  %0 = tile.load %x[%b] strides [1] : !tile.view<f32> -> tensor<4xf32>
  // expected-error @+1 {{combines 'f32' by 'xor' (reduce_c2)}}
  %1 = tile.reduce xor %0 dim 0 : tensor<4xf32> -> tensor<1xf32>
  tile.return
}

// -----

tile.func @f(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  %0 = tile.load %x[%b] strides [4, 1] : !tile.view<f32> -> tensor<4x4xf32>
  %1 = tile.load %x[%b] strides [4, 1] : !tile.view<f32> -> tensor<3x4xf32>
  // expected-error @+1 {{cannot multiply 'tensor<4x4xf32>' by 'tensor<3x4xf32>' into 'tensor<4x4xf32>' (dot_c1)}}
  %2 = tile.dot %0, %1, %0 : tensor<4x4xf32>, tensor<3x4xf32>, tensor<4x4xf32>
  tile.return
}

// -----

tile.func @f(%b: index) grid(#tenon.expr<1>) symbols([]) {
  %0 = arith.constant dense<1> : tensor<4x4xi16>
  %1 = arith.constant dense<1> : tensor<4x4xi32>
  // expected-error @+1 {{cannot accumulate 'i16' times 'i16' in 'i32' (dot_c2)}}
  %2 = tile.dot %0, %0, %1 : tensor<4x4xi16>, tensor<4x4xi16>, tensor<4x4xi32>
  tile.return
}
