// RUN: tenon-opt %s --tenon-kernels-to-tile --tenon-to-exec --exec-plan-memory | FileCheck %s

// Both intermediate results are alive in the second launch, so the second lies
// above the first.
// CHECK-LABEL: exec.program
// CHECK: exec.arena {lower_bound = #tenon.expr<512>}
// CHECK: %[[FIRST:.*]] = exec.place {{.*}} size(<256>)
// CHECK-NEXT: exec.place {{.*}} size(<256>) above(%[[FIRST]])
tenon.func @main(%x: tensor<64xf32> {tenon.name = "x"}) -> (tensor<64xf32> {tenon.name = "y"}) {
  %0 = tenon.kernel "k0"(%x) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %1 = tenon.exp %a : (tensor<64xf32>) -> tensor<64xf32>
    tenon.yield %1 : tensor<64xf32>
  }
  %2 = tenon.kernel "k1"(%0) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %1 = tenon.neg %a : (tensor<64xf32>) -> tensor<64xf32>
    tenon.yield %1 : tensor<64xf32>
  }
  %3 = tenon.kernel "k2"(%2) : (tensor<64xf32>) -> tensor<64xf32> {
  ^bb0(%a: tensor<64xf32>):
    %1 = tenon.sin %a : (tensor<64xf32>) -> tensor<64xf32>
    tenon.yield %1 : tensor<64xf32>
  }
  tenon.return %3 : tensor<64xf32>
}
