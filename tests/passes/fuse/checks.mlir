// RUN: tenon-opt %s --tenon-fuse-kernels | FileCheck %s

// A kernel takes in operations from both sides of a check: it comes after it,
// or it would read %b with a size that does not fit.

// CHECK-LABEL: tenon.func @both_sides
tenon.func @both_sides(%a: tensor<3xf32>, %b: tensor<?xf32, #tenon.dims<[N]>>) -> tensor<3xf32> {
  // CHECK-NEXT: tenon.check <3> equals <N>
  // CHECK: tenon.kernel
  // CHECK-NOT: tenon.kernel
  %0 = tenon.exp %a : (tensor<3xf32>) -> tensor<3xf32>
  tenon.check <3> equals <N> "sizes differ"
  %1 = tenon.add %0, %b : (tensor<3xf32>, tensor<?xf32, #tenon.dims<[N]>>) -> tensor<3xf32>
  tenon.return %1 : tensor<3xf32>
}

// A check of a symbol that is bound on the way stays behind the binding.
// CHECK-LABEL: tenon.func @bound
tenon.func @bound(%a: tensor<4xf32>, %s: tensor<1xi64>) -> tensor<?xf32, #tenon.dims<[M]>> {
  // CHECK: tenon.kernel
  // CHECK: tenon.bind
  // CHECK-NEXT: tenon.check <4> equals <M>
  // CHECK: tenon.kernel
  %t = tenon.add %s, %s : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  tenon.bind %t ["M"] : tensor<1xi64>
  %0 = tenon.exp %a : (tensor<4xf32>) -> tensor<4xf32>
  tenon.check <4> equals <M> "sizes differ"
  %1 = tenon.reshape %0 : (tensor<4xf32>) -> tensor<?xf32, #tenon.dims<[M]>>
  %2 = tenon.neg %1 : (tensor<?xf32, #tenon.dims<[M]>>) -> tensor<?xf32, #tenon.dims<[M]>>
  tenon.return %2 : tensor<?xf32, #tenon.dims<[M]>>
}
