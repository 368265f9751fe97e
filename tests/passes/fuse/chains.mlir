// RUN: tenon-opt %s --tenon-fuse-kernels=target=gpu --tenon-verify-kernels --split-input-file | FileCheck %s

// Attention: product, softmax, product are one kernel where the target can
// stream the keys.
// CHECK-LABEL: tenon.func @attention
// CHECK: tenon.kernel "k0"
// CHECK: tenon.contract
// CHECK: tenon.reduce <max>
// CHECK: tenon.reduce <add>
// CHECK: tenon.contract
// CHECK-NOT: tenon.kernel
module attributes {tenon.symbols = #tenon.symbols<S in 8 to 2048>} {
  tenon.func @attention(%q: tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>,
                        %k: tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>,
                        %v: tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>)
      -> tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>> {
    %s = tenon.contract [[0, 1, 3], [0, 2, 3]] -> [0, 1, 2] %q, %k
      : (tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>, tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>)
      -> tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>
    %m = tenon.reduce <max> %s dims [2] : (tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>) -> tensor<12x?xf32, #tenon.dims<[12, S]>>
    %m1 = tenon.reshape %m : (tensor<12x?xf32, #tenon.dims<[12, S]>>) -> tensor<12x?x1xf32, #tenon.dims<[12, S, 1]>>
    %d = tenon.sub %s, %m1 : (tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>, tensor<12x?x1xf32, #tenon.dims<[12, S, 1]>>) -> tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>
    %e = tenon.exp %d : (tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>) -> tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>
    %z = tenon.reduce <add> %e dims [2] : (tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>) -> tensor<12x?xf32, #tenon.dims<[12, S]>>
    %z1 = tenon.reshape %z : (tensor<12x?xf32, #tenon.dims<[12, S]>>) -> tensor<12x?x1xf32, #tenon.dims<[12, S, 1]>>
    %p = tenon.div %e, %z1 : (tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>, tensor<12x?x1xf32, #tenon.dims<[12, S, 1]>>) -> tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>
    %o = tenon.contract [[0, 1, 2], [0, 2, 3]] -> [0, 1, 3] %p, %v
      : (tensor<12x?x?xf32, #tenon.dims<[12, S, S]>>, tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>)
      -> tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>
    tenon.return %o : tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>
  }
}

// -----

// Two products of one activation stand side by side in one kernel; the third
// is computed from the first and does not.
// CHECK-LABEL: tenon.func @siblings
// CHECK: tenon.kernel {{.*}} -> (tensor<256x64xf32>, tensor<256x96xf32>)
// CHECK: tenon.kernel
// CHECK-NOT: tenon.kernel
tenon.weight @a : tensor<128x64xf32> <"w", 0, 32768>
tenon.weight @b : tensor<128x96xf32> <"w", 32768, 49152>
tenon.func @siblings(%x: tensor<256x128xf32>) -> (tensor<256x96xf32>, tensor<256x64xf32>) {
  %a = tenon.read @a : tensor<128x64xf32>
  %b = tenon.read @b : tensor<128x96xf32>
  %0 = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %x, %a
    : (tensor<256x128xf32>, tensor<128x64xf32>) -> tensor<256x64xf32>
  %1 = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %x, %b
    : (tensor<256x128xf32>, tensor<128x96xf32>) -> tensor<256x96xf32>
  %2 = tenon.contract [[0, 2], [1, 2]] -> [0, 1] %0, %a
    : (tensor<256x64xf32>, tensor<128x64xf32>) -> tensor<256x128xf32>
  %3 = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %2, %a
    : (tensor<256x128xf32>, tensor<128x64xf32>) -> tensor<256x64xf32>
  tenon.return %1, %3 : tensor<256x96xf32>, tensor<256x64xf32>
}
