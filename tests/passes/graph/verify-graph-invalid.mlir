// RUN: tenon-opt %s --tenon-verify-graph --split-input-file --verify-diagnostics

tenon.func @unnamed(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tenon.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{has no size for dimension 0}}
  %1 = tenon.reshape %0 : (tensor<4xf32>) -> tensor<?xf32>
  tenon.return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{names the size 'T', which is not declared}}
tenon.func @undeclared(%x: tensor<?xf32, #tenon.dims<[T]>>) -> tensor<?xf32, #tenon.dims<[T]>> {
  tenon.return %x : tensor<?xf32, #tenon.dims<[T]>>
}

// -----

tenon.func @foreign() {
  // expected-error @+1 {{operation 'arith.constant' is not of the tenon or the spmd dialect}}
  %0 = arith.constant 1 : index
  tenon.return
}

// -----

module attributes {tenon.symbols = #tenon.symbols<B in 1 to 8>} {
  tenon.func @attribute() -> tensor<i64> {
    // expected-error @+1 {{names the size 'C', which is not declared}}
    %0 = tenon.dim <B * C> : tensor<i64>
    tenon.return %0 : tensor<i64>
  }
}

// -----

tenon.func @overflow() -> tensor<i64> {
  // expected-error @+1 {{has a size that overflowed 64 bits or divides by zero}}
  %0 = tenon.dim <4611686018427387904 * 4> : tensor<i64>
  tenon.return %0 : tensor<i64>
}

// -----

// Bytes count, at the least size of each symbol.
module attributes {tenon.symbols = #tenon.symbols<B in 2 to 64>} {
  // expected-error @+1 {{has a value of type 'tensor<?x36028797018963968xi16, #tenon.dims<[B, 36028797018963968]>>', whose bytes exceed 2^56}}
  tenon.func @bytes(%x: tensor<?x36028797018963968xi16, #tenon.dims<[B, 36028797018963968]>>) {
    tenon.return
  }
}

// -----

// expected-error @+1 {{whose bytes exceed 2^56}}
tenon.weight @huge : tensor<4611686018427387904x4xf32> <"m.bin", 0, 16>
