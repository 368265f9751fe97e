//===- FusionTest.cpp - relations, tile spaces and costs ------------------===//
//
// What the counts of kernels cannot show: that an edge is what it is said to
// be, that blocks divide what they may, and that the cost refuses for the right
// reason.
//
//===----------------------------------------------------------------------===//

#include "mlir/Parser/Parser.h"
#include "passes/fuse/Cost.h"
#include "passes/fuse/KernelSpace.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace tenon;
using namespace tenon::fuse;

namespace {

class FusionTest : public ::testing::Test {
protected:
  FusionTest() { context.loadDialect<TenonDialect>(); }

  /// The graph of the only function of a module.
  const Graph &parse(const std::string &text) {
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    graph = std::make_unique<Graph>((*module->getOps<FuncOp>().begin()).getBody().front());
    return *graph;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<Graph> graph;
};

TEST_F(FusionTest, HeadsAreSplitOnBothSides) {
  const Graph &graph = parse(R"(
module attributes {tenon.symbols = #tenon.symbols<S in 8 to 2048>} {
  tenon.func @f(%x: tensor<?x768xf32, #tenon.dims<[S, 768]>>) -> tensor<12x?xf32, #tenon.dims<[12, S]>> {
    %0 = tenon.exp %x : (tensor<?x768xf32, #tenon.dims<[S, 768]>>) -> tensor<?x768xf32, #tenon.dims<[S, 768]>>
    %1 = tenon.reshape %0 : (tensor<?x768xf32, #tenon.dims<[S, 768]>>) -> tensor<?x12x64xf32, #tenon.dims<[S, 12, 64]>>
    %2 = tenon.transpose %1 [1, 0, 2] : (tensor<?x12x64xf32, #tenon.dims<[S, 12, 64]>>) -> tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>
    %3 = tenon.reduce <add> %2 dims [2] : (tensor<12x?x64xf32, #tenon.dims<[12, S, 64]>>) -> tensor<12x?xf32, #tenon.dims<[12, S]>>
    tenon.return %3 : tensor<12x?xf32, #tenon.dims<[12, S]>>
  }
})");
  ASSERT_EQ(graph.nodes.size(), 2u); // The views are no nodes.
  EXPECT_EQ(graph.nodes[0].parallel.size(), 3u); // S, 12, 64.
  const Relation &relation = graph.nodes[1].reads[0].relation;
  EXPECT_EQ(relation.aligned.size(), 3u);
  EXPECT_FALSE(relation.isMismatched());

  KernelSpace space(graph, {0, 1}, {});
  EXPECT_EQ(space.tile.count(), 2u); // The 64 is reduced, hence inner.
}

TEST_F(FusionTest, HalfOfAHeadIsFixed) {
  const Graph &graph = parse(R"(
tenon.func @f(%x: tensor<8x64xf32>) -> tensor<8x32xf32> {
  %0 = tenon.exp %x : (tensor<8x64xf32>) -> tensor<8x64xf32>
  %1 = tenon.slice %0 [#tenon.expr<0>, #tenon.expr<32>] [1, 1] : (tensor<8x64xf32>) -> tensor<8x32xf32>
  %2 = tenon.neg %1 : (tensor<8x32xf32>) -> tensor<8x32xf32>
  tenon.return %2 : tensor<8x32xf32>
})");
  const Relation &relation = graph.nodes[1].reads[0].relation;
  EXPECT_EQ(relation.aligned.size(), 2u);
  EXPECT_EQ(relation.fixed.size(), 1u);
  EXPECT_FALSE(relation.isMismatched());
}

TEST_F(FusionTest, AWindowIsMismatchedUnlessItTiles) {
  const Graph &graph = parse(R"(
tenon.func @f(%x: tensor<4x16xf32>) -> (tensor<4x16xf32>, tensor<4x8xf32>) {
  %0 = tenon.exp %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %1 = tenon.window %0 kernel [3] strides [1] dilations [1] low [1] base [1] fill 0.0 : (tensor<4x16xf32>) -> tensor<4x16x3xf32>
  %2 = tenon.reduce <max> %1 dims [2] : (tensor<4x16x3xf32>) -> tensor<4x16xf32>
  %3 = tenon.window %0 kernel [2] strides [2] dilations [1] low [0] base [1] fill 0.0 : (tensor<4x16xf32>) -> tensor<4x8x2xf32>
  %4 = tenon.reduce <max> %3 dims [2] : (tensor<4x8x2xf32>) -> tensor<4x8xf32>
  tenon.return %2, %4 : tensor<4x16xf32>, tensor<4x8xf32>
})");
  EXPECT_TRUE(graph.nodes[1].reads[0].relation.isMismatched());
  EXPECT_FALSE(graph.nodes[2].reads[0].relation.isMismatched());
}

TEST_F(FusionTest, AReductionIsNotRepeatedByBlocks) {
  // The sum over k lacks j: a kernel of both has i as its tile space, or one
  // block; it never computes a sum twice.
  const Graph &graph = parse(R"(
tenon.func @f(%x: tensor<512x64xf32>, %y: tensor<512x96xf32>) -> tensor<512x96xf32> {
  %0 = tenon.reduce <add> %x dims [1] : (tensor<512x64xf32>) -> tensor<512xf32>
  %1 = tenon.reshape %0 : (tensor<512xf32>) -> tensor<512x1xf32>
  %2 = tenon.mul %y, %1 : (tensor<512x96xf32>, tensor<512x1xf32>) -> tensor<512x96xf32>
  tenon.return %2 : tensor<512x96xf32>
})");
  Cost cost = fusedCost(graph, {0, 1}, {}, cpuTarget(2));
  ASSERT_TRUE(cost.isLegal());
  EXPECT_LE(cost.blocks, 512);
  EXPECT_EQ(cost.bytes, 4 * (512 * 64 + 512 * 96 + 512 * 96));
}

TEST_F(FusionTest, RefusalsSayWhy) {
  const Graph &graph = parse(R"(
tenon.func @f(%x: tensor<256x64xf32>, %w: tensor<64x64xf32>) -> tensor<256x64xf32> {
  %0 = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %x, %w : (tensor<256x64xf32>, tensor<64x64xf32>) -> tensor<256x64xf32>
  %1 = tenon.contract [[0, 1], [1, 2]] -> [0, 2] %0, %w : (tensor<256x64xf32>, tensor<64x64xf32>) -> tensor<256x64xf32>
  tenon.return %1 : tensor<256x64xf32>
})");
  EXPECT_TRUE(isHeavy(graph, graph.nodes[0]));
  Cost cost = fusedCost(graph, {0, 1}, {}, cpuTarget(2));
  EXPECT_FALSE(cost.isLegal());
  EXPECT_EQ(cost.refusal, "more than one heavy contraction");
}

TEST_F(FusionTest, DepthwiseIsLight) {
  const Graph &graph = parse(R"(
tenon.func @f(%x: tensor<64x66x66xf32>, %w: tensor<64x3x3xf32>) -> tensor<64x64x64xf32> {
  %0 = tenon.window %x kernel [3, 3] strides [1, 1] dilations [1, 1] low [0, 0] base [1, 1] fill 0.0
    : (tensor<64x66x66xf32>) -> tensor<64x64x3x64x3xf32>
  %1 = tenon.contract [[0, 1, 2, 3, 4], [0, 2, 4]] -> [0, 1, 3] %0, %w
    : (tensor<64x64x3x64x3xf32>, tensor<64x3x3xf32>) -> tensor<64x64x64xf32>
  tenon.return %1 : tensor<64x64x64xf32>
})");
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_GT(graph.nodes[0].points, 1 << 16);
  EXPECT_FALSE(isHeavy(graph, graph.nodes[0]));
}

TEST_F(FusionTest, ABatchIsNeverOneWhereItRepeats) {
  const Graph &graph = parse(R"(
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 64, S in 8 to 2048>} {
  tenon.func @f(%x: tensor<?x?xf32, #tenon.dims<[B, S]>>) -> tensor<?x?xf32, #tenon.dims<[B, S]>> {
    %0 = tenon.exp %x : (tensor<?x?xf32, #tenon.dims<[B, S]>>) -> tensor<?x?xf32, #tenon.dims<[B, S]>>
    tenon.return %0 : tensor<?x?xf32, #tenon.dims<[B, S]>>
  }
})");
  const Node &node = graph.nodes[0];
  EXPECT_EQ(graph.atoms.size(node.parallel[0]), 4);
  EXPECT_EQ(graph.atoms.leastSize(node.parallel[0]), 1);
  EXPECT_EQ(graph.atoms.size(node.parallel[1]), 128);
}

} // namespace
