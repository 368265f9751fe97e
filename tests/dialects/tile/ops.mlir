// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// Every operation of the tile dialect survives printing and parsing.

// CHECK-LABEL: tile.func @memory(
// CHECK-SAME: %[[X:.*]]: !tile.view<f32>, %[[Y:.*]]: !tile.view<f32> {tile.may_alias}, %[[BLOCK:.*]]: index)
// CHECK-SAME: grid(#tenon.expr<N ceildiv 64>) symbols(["N", "M"]) attributes {nodes = ["Relu_1"]}
tile.func @memory(%x: !tile.view<f32>, %y: !tile.view<f32> {tile.may_alias}, %block: index)
    grid(#tenon.expr<N ceildiv 64>) symbols(["N", "M"]) attributes {nodes = ["Relu_1"]} {
  // CHECK: %[[N:.*]] = tile.dim <M * N>
  %n = tile.dim #tenon.expr<N * M>
  // CHECK: %[[S:.*]] = tile.scratch <4 * M> -> !tile.view<f32, scratch>
  %s = tile.scratch #tenon.expr<M * 4> -> !tile.view<f32, scratch>
  // CHECK: tile.load %[[X]][%[[BLOCK]]] strides [768, 1] : !tile.view<f32> -> tensor<12x32xf32>
  %0 = tile.load %x[%block] strides [768, 1] : !tile.view<f32> -> tensor<12x32xf32>
  // CHECK: %[[I:.*]] = tile.iota dim 1 : tensor<1x32xindex>
  %i = tile.iota dim 1 : tensor<1x32xindex>
  // CHECK: %[[E:.*]] = tile.splat %[[N]] : index -> tensor<1x32xindex>
  %e = tile.splat %n : index -> tensor<1x32xindex>
  %m = arith.cmpi slt, %i, %e : tensor<1x32xindex>
  %f = arith.constant -1.0 : f32
  // CHECK: tile.load %[[X]][%[[BLOCK]]] strides [%[[N]], 1] mask(%[[M:.*]] : tensor<1x32xi1>) fill(%{{.*}} : f32)
  %1 = tile.load %x[%block] strides [%n, 1] mask(%m : tensor<1x32xi1>) fill(%f : f32)
      : !tile.view<f32> -> tensor<12x32xf32>
  // CHECK: tile.load %[[X]][%[[BLOCK]]] strides [] : !tile.view<f32> -> f32
  %2 = tile.load %x[%block] strides [] : !tile.view<f32> -> f32
  // CHECK: tile.store %{{.*}}, %[[Y]][%[[BLOCK]]] strides [%[[N]], 1] mask(%[[M]] : tensor<1x32xi1>)
  tile.store %1, %y[%block] strides [%n, 1] mask(%m : tensor<1x32xi1>)
      : tensor<12x32xf32> -> !tile.view<f32>
  // CHECK: tile.store %{{.*}}, %[[S]][%[[BLOCK]]] strides [32, 1] : tensor<12x32xf32> -> !tile.view<f32, scratch>
  tile.store %0, %s[%block] strides [32, 1] : tensor<12x32xf32> -> !tile.view<f32, scratch>
  // CHECK: tile.gather %[[X]][%[[I]] : tensor<1x32xindex>] mask(%[[M]] : tensor<1x32xi1>)
  %g = tile.gather %x[%i : tensor<1x32xindex>] mask(%m : tensor<1x32xi1>)
      : !tile.view<f32> -> tensor<1x32xf32>
  // CHECK: tile.scatter %{{.*}}, %[[Y]][%[[I]] : tensor<1x32xindex>] : tensor<1x32xf32> -> !tile.view<f32>
  tile.scatter %g, %y[%i : tensor<1x32xindex>] : tensor<1x32xf32> -> !tile.view<f32>
  // CHECK: tile.check %[[M]], "index out of range" : tensor<1x32xi1>
  tile.check %m, "index out of range" : tensor<1x32xi1>
  tile.return
}

// CHECK-LABEL: tile.func @tiles
tile.func @tiles(%x: !tile.view<f32>, %block: index) grid(#tenon.expr<1>) symbols([]) {
  %a = tile.load %x[%block] strides [1, 1] : !tile.view<f32> -> tensor<12x1xf32>
  %b = tile.load %x[%block] strides [1, 1] : !tile.view<f32> -> tensor<1x32xf32>
  // CHECK: %[[C:.*]] = tile.broadcast %{{.*}} : tensor<1x32xf32> -> tensor<12x32xf32>
  %c = tile.broadcast %b : tensor<1x32xf32> -> tensor<12x32xf32>
  // CHECK: tile.dot %{{.*}}, %{{.*}}, %[[C]] : tensor<12x1xf32>, tensor<1x32xf32>, tensor<12x32xf32>
  %d = tile.dot %a, %b, %c : tensor<12x1xf32>, tensor<1x32xf32>, tensor<12x32xf32>
  // CHECK: %[[R:.*]] = tile.reduce max %{{.*}} dim 1 : tensor<12x32xf32> -> tensor<12x1xf32>
  %r = tile.reduce max %d dim 1 : tensor<12x32xf32> -> tensor<12x1xf32>
  %q = tile.reduce add %r dim 0 : tensor<12x1xf32> -> tensor<1x1xf32>
  // CHECK: %[[E:.*]] = tile.extract %{{.*}} : tensor<1x1xf32> -> f32
  %e = tile.extract %q : tensor<1x1xf32> -> f32
  // CHECK: tile.splat %[[E]] : f32 -> tensor<4xf32>
  %s = tile.splat %e : f32 -> tensor<4xf32>
  tile.store %s, %x[%block] strides [1] : tensor<4xf32> -> !tile.view<f32>
  tile.return
}
