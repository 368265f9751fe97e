// RUN: tenon-opt %s --tenon-verify-tiles --split-input-file --verify-diagnostics

tenon.func @missing(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'k' has no tile function [tiles_c1]}}
  %0 = tenon.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  tenon.return %0 : tensor<4xf32>
}

// -----

// expected-error @below {{has 1 views, expected 2 [tiles_c1]}}
tile.func @k(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) { tile.return }
tenon.func @count(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tenon.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  tenon.return %0 : tensor<4xf32>
}

// -----

// expected-error @below {{argument 1 is '!tile.view<f64>', expected '!tile.view<f32>' [tiles_c1]}}
tile.func @k(%x: !tile.view<f32>, %y: !tile.view<f64>, %b: index) grid(#tenon.expr<1>) symbols([]) { tile.return }
tenon.func @type(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tenon.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  tenon.return %0 : tensor<4xf32>
}

// -----

module attributes {tenon.symbols = #tenon.symbols<B in 1 to 8>} {
  // expected-error @below {{lists other symbols than the module declares [tiles_c2]}}
  tile.func @k(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols(["C"]) { tile.return }
}

// -----

tile.func @k(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  // expected-error @below {{is part of a tile function [tiles_c3]}}
  %0 = tenon.iota dim 0 : tensor<8xi64>
  tile.return
}
