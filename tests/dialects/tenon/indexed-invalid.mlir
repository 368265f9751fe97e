// RUN: not tenon-opt %s --split-input-file 2>&1 | FileCheck %s

// One operand's sizes index another's buffer: they must fit.

// CHECK: 'tenon.gather' op result has size 5 in dimension 0, beyond the data's 2 (gather_c1)
tenon.func @wide_gather(%x: tensor<2x3xf32>, %i: tensor<5x3xi64>) -> tensor<5x3xf32> {
  %0 = tenon.gather %x [%i] data [-1, 0] index [0, 1] : (tensor<2x3xf32>, tensor<5x3xi64>) -> tensor<5x3xf32>
  tenon.return %0 : tensor<5x3xf32>
}

// -----

// CHECK: 'tenon.gather' op indices have size 4 where the result has 5 (gather_c2)
tenon.func @short_indices(%x: tensor<9x3xf32>, %i: tensor<4xi64>) -> tensor<5x3xf32> {
  %0 = tenon.gather %x [%i] data [0, -2] index [0] : (tensor<9x3xf32>, tensor<4xi64>) -> tensor<5x3xf32>
  tenon.return %0 : tensor<5x3xf32>
}

// -----

// CHECK: 'tenon.scatter' op updates has size 64 in dimension 0, beyond the data's 2 (scatter_c1)
tenon.func @wide_scatter(%x: tensor<2x3xf32>, %i: tensor<64x3xi64>, %u: tensor<64x3xf32>) -> tensor<2x3xf32> {
  %0 = tenon.scatter <none> %x [%i] %u data [-1, 0] index [0, 1] : (tensor<2x3xf32>, tensor<64x3xi64>, tensor<64x3xf32>) -> tensor<2x3xf32>
  tenon.return %0 : tensor<2x3xf32>
}

// -----

// CHECK: 'tenon.scatter' op indices have size 1 where the updates has 5 (scatter_c2)
tenon.func @one_index(%x: tensor<9x3xf32>, %i: tensor<1xi64>, %u: tensor<5x3xf32>) -> tensor<9x3xf32> {
  %0 = tenon.scatter <none> %x [%i] %u data [0, -2] index [0] : (tensor<9x3xf32>, tensor<1xi64>, tensor<5x3xf32>) -> tensor<9x3xf32>
  tenon.return %0 : tensor<9x3xf32>
}

// -----

// CHECK: 'tenon.scatter' op data, updates and result have different element types
tenon.func @types(%x: tensor<9xf32>, %i: tensor<5xi64>, %u: tensor<5xf64>) -> tensor<9xf32> {
  %0 = tenon.scatter <none> %x [%i] %u data [0] index [0] : (tensor<9xf32>, tensor<5xi64>, tensor<5xf64>) -> tensor<9xf32>
  tenon.return %0 : tensor<9xf32>
}
