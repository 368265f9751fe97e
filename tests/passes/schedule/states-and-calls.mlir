// RUN: tenon-opt %s --tenon-to-exec | FileCheck %s

// An update in place writes the state itself, also through a call; a value that
// replaces all of a state is copied into it.
module {
  tile.func @k(%d: !tile.view<f32>, %i: !tile.view<i64>, %u: !tile.view<f32>, %r: !tile.view<f32>, %b: index)
      grid(#tenon.expr<1>) symbols([]) { tile.return }
  tenon.state @s : tensor<4xf32>
  tenon.state @t : tensor<4xf32>

  // CHECK-LABEL: exec.program @main
  // CHECK-DAG: %[[S:.*]] = exec.state @s
  // CHECK-DAG: %[[T:.*]] = exec.state @t
  // CHECK: exec.launch @k {{.*}} reads(%[[S]], %{{.*}}, %{{.*}}) writes(%[[S]])
  // CHECK: exec.launch @k {{.*}} reads(%[[S]], %{{.*}}, %{{.*}}) writes(%[[S]])
  // CHECK: exec.copy %{{.*}} to %[[T]]
  // CHECK-NOT: exec.copy %{{.*}} to %[[S]]
  tenon.func @main(%i: tensor<1xi64>, %x: tensor<1xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %0 = tenon.load_state @s : tensor<4xf32>
    %1 = tenon.call @put(%0, %i, %x) : (tensor<4xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<4xf32>
    %2 = tenon.call @put(%1, %i, %x) : (tensor<4xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<4xf32>
    tenon.store_state %2, @s : tensor<4xf32>
    tenon.store_state %y, @t : tensor<4xf32>
    tenon.return %y : tensor<4xf32>
  }
  tenon.func private @put(%d: tensor<4xf32>, %i: tensor<1xi64>, %x: tensor<1xf32>) -> tensor<4xf32> {
    %0 = tenon.kernel "k"(%d, %i, %x) : (tensor<4xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>, %j: tensor<1xi64>, %u: tensor<1xf32>):
      %1 = tenon.scatter <none> %a [%j] %u data [0] index [0] {tenon.in_place} : (tensor<4xf32>, tensor<1xi64>, tensor<1xf32>) -> tensor<4xf32>
      tenon.yield %1 : tensor<4xf32>
    }
    tenon.return %0 : tensor<4xf32>
  }
}
