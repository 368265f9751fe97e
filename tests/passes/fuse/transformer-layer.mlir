// RUN: tenon-opt %s --tenon-fuse-kernels=target=gpu --tenon-verify-kernels | FileCheck %s --check-prefix=GPU
// RUN: tenon-opt %s --tenon-fuse-kernels=target=cpu --tenon-verify-kernels | FileCheck %s --check-prefix=CPU

// One layer of BERT's shape with symbolic batch and sequence, softmax and norms
// spelled out. Nothing knows them by name.

// With target=gpu: norm; Q, K and V side by side; attention whole; projection and
// residual; norm; up and GELU; down and residual.
// GPU-COUNT-7: tenon.kernel
// GPU-NOT: tenon.kernel

// With target=cpu (whose generator neither chains products nor joins them): the scores and
// their softmax are kernels of their own, and so are Q, K and V.
// CPU-COUNT-11: tenon.kernel
// CPU-NOT: tenon.kernel

module attributes {tenon.symbols = #tenon.symbols<B in 1 to 64, S in 8 to 2048>} {
  tenon.weight @g1_0 : tensor<768xf32> <"w", 0, 0>
  tenon.weight @b1_0 : tensor<768xf32> <"w", 0, 0>
  tenon.weight @q0_w : tensor<768x768xf32> <"w", 0, 0>
  tenon.weight @q0_b : tensor<768xf32> <"w", 0, 0>
  tenon.weight @k0_w : tensor<768x768xf32> <"w", 0, 0>
  tenon.weight @k0_b : tensor<768xf32> <"w", 0, 0>
  tenon.weight @v0_w : tensor<768x768xf32> <"w", 0, 0>
  tenon.weight @v0_b : tensor<768xf32> <"w", 0, 0>
  tenon.weight @o0_w : tensor<768x768xf32> <"w", 0, 0>
  tenon.weight @o0_b : tensor<768xf32> <"w", 0, 0>
  tenon.weight @g2_0 : tensor<768xf32> <"w", 0, 0>
  tenon.weight @b2_0 : tensor<768xf32> <"w", 0, 0>
  tenon.weight @u0_w : tensor<768x3072xf32> <"w", 0, 0>
  tenon.weight @u0_b : tensor<3072xf32> <"w", 0, 0>
  tenon.weight @d0_w : tensor<3072x768xf32> <"w", 0, 0>
  tenon.weight @d0_b : tensor<768xf32> <"w", 0, 0>
  tenon.func @main(%x: tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>> {
    %1 = tenon.read @g1_0 : tensor<768xf32>
    %2 = tenon.read @b1_0 : tensor<768xf32>
    %3 = tenon.constant dense<0.001302083> : tensor<f32>
    %4 = tenon.constant dense<0.000010000> : tensor<f32>
    %5 = tenon.reduce <add> %x dims [2] : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?xf32, #tenon.dims<[B, S]>>
    %6 = tenon.reshape %5 : (tensor<?x?xf32, #tenon.dims<[B, S]>>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %7 = tenon.mul %6, %3 : (tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>, tensor<f32>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %8 = tenon.sub %x, %7 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %9 = tenon.mul %8, %8 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %10 = tenon.reduce <add> %9 dims [2] : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?xf32, #tenon.dims<[B, S]>>
    %11 = tenon.reshape %10 : (tensor<?x?xf32, #tenon.dims<[B, S]>>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %12 = tenon.mul %11, %3 : (tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>, tensor<f32>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %13 = tenon.add %12, %4 : (tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>, tensor<f32>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %14 = tenon.rsqrt %13 : (tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %15 = tenon.mul %8, %14 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %16 = tenon.mul %15, %1 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %17 = tenon.add %16, %2 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %18 = tenon.read @q0_w : tensor<768x768xf32>
    %19 = tenon.read @q0_b : tensor<768xf32>
    %20 = tenon.contract [[0, 1, 2], [2, 3]] -> [0, 1, 3] %17, %18 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768x768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %21 = tenon.add %20, %19 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %22 = tenon.read @k0_w : tensor<768x768xf32>
    %23 = tenon.read @k0_b : tensor<768xf32>
    %24 = tenon.contract [[0, 1, 2], [2, 3]] -> [0, 1, 3] %17, %22 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768x768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %25 = tenon.add %24, %23 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %26 = tenon.read @v0_w : tensor<768x768xf32>
    %27 = tenon.read @v0_b : tensor<768xf32>
    %28 = tenon.contract [[0, 1, 2], [2, 3]] -> [0, 1, 3] %17, %26 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768x768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %29 = tenon.add %28, %27 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %30 = tenon.reshape %21 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>
    %31 = tenon.transpose %30 [0, 2, 1, 3] : (tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>) -> tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>
    %32 = tenon.reshape %25 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>
    %33 = tenon.transpose %32 [0, 2, 1, 3] : (tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>) -> tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>
    %34 = tenon.reshape %29 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>
    %35 = tenon.transpose %34 [0, 2, 1, 3] : (tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>) -> tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>
    %36 = tenon.contract [[0, 1, 2, 4], [0, 1, 3, 4]] -> [0, 1, 2, 3] %31, %33 : (tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>, tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>) -> tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>
    %37 = tenon.constant dense<0.125000000> : tensor<f32>
    %38 = tenon.mul %36, %37 : (tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>, tensor<f32>) -> tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>
    %39 = tenon.reduce <max> %38 dims [3] : (tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>) -> tensor<?x12x?xf32, #tenon.dims<[B, 12, S]>>
    %40 = tenon.reshape %39 : (tensor<?x12x?xf32, #tenon.dims<[B, 12, S]>>) -> tensor<?x12x?x1xf32, #tenon.dims<[B, 12, S, 1]>>
    %41 = tenon.sub %38, %40 : (tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>, tensor<?x12x?x1xf32, #tenon.dims<[B, 12, S, 1]>>) -> tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>
    %42 = tenon.exp %41 : (tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>) -> tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>
    %43 = tenon.reduce <add> %42 dims [3] : (tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>) -> tensor<?x12x?xf32, #tenon.dims<[B, 12, S]>>
    %44 = tenon.reshape %43 : (tensor<?x12x?xf32, #tenon.dims<[B, 12, S]>>) -> tensor<?x12x?x1xf32, #tenon.dims<[B, 12, S, 1]>>
    %45 = tenon.div %42, %44 : (tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>, tensor<?x12x?x1xf32, #tenon.dims<[B, 12, S, 1]>>) -> tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>
    %46 = tenon.contract [[0, 1, 2, 3], [0, 1, 3, 4]] -> [0, 1, 2, 4] %45, %35 : (tensor<?x12x?x?xf32, #tenon.dims<[B, 12, S, S]>>, tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>) -> tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>
    %47 = tenon.transpose %46 [0, 2, 1, 3] : (tensor<?x12x?x64xf32, #tenon.dims<[B, 12, S, 64]>>) -> tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>
    %48 = tenon.reshape %47 : (tensor<?x?x12x64xf32, #tenon.dims<[B, S, 12, 64]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %49 = tenon.read @o0_w : tensor<768x768xf32>
    %50 = tenon.read @o0_b : tensor<768xf32>
    %51 = tenon.contract [[0, 1, 2], [2, 3]] -> [0, 1, 3] %48, %49 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768x768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %52 = tenon.add %51, %50 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %53 = tenon.add %x, %52 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %54 = tenon.read @g2_0 : tensor<768xf32>
    %55 = tenon.read @b2_0 : tensor<768xf32>
    %56 = tenon.constant dense<0.001302083> : tensor<f32>
    %57 = tenon.constant dense<0.000010000> : tensor<f32>
    %58 = tenon.reduce <add> %53 dims [2] : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?xf32, #tenon.dims<[B, S]>>
    %59 = tenon.reshape %58 : (tensor<?x?xf32, #tenon.dims<[B, S]>>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %60 = tenon.mul %59, %56 : (tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>, tensor<f32>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %61 = tenon.sub %53, %60 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %62 = tenon.mul %61, %61 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %63 = tenon.reduce <add> %62 dims [2] : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?xf32, #tenon.dims<[B, S]>>
    %64 = tenon.reshape %63 : (tensor<?x?xf32, #tenon.dims<[B, S]>>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %65 = tenon.mul %64, %56 : (tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>, tensor<f32>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %66 = tenon.add %65, %57 : (tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>, tensor<f32>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %67 = tenon.rsqrt %66 : (tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>) -> tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>
    %68 = tenon.mul %61, %67 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<?x?x1xf32, #tenon.dims<[B, S, 1]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %69 = tenon.mul %68, %54 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %70 = tenon.add %69, %55 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %71 = tenon.read @u0_w : tensor<768x3072xf32>
    %72 = tenon.read @u0_b : tensor<3072xf32>
    %73 = tenon.contract [[0, 1, 2], [2, 3]] -> [0, 1, 3] %70, %71 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768x3072xf32>) -> tensor<?x?x3072xf32, #tenon.dims<[B, S, 3072]>>
    %74 = tenon.add %73, %72 : (tensor<?x?x3072xf32, #tenon.dims<[B, S, 3072]>>, tensor<3072xf32>) -> tensor<?x?x3072xf32, #tenon.dims<[B, S, 3072]>>
    %75 = tenon.gelu %74 : (tensor<?x?x3072xf32, #tenon.dims<[B, S, 3072]>>) -> tensor<?x?x3072xf32, #tenon.dims<[B, S, 3072]>>
    %76 = tenon.read @d0_w : tensor<3072x768xf32>
    %77 = tenon.read @d0_b : tensor<768xf32>
    %78 = tenon.contract [[0, 1, 2], [2, 3]] -> [0, 1, 3] %75, %76 : (tensor<?x?x3072xf32, #tenon.dims<[B, S, 3072]>>, tensor<3072x768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %79 = tenon.add %78, %77 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<768xf32>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    %80 = tenon.add %53, %79 : (tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>, tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>) -> tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
    tenon.return %80 : tensor<?x?x768xf32, #tenon.dims<[B, S, 768]>>
  }
}
