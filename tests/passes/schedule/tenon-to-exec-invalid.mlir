// RUN: tenon-opt %s --tenon-to-exec --split-input-file --verify-diagnostics

// All that is missing is said in one go.
tenon.func @outside(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'tenon.neg' is not part of any kernel}}
  %0 = tenon.neg %x : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @below {{kernel 'k' has no tile function}}
  %1 = tenon.kernel "k"(%0) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  tenon.return %1 : tensor<4xf32>
}

// -----

// What is updated in place has no other reader.
tenon.state @s : tensor<4xf32>
tile.func @k(%d: !tile.view<f32>, %i: !tile.view<i64>, %u: !tile.view<f32>, %r: !tile.view<f32>, %b: index)
    grid(#tenon.expr<1>) symbols([]) { tile.return }
tenon.func @read_after_update(%i: tensor<1xi64>, %x: tensor<1xf32>) -> tensor<4xf32> {
  %0 = tenon.load_state @s : tensor<4xf32>
  // expected-error @below {{a state is read after its update, which would need a copy}}
  %1 = tenon.kernel "k"(%0, %i, %x) : (tensor<4xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<4xf32> {
  ^bb0(%d: tensor<4xf32>, %j: tensor<1xi64>, %u: tensor<1xf32>):
    %2 = tenon.scatter <none> %d [%j] %u data [0] index [0] {tenon.in_place} : (tensor<4xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<4xf32>
    tenon.yield %2 : tensor<4xf32>
  }
  tenon.store_state %1, @s : tensor<4xf32>
  tenon.return %0 : tensor<4xf32>
}
