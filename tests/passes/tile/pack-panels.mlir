// RUN: tenon-opt %s --tenon-assign-orders --tenon-pack-panels --tenon-verify-orders | FileCheck %s

// Columns of a product's weight in panels of 32, the number of the panel first.
// CHECK: tenon.weight @w : tensor<8x96x32xf32> {{.*}} {order = array<i64: 1, 0, 2>}
tenon.weight @w : tensor<8x3072xf32> <"m.bin", 0, 98304>
// A convolution's: channels last, then in panels of 16.
// CHECK: tenon.weight @filter : tensor<3x16x32x3x3xf32> {{.*}} {order = array<i64: 0, 2, 3, 4, 1>}
tenon.weight @filter : tensor<48x32x3x3xf32> <"m.bin", 98304, 55296>
// One panel is no panel, and what is no multiple of one stays as it is.
// CHECK: tenon.weight @thousand : tensor<8x25x40xf32> {{.*}} {order = array<i64: 1, 0, 2>}
tenon.weight @thousand : tensor<8x1000xf32> <"m.bin", 154112, 32000>
// CHECK: tenon.weight @narrow : tensor<8x16xf32>
tenon.weight @narrow : tensor<8x16xf32> <"m.bin", 153600, 512>
// CHECK: tenon.weight @odd : tensor<8x1001xf32>
tenon.weight @odd : tensor<8x1001xf32> <"m.bin", 203520, 32032>
// But for a long one, whose last panel is filled up; a gather reads panels, too.
// CHECK: tenon.weight @words : tensor<158x32x8xf32> {{.*}} {order = array<i64: 0, 2, 1>}
tenon.weight @words : tensor<5050x8xf32> <"m.bin", 235552, 161600>
// Somebody else reads it along rows.
// CHECK: tenon.weight @shared : tensor<64x64xf32>
tenon.weight @shared : tensor<64x64xf32> <"m.bin", 186112, 16384>
// No product.
// CHECK: tenon.weight @added : tensor<4x64xf32>
tenon.weight @added : tensor<4x64xf32> <"m.bin", 202496, 1024>

// CHECK-LABEL: tenon.func @product
tenon.func @product(%x: tensor<4x8xf32>) -> (tensor<4x3072xf32>, tensor<4x16xf32>, tensor<4x1001xf32>, tensor<4x1000xf32>) {
  %w = tenon.read @w : tensor<8x3072xf32>
  %n = tenon.read @narrow : tensor<8x16xf32>
  %o = tenon.read @odd : tensor<8x1001xf32>
  %t = tenon.read @thousand : tensor<8x1000xf32>
  // CHECK: tenon.kernel "product"
  // CHECK-SAME: operand_orders = [array<i64>, array<i64: 1, 0, 2>]
  // CHECK: ^bb0(%[[X:.*]]: tensor<4x8xf32>, %[[A:.*]]: tensor<8x96x32xf32>):
  // CHECK: %[[W:.*]] = tenon.reshape %[[A]] : (tensor<8x96x32xf32>) -> tensor<8x3072xf32>
  // CHECK: tenon.contract {{.*}} %[[X]], %[[W]]
  %0 = tenon.kernel "product"(%x, %w) : (tensor<4x8xf32>, tensor<8x3072xf32>) -> tensor<4x3072xf32> {
  ^bb0(%xa: tensor<4x8xf32>, %wa: tensor<8x3072xf32>):
    %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %xa, %wa : (tensor<4x8xf32>, tensor<8x3072xf32>) -> tensor<4x3072xf32>
    tenon.yield %1 : tensor<4x3072xf32>
  }
  %2 = tenon.kernel "narrow"(%x, %n) : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32> {
  ^bb0(%xa: tensor<4x8xf32>, %wa: tensor<8x16xf32>):
    %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %xa, %wa : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
    tenon.yield %1 : tensor<4x16xf32>
  }
  %3 = tenon.kernel "odd"(%x, %o) : (tensor<4x8xf32>, tensor<8x1001xf32>) -> tensor<4x1001xf32> {
  ^bb0(%xa: tensor<4x8xf32>, %wa: tensor<8x1001xf32>):
    %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %xa, %wa : (tensor<4x8xf32>, tensor<8x1001xf32>) -> tensor<4x1001xf32>
    tenon.yield %1 : tensor<4x1001xf32>
  }
  %4 = tenon.kernel "thousand"(%x, %t) : (tensor<4x8xf32>, tensor<8x1000xf32>) -> tensor<4x1000xf32> {
  ^bb0(%xa: tensor<4x8xf32>, %wa: tensor<8x1000xf32>):
    %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %xa, %wa : (tensor<4x8xf32>, tensor<8x1000xf32>) -> tensor<4x1000xf32>
    tenon.yield %1 : tensor<4x1000xf32>
  }
  tenon.return %0, %2, %3, %4 : tensor<4x3072xf32>, tensor<4x16xf32>, tensor<4x1001xf32>, tensor<4x1000xf32>
}

