// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{has type 'tensor<?xf32>', expected a static shape [weight_c1]}}
tenon.weight @w : tensor<?xf32> <"m.bin", 0, 16>

// -----

// expected-error @below {{store range is negative [weight_c2]}}
tenon.weight @w : tensor<4xf32> <"m.bin", 0, -16>

// -----

// expected-error @below {{order [7] is no permutation of 1 dimensions [weight_c3]}}
tenon.weight @w : tensor<4xf32> <"m.bin", 0, 16> {order = array<i64: 7>}

// -----

// expected-error @below {{order [1, 1] is no permutation of 2 dimensions [weight_c3]}}
tenon.weight @w : tensor<2x2xf32> <"m.bin", 0, 16> {order = array<i64: 1, 1>}

// -----

tenon.func @arguments(%x: tensor<4xf32>) -> tensor<4xf32> {
  // kernel_c1
  // expected-error @below {{argument 0 has type 'tensor<8xf32>', expected 'tensor<4xf32>'}}
  %y = tenon.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<8xf32>):
    tenon.yield %x : tensor<4xf32>
  }
  tenon.return %y : tensor<4xf32>
}

// -----

tenon.func @order_count(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{has 0 operand orders, expected 1 [kernel_c2]}}
  %y = tenon.kernel "k"(%x) {operand_orders = []} : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  tenon.return %y : tensor<4xf32>
}

// -----

tenon.func @order(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{result order 0 [0, 1] is no permutation of 1 dimensions [kernel_c3]}}
  %y = tenon.kernel "k"(%x) {result_orders = [array<i64: 0, 1>]} : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  tenon.return %y : tensor<4xf32>
}

// -----

tenon.func @no_order(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{attribute 'result_orders' failed to satisfy constraint: orders of dimensions}}
  %y = tenon.kernel "k"(%x) {result_orders = [1]} : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    tenon.yield %a : tensor<4xf32>
  }
  tenon.return %y : tensor<4xf32>
}

// -----

tenon.func @scatter(%x: tensor<9x4xf32>, %i: tensor<2xi64>, %u: tensor<2x4xf32>) {
  // expected-error @below {{data dims entry 1 names no index and no dimension}}
  %0 = tenon.scatter <none> %x [%i] %u data [1, -2] index [0] : (tensor<9x4xf32>, tensor<2xi64>, tensor<2x4xf32>) -> tensor<9x4xf32>
  tenon.return
}

// -----

tenon.func @gather(%x: tensor<9x4xf32>, %i: tensor<2xi64>) {
  // expected-error @below {{index dims entry 2 is not below the rank 2}}
  %0 = tenon.gather %x [%i] data [0, -2] index [2] : (tensor<9x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  tenon.return
}
