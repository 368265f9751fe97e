// RUN: tenon-opt %s -split-input-file --exec-plan-memory | FileCheck %s

// The least memory is what the worst moment needs, whatever the size is: at the
// first copy two tensors of 4 * N bytes and one of a constant size, in units of 64.
// CHECK-LABEL: exec.program @one
// CHECK: exec.arena {lower_bound = #tenon.expr<8 * N + 64>}
module attributes {tenon.symbols = #tenon.symbols<N in 1 to 1000>} {
  exec.program @one inputs([], []) outputs([], []) symbols(<N in 1 to 1000>) {
    %a = exec.arena
    %x = exec.place %a size(<4 * N>)
    %y = exec.place %a size(<4 * N>)
    %z = exec.place %a size(<8>)
    %w = exec.place %a size(<4 * N>)
    exec.fill %x with 0 width 4
    exec.fill %z with 0 width 4
    exec.copy %x to %y
    exec.fill %z with 0 width 4
    exec.copy %y to %w
  }
}

// -----

// Of two moments either may be the worst.
// CHECK-LABEL: exec.program @two
// CHECK: exec.arena {lower_bound = #tenon.expr<{{.*}}max{{.*}}>}
module attributes {tenon.symbols = #tenon.symbols<M in 1 to 1000, N in 1 to 1000>} {
  exec.program @two inputs([], []) outputs([], []) symbols(<M in 1 to 1000, N in 1 to 1000>) {
    %a = exec.arena
    %x = exec.place %a size(<4 * M>)
    %y = exec.place %a size(<4 * N>)
    exec.fill %x with 0 width 4
    exec.fill %y with 0 width 4
  }
}
