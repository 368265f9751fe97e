// RUN: tenon-opt %s --tenon-mark-in-place | FileCheck %s

// What the loop carries is updated by the scatter alone.
// CHECK-LABEL: tenon.func @collect
// CHECK: tenon.scatter {{.*}} {tenon.in_place}
tenon.func @collect(%n: tensor<i64>, %x: tensor<1x4xf32>, %init: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %true = tenon.constant dense<true> : tensor<i1>
  %0 = tenon.loop %n, %true (%init) : (tensor<i64>, tensor<i1>, tensor<8x4xf32>) -> tensor<8x4xf32> {
  ^bb0(%i: tensor<i64>, %carried: tensor<8x4xf32>):
    %at = tenon.reshape %i : (tensor<i64>) -> tensor<1xi64>
    %next = tenon.kernel "k"(%carried, %at, %x) : (tensor<8x4xf32>, tensor<1xi64>, tensor<1x4xf32>) -> tensor<8x4xf32> {
    ^bb0(%d: tensor<8x4xf32>, %a: tensor<1xi64>, %u: tensor<1x4xf32>):
      %1 = tenon.scatter <none> %d [%a] %u data [0, -2] index [0] : (tensor<8x4xf32>, tensor<1xi64>, tensor<1x4xf32>) -> tensor<8x4xf32>
      tenon.yield %1 : tensor<8x4xf32>
    }
    tenon.yield %true, %next : tensor<i1>, tensor<8x4xf32>
  }
  tenon.return %0 : tensor<8x4xf32>
}

// The update is written from what was there before.
// CHECK-LABEL: tenon.func @read
// CHECK-NOT: tenon.in_place
tenon.func @read(%n: tensor<i64>, %init: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %true = tenon.constant dense<true> : tensor<i1>
  %0 = tenon.loop %n, %true (%init) : (tensor<i64>, tensor<i1>, tensor<8x4xf32>) -> tensor<8x4xf32> {
  ^bb0(%i: tensor<i64>, %carried: tensor<8x4xf32>):
    %at = tenon.reshape %i : (tensor<i64>) -> tensor<1xi64>
    %u = tenon.kernel "first"(%carried) : (tensor<8x4xf32>) -> tensor<1x4xf32> {
    ^bb0(%d: tensor<8x4xf32>):
      %1 = tenon.slice %d [#tenon.expr<7>, #tenon.expr<0>] [1, 1] : (tensor<8x4xf32>) -> tensor<1x4xf32>
      tenon.yield %1 : tensor<1x4xf32>
    }
    %next = tenon.kernel "k"(%carried, %at, %u) : (tensor<8x4xf32>, tensor<1xi64>, tensor<1x4xf32>) -> tensor<8x4xf32> {
    ^bb0(%d: tensor<8x4xf32>, %a: tensor<1xi64>, %v: tensor<1x4xf32>):
      %1 = tenon.scatter <none> %d [%a] %v data [0, -2] index [0] : (tensor<8x4xf32>, tensor<1xi64>, tensor<1x4xf32>) -> tensor<8x4xf32>
      tenon.yield %1 : tensor<8x4xf32>
    }
    tenon.yield %true, %next : tensor<i1>, tensor<8x4xf32>
  }
  tenon.return %0 : tensor<8x4xf32>
}
