// RUN: tenon-opt %s -expand-math | FileCheck %s

// A function becomes arithmetic: no call, no math operation but fma.
// CHECK-LABEL: func.func @exp
// CHECK-NOT: math.exp
// CHECK: math.fma %{{.*}} : vector<16xf32>
// CHECK-NOT: math.exp
// CHECK: return
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// Narrow floats are computed in f32; to and from bf16 is integer arithmetic.
// CHECK-LABEL: func.func @narrow
// CHECK: arith.extui %{{.*}} : i16 to i32
// CHECK-NOT: truncf {{.*}} to bf16
// CHECK: arith.bitcast %{{.*}} : i16 to bf16
func.func @narrow(%x: bf16) -> bf16 {
  %0 = math.tanh %x : bf16
  return %0 : bf16
}

// A divisor that may be zero is guarded, a constant one is not.
// CHECK-LABEL: func.func @divide
// CHECK: %[[SAFE:.*]] = arith.select
// CHECK: arith.divsi %{{.*}}, %[[SAFE]]
// CHECK: %[[SEVEN:.*]] = arith.constant 7
// CHECK-NOT: arith.select
// CHECK: arith.divsi %{{.*}}, %[[SEVEN]] : i32
func.func @divide(%a: i32, %b: i32) -> i32 {
  %0 = arith.divsi %a, %b : i32
  %c7 = arith.constant 7 : i32
  %1 = arith.divsi %0, %c7 : i32
  return %1 : i32
}

// What the hardware does stays.
// CHECK-LABEL: func.func @kept
// CHECK: math.sqrt
// CHECK: math.floor
// CHECK: arith.truncf
func.func @kept(%x: f32) -> f16 {
  %0 = math.sqrt %x : f32
  %1 = math.floor %0 : f32
  %2 = arith.truncf %1 : f32 to f16
  return %2 : f16
}

// Many long expansions of one type become calls of one function.
// CHECK-LABEL: func.func @many
// CHECK-COUNT-8: llvm.call @math.sin(%{{.*}}) : (vector<16xf32>) -> vector<16xf32>
func.func @many(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.sin %x : vector<16xf32>
  %1 = math.sin %0 : vector<16xf32>
  %2 = math.sin %1 : vector<16xf32>
  %3 = math.sin %2 : vector<16xf32>
  %4 = math.sin %3 : vector<16xf32>
  %5 = math.sin %4 : vector<16xf32>
  %6 = math.sin %5 : vector<16xf32>
  %7 = math.sin %6 : vector<16xf32>
  return %7 : vector<16xf32>
}
