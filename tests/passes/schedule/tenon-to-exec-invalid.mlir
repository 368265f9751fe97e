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

tenon.state @s : tensor<4xf32>
tenon.func @copy_of_state(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{the update of state 's' would need a copy}}
  tenon.store_state %x, @s : tensor<4xf32>
  tenon.return %x : tensor<4xf32>
}
