// RUN: tenon-opt %s --tenon-kernels-to-tile='has-threads=true lanes=64 registers=20' --cse | FileCheck %s
// RUN: tenon-opt %s --tenon-kernels-to-tile='has-threads=true lanes=64 registers=20 products=bf16' --cse | FileCheck %s --check-prefix=BF16
// RUN: tenon-opt %s --tenon-kernels-to-tile='has-threads=true lanes=64 registers=20' --cse --tile-to-nvvm | FileCheck %s --check-prefix=NVVM

module {
  // The stored value is contiguous along the left side's rows, so they become the
  // tile's columns: the right side is read as rows. Only rows beyond the end are masked.
  // CHECK-LABEL: tile.func @turned(
  // CHECK-SAME: %[[X:[^:]*]]: !tile.view<f16>, %[[W:[^:]*]]: !tile.view<f16>
  // CHECK-SAME: tile.pipeline = array<i64: 16, 64, 64, 1, 4, 4>
  // CHECK: scf.for %[[K:.*]] = %{{.*}} to %{{.*}} step
  // CHECK: tile.load %[[W]][%{{.*}}] strides [1, 96] {tile.vector = 8 : i64} : !tile.view<f16> -> tensor<16x64xf16>
  // CHECK: tile.load %[[X]][%{{.*}}] strides [1, 64] mask(%{{.*}}) {tile.vector = 8 : i64} : !tile.view<f16> -> tensor<64x64xf16>
  // CHECK: tile.dot {{.*}} : tensor<16x64xf16>, tensor<64x64xf16>, tensor<16x64xf32>
  // CHECK: arith.maximumf
  // CHECK: tile.store {{.*}} strides [100, 1] mask
  // NVVM-LABEL: llvm.func @turned(
  // NVVM-SAME: nvvm.reqntid = array<i32: 128, 1, 1>
  // NVVM: nvvm.cp.async.shared.global {{.*}}, 16, cache
  // NVVM: nvvm.cp.async.wait.group 2
  // NVVM: nvvm.barrier0
  // NVVM: nvvm.ldmatrix
  // NVVM: nvvm.mma.sync
  tenon.func @f(%x: tensor<100x64xf16>, %w: tensor<64x96xf16>) -> tensor<96x100xf16> {
    %0 = tenon.kernel "turned"(%x, %w) : (tensor<100x64xf16>, tensor<64x96xf16>) -> tensor<96x100xf16> {
    ^bb0(%a: tensor<100x64xf16>, %b: tensor<64x96xf16>):
      %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %a, %b : (tensor<100x64xf16>, tensor<64x96xf16>) -> tensor<100x96xf16>
      %2 = tenon.relu %1 : (tensor<100x96xf16>) -> tensor<100x96xf16>
      %3 = tenon.transpose %2 [1, 0] : (tensor<100x96xf16>) -> tensor<96x100xf16>
      tenon.yield %3 : tensor<96x100xf16>
    }
    tenon.return %0 : tensor<96x100xf16>
  }

  // k = 24 is one and a half steps of 16: the first step starts at -8, and only there
  // k is compared. A narrower type for products is made where operands are read.
  // CHECK-LABEL: tile.func @partial(
  // CHECK: scf.for %[[K:.*]] = %c-8 to %c24 step %c16
  // CHECK: arith.cmpi ult, {{.*}} {tile.first_only} : tensor<1x16xindex>
  // CHECK: tile.dot {{.*}} : tensor<16x16xf32>, tensor<16x32xf32>, tensor<16x32xf32>
  // BF16-LABEL: tile.func @partial(
  // BF16: arith.truncf {{.*}} : tensor<16x64xf32> to tensor<16x64xbf16>
  // BF16: tile.dot {{.*}} : tensor<16x64xbf16>, tensor<64x64xbf16>, tensor<16x64xf32>
  // NVVM-LABEL: llvm.func @partial(
  // NVVM: llvm.intr.fma
  // NVVM-NOT: nvvm.mma
  tenon.func @g(%x: tensor<16x24xf32>, %w: tensor<24x32xf32>) -> tensor<16x32xf32> {
    %0 = tenon.kernel "partial"(%x, %w) : (tensor<16x24xf32>, tensor<24x32xf32>) -> tensor<16x32xf32> {
    ^bb0(%a: tensor<16x24xf32>, %b: tensor<24x32xf32>):
      %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %a, %b : (tensor<16x24xf32>, tensor<24x32xf32>) -> tensor<16x32xf32>
      tenon.yield %1 : tensor<16x32xf32>
    }
    tenon.return %0 : tensor<16x32xf32>
  }

  // A product of a few rows is no tile: the generic nest.
  // CHECK-LABEL: tile.func @few(
  // CHECK-NOT: tile.pipeline
  // CHECK: math.fma
  tenon.func @h(%x: tensor<4x24xf32>, %w: tensor<24x32xf32>) -> tensor<4x32xf32> {
    %0 = tenon.kernel "few"(%x, %w) : (tensor<4x24xf32>, tensor<24x32xf32>) -> tensor<4x32xf32> {
    ^bb0(%a: tensor<4x24xf32>, %b: tensor<24x32xf32>):
      %1 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %a, %b : (tensor<4x24xf32>, tensor<24x32xf32>) -> tensor<4x32xf32>
      tenon.yield %1 : tensor<4x32xf32>
    }
    tenon.return %0 : tensor<4x32xf32>
  }
}
