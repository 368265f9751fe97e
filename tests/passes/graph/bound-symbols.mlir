// RUN: tenon-opt %s --split-input-file --tenon-bound-symbols | FileCheck %s

// A size may not be negative; what lies in a step is left to the run time check.

// CHECK: tenon.symbols = #tenon.symbols<S in 4 to 64>
module attributes {tenon.symbols = #tenon.symbols<S in 1 to 64>} {
  tenon.func @main(%x: tensor<?xf32, #tenon.dims<[S]>>) -> tensor<?xf32, #tenon.dims<[S + -4]>> {
    %0 = tenon.slice %x [#tenon.expr<4>] [1] : (tensor<?xf32, #tenon.dims<[S]>>) -> tensor<?xf32, #tenon.dims<[S + -4]>>
    tenon.return %0 : tensor<?xf32, #tenon.dims<[S + -4]>>
  }
}

// -----

// Reflection by 64 needs 65 elements; a convolution a whole window.

// CHECK: tenon.symbols = #tenon.symbols<B in 1 to 9, S in 192 to 9999>
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 9, S in 1 to 9999>} {
  tenon.func @main(%x: tensor<?x?xf32, #tenon.dims<[B, S]>>, %w: tensor<8x256xf32>)
      -> tensor<?x8x?xf32, #tenon.dims<[B, 8, (S + -192) floordiv 128 + 1]>> {
    %zero = tenon.constant dense<0.0> : tensor<f32>
    %0 = tenon.pad %x, %zero [#tenon.expr<0>, #tenon.expr<0>] <reflect> : (tensor<?x?xf32, #tenon.dims<[B, S]>>, tensor<f32>)
      -> tensor<?x?xf32, #tenon.dims<[B, S + 64]>>
    %1 = tenon.window %0 kernel [256] strides [128] dilations [1] low [0] base [1] fill 0.0
      : (tensor<?x?xf32, #tenon.dims<[B, S + 64]>>) -> tensor<?x?x256xf32, #tenon.dims<[B, (S + -192) floordiv 128 + 1, 256]>>
    %2 = tenon.contract [[0, 2, 3], [1, 3]] -> [0, 1, 2] %1, %w
      : (tensor<?x?x256xf32, #tenon.dims<[B, (S + -192) floordiv 128 + 1, 256]>>, tensor<8x256xf32>)
      -> tensor<?x8x?xf32, #tenon.dims<[B, 8, (S + -192) floordiv 128 + 1]>>
    tenon.return %2 : tensor<?x8x?xf32, #tenon.dims<[B, 8, (S + -192) floordiv 128 + 1]>>
  }
}

// -----

// CHECK: tenon.symbols = #tenon.symbols<S in 65 to 9999>
module attributes {tenon.symbols = #tenon.symbols<S in 1 to 9999>} {
  tenon.func @main(%x: tensor<?xf32, #tenon.dims<[S]>>) -> tensor<?xf32, #tenon.dims<[S + 64]>> {
    %zero = tenon.constant dense<0.0> : tensor<f32>
    %0 = tenon.pad %x, %zero [#tenon.expr<0>] <reflect> : (tensor<?xf32, #tenon.dims<[S]>>, tensor<f32>)
      -> tensor<?xf32, #tenon.dims<[S + 64]>>
    tenon.return %0 : tensor<?xf32, #tenon.dims<[S + 64]>>
  }
}

// -----

// Demands on two symbols, and sizes that fall, say nothing.

// CHECK: tenon.symbols = #tenon.symbols<A in 1 to 64, B in 1 to 64>
module attributes {tenon.symbols = #tenon.symbols<A in 1 to 64, B in 1 to 64>} {
  tenon.func @main(%x: tensor<?x?xf32, #tenon.dims<[A, B]>>) -> tensor<?x?xf32, #tenon.dims<[A + B + -9, B * -1 + 64]>> {
    %zero = tenon.constant dense<0.0> : tensor<f32>
    %0 = tenon.pad %x, %zero [#tenon.expr<0>, #tenon.expr<0>] <constant> : (tensor<?x?xf32, #tenon.dims<[A, B]>>, tensor<f32>)
      -> tensor<?x?xf32, #tenon.dims<[A + B + -9, B * -1 + 64]>>
    tenon.return %0 : tensor<?x?xf32, #tenon.dims<[A + B + -9, B * -1 + 64]>>
  }
}
