// RUN: tenon-opt %s --tenon-verify-kernels --split-input-file --verify-diagnostics

tenon.func @outside(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{is in no kernel}}
  %0 = tenon.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  tenon.return %0 : tensor<4xf32>
}

// -----

tenon.func @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tenon.kernel "k0"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  // expected-error @+1 {{has the name of another kernel, 'k0'}}
  %1 = tenon.kernel "k0"(%0) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  tenon.return %1 : tensor<4xf32>
}
