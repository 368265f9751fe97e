// RUN: tenon-opt %s --exec-verify | FileCheck %s

// %u lies above %t only through %v; %w may lie anywhere, since nothing else lives then.
// CHECK: exec.program @main
module {
  tile.func @k(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) symbols([]) { tile.return }
  tenon.weight @m : tensor<4xf32> <"m.bin", 0, 16>
  exec.program @main inputs(["x"], [tensor<4xf32>]) outputs(["y"], [tensor<4xf32>]) symbols(<>) {
  ^bb0(%x: !exec.buffer, %y: !exec.buffer):
    %m = exec.weight @m
    %a = exec.arena
    %t = exec.place %a size(<16>)
    %v = exec.place %a size(<16>) above(%t)
    %u = exec.place %a size(<16>) above(%v)
    %w = exec.place %a size(<16>)
    exec.launch @k grid(<1>) reads(%m) writes(%w)
    exec.launch @k grid(<1>) reads(%w) writes(%y)
    exec.launch @k grid(<1>) reads(%x) writes(%t)
    exec.launch @k grid(<1>) reads(%t) writes(%v)
    exec.launch @k grid(<1>) reads(%v) writes(%u)
    exec.launch @k grid(<1>) reads(%t) writes(%y)
    exec.launch @k grid(<1>) reads(%u) writes(%y)
  }
}
