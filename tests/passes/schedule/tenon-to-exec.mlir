// RUN: tenon-opt %s --tenon-to-exec --mlir-print-local-scope | FileCheck %s
// RUN: tenon-opt %s --pass-pipeline="builtin.module(tenon-to-exec,exec.program(exec-plan-memory))" | FileCheck %s --check-prefix=PLAN

module attributes {tenon.symbols = #tenon.symbols<B in 1 to 64, N in 0 to 100, "loop.0" in 1 to 9, "trips.0" in 1 to 9>} {
  tile.func @k(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index)
      grid(#tenon.expr<B>) symbols(["B", "N"]) { tile.return }
  tile.func @count(%x: !tile.view<f32>, %y: !tile.view<i64>, %b: index)
      grid(#tenon.expr<1>) symbols(["B", "N"]) { tile.return }
  tile.func @less(%x: !tile.view<f32>, %y: !tile.view<i1>, %b: index)
      grid(#tenon.expr<1>) symbols(["B", "N"]) { tile.return }
  tenon.weight @w : tensor<4xf32> <"m.bin", 0, 16>

  // A chain needs one place; what is returned is written straight into the
  // output; a reshape is no operation.
  // CHECK-LABEL: exec.program @chain inputs(["x"], [tensor<?x4xf32, #tenon.dims<[B, 4]>>]) outputs(["y"]
  // CHECK: ^bb0(%[[X:.*]]: !exec.buffer, %[[Y:.*]]: !exec.buffer)
  // CHECK: %[[A:.*]] = exec.arena
  // CHECK-NEXT: %[[T:.*]] = exec.place %[[A]] size(<16 * B>)
  // CHECK-NEXT: exec.launch @k grid(<B>) reads(%[[X]]) writes(%[[T]]) {bytes = #tenon.expr<32 * B>, flops = #tenon.expr<0>}
  // CHECK-NEXT: exec.launch @k grid(<B>) reads(%[[T]]) writes(%[[Y]])
  // CHECK-NOT: exec
  // CHECK: }
  tenon.func @chain(%x: tensor<?x4xf32, #tenon.dims<[B, 4]>> {tenon.name = "x"})
      -> (tensor<?xf32, #tenon.dims<[B * 4]>> {tenon.name = "y"}) {
    %0 = tenon.kernel "k"(%x) : (tensor<?x4xf32, #tenon.dims<[B, 4]>>) -> tensor<?x4xf32, #tenon.dims<[B, 4]>> {
    ^bb0(%a: tensor<?x4xf32, #tenon.dims<[B, 4]>>):
      tenon.yield %a : tensor<?x4xf32, #tenon.dims<[B, 4]>>
    }
    %1 = tenon.kernel "k"(%0) : (tensor<?x4xf32, #tenon.dims<[B, 4]>>) -> tensor<?x4xf32, #tenon.dims<[B, 4]>> {
    ^bb0(%a: tensor<?x4xf32, #tenon.dims<[B, 4]>>):
      tenon.yield %a : tensor<?x4xf32, #tenon.dims<[B, 4]>>
    }
    %2 = tenon.reshape %1 : (tensor<?x4xf32, #tenon.dims<[B, 4]>>) -> tensor<?xf32, #tenon.dims<[B * 4]>>
    tenon.return %2 : tensor<?xf32, #tenon.dims<[B * 4]>>
  }

  // Inputs, weights, constants and a value returned twice are copied.
  // CHECK-LABEL: exec.program @copies
  // CHECK: ^bb0(%[[X:.*]]: !exec.buffer, %[[O0:.*]]: !exec.buffer, %[[O1:.*]]: !exec.buffer, %[[O2:.*]]: !exec.buffer, %[[O3:.*]]: !exec.buffer)
  // CHECK-DAG: %[[C:.*]] = exec.constant dense<2.000000e+00> : tensor<4xf32>
  // CHECK-DAG: %[[W:.*]] = exec.weight @w
  // CHECK: exec.launch @k {{.*}} writes(%[[O0]])
  // CHECK-NEXT: exec.copy %[[O0]] to %[[O1]]
  // CHECK-NEXT: exec.copy %[[W]] to %[[O2]]
  // CHECK-NEXT: exec.copy %[[C]] to %[[O3]]
  tenon.func @copies(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %w = tenon.read @w : tensor<4xf32>
    %c = tenon.constant dense<2.0> : tensor<4xf32>
    %0 = tenon.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      tenon.yield %a : tensor<4xf32>
    }
    tenon.return %0, %0, %w, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }

  // Sizes that are only known at run time: their arena is made after the bind.
  // CHECK-LABEL: exec.program @sizes
  // CHECK: ^bb0(%[[X:.*]]: !exec.buffer, %[[Y:.*]]: !exec.buffer)
  // CHECK: exec.arena
  // CHECK: exec.launch @count {{.*}} writes(%[[N:.*]])
  // CHECK-NEXT: exec.bind "N" to %[[N]][0] : i64
  // CHECK-NEXT: %[[B:.*]] = exec.arena
  // CHECK-NEXT: exec.place %[[B]] size(<4 * N>)
  // CHECK: exec.check <N> equals <4> "four"
  tenon.func @sizes(%x: tensor<4xf32>) -> tensor<?xf32, #tenon.dims<[N]>> {
    %n = tenon.kernel "count"(%x) : (tensor<4xf32>) -> tensor<1xi64> {
    ^bb0(%a: tensor<4xf32>):
      %c = tenon.constant dense<1> : tensor<1xi64>
      tenon.yield %c : tensor<1xi64>
    }
    tenon.bind %n ["N"] : tensor<1xi64>
    tenon.check #tenon.expr<N> equals #tenon.expr<4> "four"
    %0 = tenon.kernel "k"(%x) : (tensor<4xf32>) -> tensor<?xf32, #tenon.dims<[N]>> {
    ^bb0(%a: tensor<4xf32>):
      %c = tenon.broadcast %a [0] : (tensor<4xf32>) -> tensor<?xf32, #tenon.dims<[N]>>
      tenon.yield %c : tensor<?xf32, #tenon.dims<[N]>>
    }
    %1 = tenon.kernel "k"(%0) : (tensor<?xf32, #tenon.dims<[N]>>) -> tensor<?xf32, #tenon.dims<[N]>> {
    ^bb0(%a: tensor<?xf32, #tenon.dims<[N]>>):
      tenon.yield %a : tensor<?xf32, #tenon.dims<[N]>>
    }
    tenon.return %1 : tensor<?xf32, #tenon.dims<[N]>>
  }

  // Both branches write the output; a value from outside is copied into it.
  // CHECK-LABEL: exec.program @branch
  // CHECK: ^bb0(%[[C:.*]]: !exec.buffer, %[[X:.*]]: !exec.buffer, %[[Y:.*]]: !exec.buffer)
  // CHECK: exec.if %[[C]] {
  // CHECK-NEXT: exec.launch @k {{.*}} reads(%[[X]]) writes(%[[Y]])
  // CHECK-NEXT: } {
  // CHECK-NEXT: exec.copy %[[X]] to %[[Y]]
  tenon.func @branch(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = tenon.if %c : (tensor<i1>) -> tensor<4xf32> {
      %1 = tenon.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
      ^bb0(%a: tensor<4xf32>):
        tenon.yield %a : tensor<4xf32>
      }
      tenon.yield %1 : tensor<4xf32>
    } {
      tenon.yield %x : tensor<4xf32>
    }
    tenon.return %0 : tensor<4xf32>
  }

  // A loop's carried value lives in the output; the next one is made beside it.
  // The trip count is read from memory, the condition of the next round too.
  // The symbols of loops are new ones, whatever inputs call theirs.
  // CHECK-LABEL: exec.program @repeat
  // CHECK-SAME: "loop.1"
  // CHECK: ^bb0(%[[N:.*]]: !exec.buffer, %[[X:.*]]: !exec.buffer, %[[Y:.*]]: !exec.buffer)
  // CHECK: exec.bind "trips.1" to %[[N]][0] : i64
  // CHECK: exec.copy %{{.*}} to %[[COND:.*]]
  // CHECK: exec.copy %[[X]] to %[[Y]]
  // CHECK: exec.loop "loop.1" trips(<"trips.1">) while(%[[COND]]) carry(%[[C2:.*]], %[[Y2:.*]]) into(%[[COND]], %[[Y]]) {
  // CHECK: exec.launch @k {{.*}} reads(%[[Y]]) writes(%[[Y2]])
  // CHECK: exec.launch @less {{.*}} reads(%[[Y2]]) writes(%[[C2]])
  tenon.func @repeat(%n: tensor<i64>, %x: tensor<4xf32>) -> tensor<4xf32> {
    %c = tenon.constant dense<true> : tensor<i1>
    %0 = tenon.loop %n, %c(%x) : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%i: tensor<i64>, %y: tensor<4xf32>):
      %1 = tenon.kernel "k"(%y) : (tensor<4xf32>) -> tensor<4xf32> {
      ^bb0(%a: tensor<4xf32>):
        tenon.yield %a : tensor<4xf32>
      }
      %2 = tenon.kernel "less"(%1) : (tensor<4xf32>) -> tensor<i1> {
      ^bb0(%a: tensor<4xf32>):
        %3 = tenon.constant dense<true> : tensor<i1>
        tenon.yield %3 : tensor<i1>
      }
      tenon.yield %2, %1 : tensor<i1>, tensor<4xf32>
    }
    tenon.return %0 : tensor<4xf32>
  }

  // In a chain of four, places alternate: only neighbours lie above each other.
  // PLAN-LABEL: exec.program @long
  // PLAN: exec.arena {lower_bound = #tenon.expr<128>}
  // PLAN-NEXT: %[[A:.*]] = exec.place %{{.*}} size(<16>)
  // PLAN-NEXT: %[[C:.*]] = exec.place %{{.*}} size(<16>)
  // PLAN-NEXT: %[[B:.*]] = exec.place %{{.*}} size(<16>) above(%[[A]], %[[C]])
  // PLAN: writes(%[[A]])
  // PLAN: reads(%[[A]]) writes(%[[B]])
  // PLAN: reads(%[[B]]) writes(%[[C]])
  tenon.func @long(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = tenon.kernel "k"(%x) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      tenon.yield %a : tensor<4xf32>
    }
    %1 = tenon.kernel "k"(%0) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      tenon.yield %a : tensor<4xf32>
    }
    %2 = tenon.kernel "k"(%1) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      tenon.yield %a : tensor<4xf32>
    }
    %3 = tenon.kernel "k"(%2) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      tenon.yield %a : tensor<4xf32>
    }
    tenon.return %3 : tensor<4xf32>
  }
}
