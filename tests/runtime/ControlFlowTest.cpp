// Sizes bound while a program runs, checks, branches, loops and states.
#include "tests/runtime/Api.h"
#include "tests/runtime/HandmadeBundle.h"

#include <gtest/gtest.h>

using namespace tenon;
using namespace tenon::test;
using namespace tenon::bundle;

namespace {

class ControlFlowTest : public ::testing::Test {
protected:
  ControlFlowTest() { zero = made.exprs.constant(0), eight = made.exprs.constant(8); }
  void open() {
    path = made.write("control.tenon");
    bundle = test::open(path, error);
    ASSERT_EQ(error, "");
    session = test::session(bundle, 2, error);
    ASSERT_EQ(error, "");
  }
  void TearDown() override { ::unlink(path.c_str()); }
  void add(InstructionBody body, size_t block = 0, const char *node = "") {
    std::vector<uint32_t> nodes;
    if (*node)
      nodes.push_back(made.strings.get(node));
    made.block(block).instructions.push_back({std::move(body), nodes});
  }

  Handmade made;
  Expr zero, eight;
  std::string path, error;
  BundlePtr bundle;
  SessionPtr session;
};

/// Output "y" has as many elements as "x" has positive ones.
TEST_F(ControlFlowTest, SizesBoundAtRunTime) {
  made.entry().symbols = {{"N", 1, 100, 1}, {"P", 0, 3, 1}};
  ExprTable &e = made.exprs;
  Expr n = e.symbol(0), p = e.symbol(1), four = e.constant(4);
  made.entry().inputs = {{"x", ElementType::F32, {n}, none}};
  made.entry().outputs = {{"y", ElementType::F32, {p}, none}, {"sum", ElementType::I64, {}, none}};
  made.program().arenas = {{eight, none}, {e.mul(p, four), none}};
  uint32_t x = made.buffer(BufferKind::Input, 0, zero, e.mul(n, four));
  uint32_t count = made.buffer(BufferKind::Arena, 0, zero, eight);
  uint32_t y = made.buffer(BufferKind::Output, 0, zero, e.mul(p, four));
  uint32_t t = made.buffer(BufferKind::Arena, 1, zero, e.mul(p, four));
  add(inst::Arena{0});
  made.launch(Count, e.constant(1), {x, count}, "NonZero_0");
  add(inst::Bind{1, count, zero, static_cast<uint32_t>(ElementType::I64)}, 0, "NonZero_0");
  add(inst::Check{p, Compare::NotEqual, e.constant(2), made.strings.get("two is refused")}, 0,
      "Assert_1");
  add(inst::Arena{1});
  add(inst::Fill{t, 0x3F800000, 4});
  add(inst::Copy{y, t});
  add(inst::Store{made.buffer(BufferKind::Output, 1, zero, eight), e.add(p, n),
                  static_cast<uint32_t>(ElementType::I64)});
  open();
  DLTensor out[2];
  auto run = [&](std::vector<float> values, DLTensor *) {
    test::Tensor in(values, {static_cast<int64_t>(values.size())});
    out[0] = out[1] = {};
    return take(tenon_session_run(session.get(), 0, &in.dl, 1, out, 2));
  };
  ASSERT_EQ(run({1, -1, 2, 0, 5}, out), "");
  EXPECT_EQ(out[0].shape[0], 3);
  EXPECT_EQ(static_cast<float *>(out[0].data)[2], 1.0f);
  EXPECT_EQ(*static_cast<int64_t *>(out[1].data), 8);
  ASSERT_EQ(run({-1}, out), "");
  EXPECT_EQ(out[0].shape[0], 0);
  EXPECT_EQ(run({1, 1, 1, 1}, out), "NonZero_0: size 'P' is 4, expected at most 3 (P)");
  EXPECT_EQ(run({1, 1}, out), "Assert_1: two is refused: 2, expected other than 2 with N = 2, P = 2");
}

TEST_F(ControlFlowTest, BranchesByAnInput) {
  ExprTable &e = made.exprs;
  made.entry().inputs = {{"c", ElementType::I1, {}, none}};
  made.entry().outputs = {{"y", ElementType::I64, {}, none}};
  made.program().blocks.resize(3);
  uint32_t c = made.buffer(BufferKind::Input, 0, zero, e.constant(1));
  uint32_t y = made.buffer(BufferKind::Output, 0, zero, eight);
  add(inst::If{c, 1, 2});
  add(inst::Fill{y, 11, 8}, 1);
  add(inst::Fill{y, 22, 8}, 2);
  open();
  for (char condition : {1, 0}) {
    test::Tensor in(&condition, {kDLBool, 8, 1}, {});
    DLTensor out{};
    ASSERT_EQ(take(tenon_session_run(session.get(), 0, &in.dl, 1, &out, 1)), "");
    EXPECT_EQ(*static_cast<int64_t *>(out.data), condition ? 11 : 22);
  }
}

/// Counts i from 0 while i + 1 < n and fewer than 5 rounds are done.
TEST_F(ControlFlowTest, LoopsEndByConditionOrTripCount) {
  ExprTable &e = made.exprs;
  made.entry().symbols = {{"round", 0, 1 << 20, 1}, {"dummy", 1, 1, 1}};
  made.entry().inputs = {{"n", ElementType::I64, {}, none}};
  made.entry().outputs = {{"i", ElementType::I64, {}, none},
                          {"rounds", ElementType::I64, {e.symbol(0)}, none}};
  made.program().blocks.resize(2);
  made.program().arenas = {{e.constant(192), none}};
  uint32_t n = made.buffer(BufferKind::Input, 0, zero, eight);
  uint32_t i = made.buffer(BufferKind::Output, 0, zero, eight);
  uint32_t next = made.buffer(BufferKind::Arena, 0, zero, eight);
  uint32_t condition = made.buffer(BufferKind::Arena, 0, e.constant(64), e.constant(1));
  uint32_t below = made.buffer(BufferKind::Arena, 0, e.constant(128), e.constant(1));
  add(inst::Arena{0});
  add(inst::Fill{next, 0, 8});
  add(inst::Fill{condition, 1, 1});
  add(inst::Loop{e.constant(5), condition, 0, 1, {condition}, {below}});
  add(inst::Copy{i, next});
  made.launch(Below, e.constant(1), {next, n, below}, "Loop_3", 1);
  open();
  for (auto [limit, expected] : {std::pair<int64_t, int64_t>{3, 3}, {0, 1}, {100, 5}}) {
    test::Tensor in(&limit, {kDLInt, 64, 1}, {});
    DLTensor out[2]{};
    ASSERT_EQ(take(tenon_session_run(session.get(), 0, &in.dl, 1, out, 2)), "");
    EXPECT_EQ(*static_cast<int64_t *>(out[0].data), expected);
    EXPECT_EQ(out[1].shape[0], expected);
  }
}

TEST_F(ControlFlowTest, StatesOutliveRunsUntilReset) {
  ExprTable &e = made.exprs;
  made.entry().inputs = {{"n", ElementType::I64, {}, none}};
  made.entry().outputs = {{"i", ElementType::I64, {}, none}, {"b", ElementType::I1, {}, none}};
  made.input.bundle.states = {{"counter", ElementType::I64, none}};
  made.entry().states = {{0, {}, eight}};
  uint32_t n = made.buffer(BufferKind::Input, 0, zero, eight);
  uint32_t i = made.buffer(BufferKind::Output, 0, zero, eight);
  uint32_t b = made.buffer(BufferKind::Output, 1, zero, e.constant(1));
  uint32_t state = made.buffer(BufferKind::State, 0, zero, eight);
  made.launch(Below, e.constant(1), {state, n, b}, "Count_0");
  add(inst::Copy{i, state});
  open();
  auto run = [&] {
    int64_t limit = 2;
    test::Tensor in(&limit, {kDLInt, 64, 1}, {});
    DLTensor out[2]{};
    EXPECT_EQ(take(tenon_session_run(session.get(), 0, &in.dl, 1, out, 2)), "");
    return *static_cast<int64_t *>(out[0].data);
  };
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(run(), 2);
  ASSERT_EQ(take(tenon_session_reset(session.get())), "");
  EXPECT_EQ(run(), 1);
}

} // namespace
