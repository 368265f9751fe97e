// cp.async: bytes, zero fill, groups; the missing wait and the missing barrier.
#include "tests/sim/machine/async/Run.h"

using namespace simtest;

namespace {

// Every thread copies 16 bytes; thread t then reads what its neighbour's brought.
const std::string kCopy = R"(
.version 8.0
.target sm_80
.address_size 64
.visible .entry copy(.param .u64 pin, .param .u64 pout)
{
  .reg .b32 %r<16>;
  .reg .b64 %rd<8>;
  .shared .align 16 .b8 tile[2048];
  ld.param.u64 %rd1, [pin];
  ld.param.u64 %rd2, [pout];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd3, %r1, 16;
  add.s64 %rd4, %rd1, %rd3;
  mov.u32 %r2, tile;
  shl.b32 %r3, %r1, 4;
  add.s32 %r4, %r2, %r3;
  cp.async.cg.shared.global [%r4], [%rd4], 16;
  cp.async.commit_group;
  cp.async.wait_group 0;
  bar.sync 0;
  add.s32 %r5, %r1, 1;
  and.b32 %r5, %r5, 127;
  shl.b32 %r6, %r5, 4;
  add.s32 %r7, %r2, %r6;
  ld.shared.u32 %r8, [%r7+4];
  mul.wide.u32 %rd5, %r1, 4;
  add.s64 %rd6, %rd2, %rd5;
  st.global.u32 [%rd6], %r8;
  ret;
}
)";

std::vector<uint32_t> iota(size_t count) {
  std::vector<uint32_t> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = uint32_t(i * 3 + 1);
  return values;
}

void runCopy(PtxRun &run, bool right) {
  auto in = iota(512);
  uint64_t a = run.upload(in), b = run.upload(std::vector<uint32_t>(128));
  auto result = run.launch("copy", {1, 1, 1}, 128, {a, b});
  EXPECT_EQ(result.status, LaunchStatus::Ok) << result.message;
  if (!right)
    return;
  auto out = run.download<uint32_t>(b, 128);
  for (uint32_t t = 0; t < 128; ++t)
    ASSERT_EQ(out[t], in[(t + 1) % 128 * 4 + 1]);
}

} // namespace

TEST(CpAsync, Copies) {
  for (Order order : kOrders)
    for (uint64_t seed = 0; seed < 3; ++seed) {
      PtxRun run(kCopy, order, seed);
      runCopy(run, true);
      EXPECT_EQ(run.findings(), std::vector<std::string>{});
    }
}

TEST(CpAsync, MissingWaitIsFound) {
  for (Order order : kOrders) {
    PtxRun run(without(kCopy, "wait_group"), order);
    runCopy(run, false);
    EXPECT_TRUE(run.found(Kind::RaceShared)) << ::testing::PrintToString(run.findings());
  }
}

TEST(CpAsync, MissingBarrierIsFound) {
  for (Order order : kOrders) {
    PtxRun run(without(kCopy, "bar.sync"), order);
    runCopy(run, false);
    EXPECT_TRUE(run.found(Kind::RaceShared)) << ::testing::PrintToString(run.findings());
  }
}

// A source size below the copy's fills with zeroes; a predicate ignores it all.
TEST(CpAsync, FillsWithZeroes) {
  std::string text = kCopy;
  text.replace(text.find("[%rd4], 16;"), 11, "[%rd4], 16, 4;");
  PtxRun run(text);
  uint64_t a = run.upload(iota(512)), b = run.upload(std::vector<uint32_t>(128, 7));
  run.launch("copy", {1, 1, 1}, 128, {a, b});
  EXPECT_EQ(run.download<uint32_t>(b, 128), std::vector<uint32_t>(128, 0));
  EXPECT_EQ(run.findings(), std::vector<std::string>{});
}

TEST(CpAsync, OutOfBoundsIsFound) {
  PtxRun run(kCopy);
  uint64_t a = run.upload(iota(400)), b = run.upload(std::vector<uint32_t>(128));
  run.launch("copy", {1, 1, 1}, 128, {a, b});
  EXPECT_TRUE(run.found(Kind::OutOfBounds)) << ::testing::PrintToString(run.findings());
}
