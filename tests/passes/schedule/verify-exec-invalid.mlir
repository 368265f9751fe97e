// RUN: tenon-opt %s --exec-verify --split-input-file --verify-diagnostics

// expected-error @below {{is left after scheduling [exec_c1]}}
tenon.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  tenon.return %x : tensor<4xf32>
}

// -----

exec.program @kernel inputs(["x"], [tensor<4xf32>]) outputs([], []) symbols(<>) {
^bb0(%x: !exec.buffer):
  // expected-error @below {{names the kernel 'k', which does not exist [exec_c2]}}
  exec.launch @k grid(<1>) reads(%x) writes()
}

// -----

tile.func @k(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) { tile.return }
exec.program @buffers inputs(["x"], [tensor<4xf32>]) outputs([], []) symbols(<>) {
^bb0(%x: !exec.buffer):
  // expected-error @below {{hands 2 buffers to 'k', expected 1 [exec_c2]}}
  exec.launch @k grid(<1>) reads(%x, %x) writes()
}

// -----

tile.func @k(%x: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols(["S"]) { tile.return }
exec.program @symbols inputs(["x"], [tensor<4xf32>]) outputs([], []) symbols(<B in 1 to 2, S in 1 to 2>) {
^bb0(%x: !exec.buffer):
  // expected-error @below {{'k' lists symbols that are not the program's first [exec_c2]}}
  exec.launch @k grid(<1>) reads(%x) writes()
}

// -----

exec.program @weight inputs([], []) outputs([], []) symbols(<>) {
  // expected-error @below {{names 'w', which is no weight [exec_c3]}}
  %w = exec.weight @w
}

// -----

exec.program @size inputs([], []) outputs([], []) symbols(<B in 1 to 8>) {
  %a = exec.arena
  // expected-error @below {{names the size 'C', which is not a symbol of the program [exec_c4]}}
  %t = exec.place %a size(<B * C>)
}

// -----

exec.program @counter inputs([], []) outputs([], []) symbols(<>) {
  // expected-error @below {{names the size 'i', which is not a symbol of the program [exec_c4]}}
  exec.loop "i" trips(<3>) {
    %a = exec.arena
  }
}

// -----

exec.program @overlap inputs(["x"], [tensor<4xf32>]) outputs([], []) symbols(<>) {
^bb0(%x: !exec.buffer):
  %a = exec.arena
  // expected-note @below {{the other place}}
  %t = exec.place %a size(<16>)
  // expected-error @below {{may overlap another place that holds something [exec_c5]}}
  %u = exec.place %a size(<16>)
  exec.copy %x to %t
  exec.copy %t to %u
}

// -----

// A place outside of a loop is in use for the whole loop.
exec.program @loop inputs(["x"], [tensor<4xf32>]) outputs([], []) symbols(<i in 0 to 3>) {
^bb0(%x: !exec.buffer):
  %a = exec.arena
  // expected-note @below {{the other place}}
  %t = exec.place %a size(<16>)
  // expected-error @below {{may overlap another place that holds something [exec_c5]}}
  %u = exec.place %a size(<16>)
  exec.loop "i" trips(<3>) {
    exec.copy %t to %x
    exec.copy %x to %u
  }
}
