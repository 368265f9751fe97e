// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{'exec.program' op has as many names as types of inputs and outputs [program_c1]}}
exec.program @names inputs([], [tensor<4xf32>]) outputs([], []) symbols(<>) {
^bb0(%x: !exec.buffer):
}

// -----

// expected-error @below {{'exec.program' op has 0 arguments, expected 1 [program_c1]}}
exec.program @arguments inputs(["x"], [tensor<4xf32>]) outputs([], []) symbols(<>) {
  %a = exec.arena
}

// -----

// The attribute says it (program_c2).
// expected-error @below {{symbol 'B' is declared twice}}
exec.program @symbols inputs([], []) outputs([], []) symbols(<B in 1 to 2, B in 1 to 3>) {
  %a = exec.arena
}

// -----

exec.program @places inputs(["x"], [tensor<4xf32>]) outputs([], []) symbols(<>) {
^bb0(%x: !exec.buffer):
  %a = exec.arena
  // expected-error @below {{lies above a buffer that is not in the same arena [place_c1]}}
  %t = exec.place %a size(<16>) above(%x)
}

// -----

exec.program @loops inputs(["x"], [tensor<4xf32>]) outputs([], []) symbols(<i in 0 to 9>) {
^bb0(%x: !exec.buffer):
  // expected-error @below {{carries 1 buffers into 2 [loop_c1]}}
  exec.loop "i" trips(<3>) carry(%x) into(%x, %x) {
    exec.copy %x to %x
  }
}
