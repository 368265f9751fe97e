// RUN: tenon-opt %s -split-input-file -exec-launch-loops | FileCheck %s

// The rounds of a loop become a loop of one kernel: its counter, the blocks of
// its launch (backwards in odd rounds), then what it carries.
// CHECK-LABEL: exec.program @alone
// CHECK: %[[X:.*]] = exec.place {{.*}} size(<64>)
// CHECK: %[[H:.*]] = exec.place {{.*}} size(<64>)
// CHECK: %[[NEXT:.*]] = exec.place {{.*}} size(<64>)
// CHECK: %[[T:.*]] = exec.place {{.*}} size(<8>)
// CHECK-NOT: exec.loop
// CHECK: exec.launch @loop grid(<1>) reads(%[[X]]) writes(%[[T]], %[[H]], %[[NEXT]])
// CHECK-SAME: flops = #tenon.expr<32 * N>
// CHECK-NOT: tile.func @step
// CHECK: tile.func @loop(%[[VX:.*]]: !tile.view<f32>, %[[VT:.*]]: !tile.view<i64>, %[[VH:.*]]: !tile.view<f32>, %[[VNEXT:.*]]: !tile.view<f32>,
// CHECK-SAME: symbols(["N", "t"])
// CHECK: tile.scratch
// CHECK: %[[TRIPS:.*]] = tile.dim <N>
// CHECK: scf.for %[[ROUND:.*]] = {{.*}} to %[[TRIPS]]
// CHECK: %[[I:.*]] = arith.index_cast %[[ROUND]]
// CHECK: tile.store %[[I]], %[[VT]]
// CHECK: scf.for
// CHECK: arith.select
// CHECK: tile.load %[[VX]]
// CHECK: tile.load %[[VH]]
// CHECK: tile.store {{.*}}, %[[VNEXT]]
// CHECK: %[[MOVED:.*]] = tile.load %[[VNEXT]]
// CHECK: tile.store %[[MOVED]], %[[VH]]
exec.program @alone inputs([], []) outputs([], []) symbols(<N in 1 to 9, t in 0 to 9>) {
  %a = exec.arena
  %x = exec.place %a size(<64>)
  %h = exec.place %a size(<64>)
  %next = exec.place %a size(<64>)
  %t = exec.place %a size(<8>)
  exec.loop "t" trips(<N>) carry(%next) into(%h) {
    exec.store <t> to %t : i64
    exec.launch @step grid(<2>) reads(%x, %h, %t) writes(%next) {flops = #tenon.expr<32>, bytes = #tenon.expr<8>}
  }
}
tile.func @step(%x: !tile.view<f32>, %h: !tile.view<f32>, %t: !tile.view<i64>, %y: !tile.view<f32>, %b: index)
    grid(#tenon.expr<2>) symbols([]) {
  %s = tile.scratch <16> -> !tile.view<f32, scratch>
  %c8 = arith.constant 8 : index
  %at = arith.muli %b, %c8 : index
  %0 = tile.load %x[%at] strides [1] : !tile.view<f32> -> tensor<8xf32>
  %1 = tile.load %h[%at] strides [1] : !tile.view<f32> -> tensor<8xf32>
  %2 = arith.addf %0, %1 : tensor<8xf32>
  tile.store %2, %y[%at] strides [1] : tensor<8xf32> -> !tile.view<f32>
  tile.return
}

// -----

// Two loops that do not depend on each other are the blocks of one kernel; what
// lies between them comes before.
// CHECK-LABEL: exec.program @pair
// CHECK: exec.fill
// CHECK: exec.launch @loop grid(<2>)
// CHECK-NOT: exec.loop
// CHECK: tile.func @loop
// CHECK: arith.cmpi eq
// CHECK: scf.if
// CHECK: tile.dim <N>
// CHECK: scf.if
// CHECK: tile.dim <M>
exec.program @pair inputs([], []) outputs([], []) symbols(<N in 1 to 9, M in 1 to 9, t in 0 to 9>) {
  %a = exec.arena
  %x = exec.place %a size(<4>)
  %y = exec.place %a size(<4>)
  exec.loop "t" trips(<N>) {
    exec.launch @step grid(<1>) reads() writes(%x)
  }
  exec.fill %y with 0 width 4
  exec.loop "t" trips(<M>) {
    exec.launch @step grid(<1>) reads() writes(%y)
  }
}
tile.func @step(%y: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  tile.return
}

// -----

// The second reads what the first writes: one after the other.
// CHECK-LABEL: exec.program @chain
// CHECK: exec.launch @loop grid(<1>)
// CHECK: exec.launch @loop_0 grid(<1>)
exec.program @chain inputs([], []) outputs([], []) symbols(<N in 1 to 9, t in 0 to 9>) {
  %a = exec.arena
  %x = exec.place %a size(<4>)
  %y = exec.place %a size(<4>)
  exec.loop "t" trips(<N>) {
    exec.launch @step grid(<1>) reads(%y) writes(%x)
  }
  exec.loop "t" trips(<N>) {
    exec.launch @step grid(<1>) reads(%x) writes(%y)
  }
}
tile.func @step(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  tile.return
}

// -----

// A loop that asks memory whether to go on, one with much to do in each round,
// and one whose kernels disagree on what a buffer holds stay.
// CHECK-LABEL: exec.program @kept
// CHECK-COUNT-3: exec.loop
// CHECK-NOT: tile.func @loop
exec.program @kept inputs([], []) outputs([], []) symbols(<N in 1 to 9, t in 0 to 9>) {
  %a = exec.arena
  %c = exec.place %a size(<1>)
  %y = exec.place %a size(<4>)
  exec.loop "t" trips(<N>) while(%c) {
    exec.launch @step grid(<1>) reads() writes(%y)
  }
  exec.launch @step grid(<1>) reads() writes(%y)
  exec.loop "t" trips(<N>) {
    exec.launch @step grid(<1>) reads() writes(%y) {flops = #tenon.expr<9000000>, bytes = #tenon.expr<4>}
  }
  exec.loop "t" trips(<N>) {
    exec.launch @step grid(<1>) reads() writes(%y)
    exec.launch @other grid(<1>) reads() writes(%y)
  }
}
tile.func @step(%y: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  tile.return
}
tile.func @other(%y: !tile.view<i32>, %b: index) grid(#tenon.expr<1>) symbols([]) {
  tile.return
}
