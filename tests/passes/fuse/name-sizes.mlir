// RUN: tenon-opt %s --tenon-name-sizes | FileCheck %s
// RUN: tenon-opt %s --tenon-name-sizes --tenon-expand-sizes | FileCheck %s --check-prefix=BACK

// A sum becomes a symbol, the inner one first; what is made of it, and a size
// that is no sum, are expressed by symbols. The way back leaves nothing.

// CHECK: tenon.named_sizes = {n0 = #tenon.expr<(W + -1) floordiv 2 + 1>, n1 = #tenon.expr<(n0 + -1) floordiv 2 + 1>}
// CHECK-SAME: n0 in 1 to
// CHECK-LABEL: tenon.func @halves
// CHECK-SAME: tensor<?xf32, #tenon.dims<[W]>>
// CHECK: tenon.relu {{.*}} -> tensor<?xf32, #tenon.dims<[n0]>>
// CHECK: tenon.relu {{.*}} -> tensor<?xf32, #tenon.dims<[n1]>>
// CHECK: tenon.relu {{.*}} -> tensor<?xf32, #tenon.dims<[4 * n1]>>

// BACK-NOT: named_sizes
// BACK-NOT: n0 in
// BACK: tensor<?xf32, #tenon.dims<[4 * (((W + -1) floordiv 2) floordiv 2) + 4]>>
module attributes {tenon.symbols = #tenon.symbols<W in 1 to 4096>} {
  tenon.func @halves(%x: tensor<?xf32, #tenon.dims<[W]>>,
                     %a: tensor<?xf32, #tenon.dims<[(W + -1) floordiv 2 + 1]>>,
                     %b: tensor<?xf32, #tenon.dims<[((W + -1) floordiv 2) floordiv 2 + 1]>>,
                     %c: tensor<?xf32, #tenon.dims<[((W + -1) floordiv 2) floordiv 2 * 4 + 4]>>) -> tensor<?xf32, #tenon.dims<[((W + -1) floordiv 2) floordiv 2 * 4 + 4]>> {
    %0 = tenon.relu %a : (tensor<?xf32, #tenon.dims<[(W + -1) floordiv 2 + 1]>>) -> tensor<?xf32, #tenon.dims<[(W + -1) floordiv 2 + 1]>>
    %1 = tenon.relu %b : (tensor<?xf32, #tenon.dims<[((W + -1) floordiv 2) floordiv 2 + 1]>>) -> tensor<?xf32, #tenon.dims<[((W + -1) floordiv 2) floordiv 2 + 1]>>
    %2 = tenon.relu %c : (tensor<?xf32, #tenon.dims<[((W + -1) floordiv 2) floordiv 2 * 4 + 4]>>) -> tensor<?xf32, #tenon.dims<[((W + -1) floordiv 2) floordiv 2 * 4 + 4]>>
    tenon.return %2 : tensor<?xf32, #tenon.dims<[((W + -1) floordiv 2) floordiv 2 * 4 + 4]>>
  }
}
