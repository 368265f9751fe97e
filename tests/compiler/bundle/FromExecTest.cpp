// From tenon functions to answers: fused, made into tiles, scheduled, compiled,
// written, opened and run through the C API.
#include "compiler/bundle/FromExec.h"
#include "dialects/exec/Exec.h"
#include "dialects/tile/TileDialect.h"
#include "passes/fuse/Passes.h"
#include "passes/schedule/Passes.h"
#include "passes/tile/Passes.h"
#include "tests/runtime/Api.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <cmath>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace mlir;
using namespace tenon;

namespace {

class FromExecTest : public ::testing::Test {
protected:
  FromExecTest() {
    DialectRegistry registry;
    registry.insert<TenonDialect, tile::TileDialect, exec::ExecDialect, arith::ArithDialect,
                    func::FuncDialect, LLVM::LLVMDialect, math::MathDialect, scf::SCFDialect,
                    vector::VectorDialect>();
    context.appendDialectRegistry(registry);
    path = "/tmp/tenon-from-exec-" + std::to_string(::getpid()) + ".tenon";
  }
  ~FromExecTest() override { ::unlink(path.c_str()); }

  /// Compiles IR text into the file and opens it.
  void compile(const std::string &text) {
    auto module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module);
    PassManager pm(&context);
    pm.addPass(createFuseKernels());
    pm.addPass(createKernelsToTilePass());
    buildSchedulePipeline(pm);
    ASSERT_TRUE(succeeded(pm.run(*module)));
    std::vector<TargetCode> targets;
    for (CpuFeatures features : {CpuFeatures::Avx512, CpuFeatures::Avx2}) {
      auto image = compileForCpu(*module, features);
      ASSERT_TRUE(succeeded(image));
      targets.push_back({cpuFeaturesName(features).str(), *image});
    }
    auto input = bundleFromExec(*module, targets, [&](WeightOp op) {
      return FailureOr(bundle::DataSource::bytes(weights.data() + op.getStore().getOffset(),
                                                 op.getStore().getSize()));
    });
    ASSERT_TRUE(succeeded(input));
    Status status = bundle::writeBundle(std::move(*input), path);
    ASSERT_TRUE(status.ok()) << status.error().message;
    bundle = test::open(path, error);
    ASSERT_EQ(error, "");
    session = test::session(bundle, 2, error);
    ASSERT_EQ(error, "");
  }
  std::string run(std::vector<DLTensor> inputs, std::vector<DLTensor> &outputs) {
    return test::take(tenon_session_run(session.get(), 0, inputs.data(), inputs.size(),
                                        outputs.data(), outputs.size()));
  }

  MLIRContext context;
  std::vector<char> weights;
  std::string path, error;
  test::BundlePtr bundle;
  test::SessionPtr session;
};

TEST_F(FromExecTest, MatmulWithWeightAtSeveralSizes) {
  std::vector<float> w(8 * 3);
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = static_cast<float>(i % 5) - 2;
  weights.resize(w.size() * sizeof(float));
  memcpy(weights.data(), w.data(), weights.size());
  compile(R"(
module attributes {tenon.symbols = #tenon.symbols<B in 1 to 64>} {
  tenon.weight @w : tensor<8x3xf32> <"m", 0, 96>
  tenon.func @main(%x: tensor<?x8xf32, #tenon.dims<[B, 8]>> {tenon.name = "x"})
      -> (tensor<?x3xf32, #tenon.dims<[B, 3]>> {tenon.name = "y"}) {
    %w = tenon.read @w : tensor<8x3xf32>
    %0 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %x, %w
      : (tensor<?x8xf32, #tenon.dims<[B, 8]>>, tensor<8x3xf32>) -> tensor<?x3xf32, #tenon.dims<[B, 3]>>
    %1 = tenon.exp %0 : (tensor<?x3xf32, #tenon.dims<[B, 3]>>) -> tensor<?x3xf32, #tenon.dims<[B, 3]>>
    tenon.return %1 : tensor<?x3xf32, #tenon.dims<[B, 3]>>
  }
})");
  for (int64_t rows : {1, 5, 64}) {
    std::vector<float> x(rows * 8);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(i % 7) * 0.1f - 0.3f;
    test::Tensor in(x, {rows, 8});
    std::vector<DLTensor> out(1);
    ASSERT_EQ(run({in.dl}, out), "");
    ASSERT_EQ(out[0].shape[0], rows);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < 3; ++c) {
        double sum = 0;
        for (int64_t k = 0; k < 8; ++k)
          sum += double(x[r * 8 + k]) * w[k * 3 + c];
        EXPECT_NEAR(static_cast<float *>(out[0].data)[r * 3 + c], std::exp(sum), 1e-5);
      }
  }
  std::vector<float> x(65 * 8);
  test::Tensor in(x, {65, 8});
  std::vector<DLTensor> out(1);
  EXPECT_EQ(run({in.dl}, out), "dimension 0 of input 'x' is 65, expected at most 64 (B)");
}

TEST_F(FromExecTest, BranchesAndLoops) {
  compile(R"(
tenon.func @main(%c: tensor<i1>, %n: tensor<i64>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %t = tenon.constant dense<true> : tensor<i1>
  %0 = tenon.if %c : (tensor<i1>) -> tensor<4xf32> {
    %1 = tenon.neg %x : (tensor<4xf32>) -> tensor<4xf32>
    tenon.yield %1 : tensor<4xf32>
  } {
    tenon.yield %x : tensor<4xf32>
  }
  %2 = tenon.loop %n, %t(%0) : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %y: tensor<4xf32>):
    %3 = tenon.add %y, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    tenon.yield %t, %3 : tensor<i1>, tensor<4xf32>
  }
  tenon.return %0, %2 : tensor<4xf32>, tensor<4xf32>
})");
  std::vector<float> x = {1, 2, 3, -4};
  test::Tensor in(x, {4});
  for (char condition : {0, 1})
    for (int64_t rounds : {0, 1, 5}) {
      test::Tensor c(&condition, {kDLBool, 8, 1}, {}), n(&rounds, {kDLInt, 64, 1}, {});
      std::vector<DLTensor> out(2);
      ASSERT_EQ(run({c.dl, n.dl, in.dl}, out), "");
      for (size_t i = 0; i < 4; ++i) {
        float first = condition ? -x[i] : x[i];
        EXPECT_EQ(static_cast<float *>(out[0].data)[i], first);
        EXPECT_EQ(static_cast<float *>(out[1].data)[i], std::ldexp(first, rounds));
      }
    }
}

} // namespace