// CHECK-LABEL: tenon.func @convolution
tenon.func @convolution(%x: tensor<1x32x9x9xf32>) -> tensor<1x48x9x9xf32> {
  %w = tenon.read @filter : tensor<48x32x3x3xf32>
  %0 = tenon.kernel "conv"(%x, %w) : (tensor<1x32x9x9xf32>, tensor<48x32x3x3xf32>) -> tensor<1x48x9x9xf32> {
  ^bb0(%xa: tensor<1x32x9x9xf32>, %wa: tensor<48x32x3x3xf32>):
    %p = tenon.window %xa kernel [3, 3] strides [1, 1] dilations [1, 1] low [1, 1] base [1, 1] fill 0.0 : (tensor<1x32x9x9xf32>) -> tensor<1x32x9x3x9x3xf32>
    %1 = tenon.contract [[0, 2, 3, 4, 5, 6], [1, 2, 4, 6]] -> [0, 1, 3, 5] %p, %wa : (tensor<1x32x9x3x9x3xf32>, tensor<48x32x3x3xf32>) -> tensor<1x48x9x9xf32>
    tenon.yield %1 : tensor<1x48x9x9xf32>
  }
  %2 = tenon.kernel "neg"(%0) : (tensor<1x48x9x9xf32>) -> tensor<1x48x9x9xf32> {
  ^bb0(%xa: tensor<1x48x9x9xf32>):
    %3 = tenon.neg %xa : (tensor<1x48x9x9xf32>) -> tensor<1x48x9x9xf32>
    tenon.yield %3 : tensor<1x48x9x9xf32>
  }
  tenon.return %2 : tensor<1x48x9x9xf32>
}

// CHECK-LABEL: tenon.func @others
tenon.func @others(%x: tensor<4x64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) {
  %s = tenon.read @shared : tensor<64x64xf32>
  %a = tenon.read @added : tensor<4x64xf32>
  %0 = tenon.kernel "columns"(%x, %s) : (tensor<4x64xf32>, tensor<64x64xf32>) -> tensor<4x64xf32> {
  ^bb0(%xa: tensor<4x64xf32>, %wa: tensor<64x64xf32>):
    %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %xa, %wa : (tensor<4x64xf32>, tensor<64x64xf32>) -> tensor<4x64xf32>
    tenon.yield %1 : tensor<4x64xf32>
  }
  %2 = tenon.kernel "rows"(%x, %s) : (tensor<4x64xf32>, tensor<64x64xf32>) -> tensor<4x64xf32> {
  ^bb0(%xa: tensor<4x64xf32>, %wa: tensor<64x64xf32>):
    %1 = tenon.contract [[0, 2], [1, 2]] -> [0, 1] %xa, %wa : (tensor<4x64xf32>, tensor<64x64xf32>) -> tensor<4x64xf32>
    tenon.yield %1 : tensor<4x64xf32>
  }
  %3 = tenon.kernel "added"(%x, %a) : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32> {
  ^bb0(%xa: tensor<4x64xf32>, %wa: tensor<4x64xf32>):
    %1 = tenon.add %xa, %wa : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
    tenon.yield %1 : tensor<4x64xf32>
  }
  tenon.return %0, %2, %3 : tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>
}

// CHECK-LABEL: tenon.func @vocabulary
tenon.func @vocabulary(%x: tensor<4x8xf32>, %i: tensor<4xi64>) -> (tensor<4x5050xf32>, tensor<4x8xf32>) {
  %w = tenon.read @words : tensor<5050x8xf32>
  // CHECK: ^bb0(%[[X:.*]]: tensor<4x8xf32>, %[[A:.*]]: tensor<158x32x8xf32>):
  // CHECK: %[[ALL:.*]] = tenon.reshape %[[A]] : (tensor<158x32x8xf32>) -> tensor<5056x8xf32>
  // CHECK: %[[W:.*]] = tenon.slice %[[ALL]] {{.*}} -> tensor<5050x8xf32>
  // CHECK: tenon.contract {{.*}} %[[X]], %[[W]]
  %0 = tenon.kernel "scores"(%x, %w) : (tensor<4x8xf32>, tensor<5050x8xf32>) -> tensor<4x5050xf32> {
  ^bb0(%xa: tensor<4x8xf32>, %wa: tensor<5050x8xf32>):
    %1 = tenon.contract [[0, 2], [1, 2]] -> [0, 1] %xa, %wa : (tensor<4x8xf32>, tensor<5050x8xf32>) -> tensor<4x5050xf32>
    tenon.yield %1 : tensor<4x5050xf32>
  }
  %2 = tenon.kernel "embedding"(%w, %i) : (tensor<5050x8xf32>, tensor<4xi64>) -> tensor<4x8xf32> {
  ^bb0(%wa: tensor<5050x8xf32>, %ia: tensor<4xi64>):
    %3 = tenon.gather %wa [%ia] data [0, -2] index [0] : (tensor<5050x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
    tenon.yield %3 : tensor<4x8xf32>
  }
  tenon.return %0, %2 : tensor<4x5050xf32>, tensor<4x8xf32>
}
