// Barriers that whole warps pass without the scheduler, beside warps that come in parts,
// only arrive, or end; and accesses that rely on what an earlier one found of its
// addresses.
#include "tests/sim/machine/core/TestGpu.h"

namespace tenon::sim {
namespace {

using Kinds = std::vector<Kind>;

/// Every thread stores its number; behind `barrier` it reads that of the next warp.
std::string rotate(const std::string &barrier, unsigned threads) {
  std::string bytes = std::to_string(threads * 4);
  return kernel("k", "mov.u32 %r1, s; shl.b32 %r2, %r0, 2; add.u32 %r3, %r1, %r2; st.shared.u32 [%r3], %r0;\n" + barrier +
                         "add.u32 %r4, %r2, 128; rem.u32 %r4, %r4, " + bytes + "; add.u32 %r5, %r1, %r4;\n"
                         "ld.shared.u32 %r6, [%r5]; st.global.u32 [%rd4], %r6;\n",
                ".shared .align 4 .b8 s[" + bytes + "];\n");
}

void expectRotated(const std::string &barrier, unsigned threads) {
  for (uint64_t seed : {0, 1, 2}) {
    TestGpu gpu(rotate(barrier, threads), seed);
    uint64_t out = gpu.allocate(threads * 4);
    EXPECT_EQ(gpu.launch("k", 1, threads, {out, 0, 0}).status, LaunchStatus::Ok);
    EXPECT_EQ(gpu.kinds(), Kinds{});
    for (uint32_t i = 0; i < threads; ++i)
      ASSERT_EQ(gpu.at<uint32_t>(out)[i], (i + 32) % threads);
  }
}

TEST(Barrier, WholeWarps) { expectRotated("bar.sync 0;\n", 128); }
TEST(Barrier, TheLastWarpIsPartial) { expectRotated("bar.sync 0;\n", 112); }
TEST(Barrier, TwiceInARow) { expectRotated("bar.sync 0; bar.sync 0; bar.sync 3;\n", 256); }

TEST(Barrier, OneWarpComesInParts) {
  expectRotated("sub.u32 %r20, %r0, 40; setp.gt.u32 %p1, %r20, 8; @%p1 bra X; barrier.sync 0; bra Y;\n"
                "X: barrier.sync 0;\nY:\n", 128);
}

TEST(Barrier, TheOthersOnlyArrive) {
  // Warp 0 waits; the others give and go on: what they read is not ordered, what it reads is.
  std::string body = "setp.lt.u32 %p1, %r0, 32; @%p1 bra W; bar.arrive 0, 96; ret;\nW: bar.sync 0, 96;\n";
  TestGpu gpu(rotate(body, 96));
  uint64_t out = gpu.allocate(512);
  EXPECT_EQ(gpu.launch("k", 1, 96, {out, 0, 0}).status, LaunchStatus::Ok);
  EXPECT_EQ(gpu.kinds(), Kinds{});
  EXPECT_EQ(gpu.at<uint32_t>(out)[3], 35u);
}

TEST(Barrier, WarpsThatEndCountAsArrived) {
  TestGpu gpu(kernel("k", "setp.ge.u32 %p1, %r0, 64; @%p1 ret;\nmov.u32 %r1, s; shl.b32 %r2, %r0, 2; add.u32 %r3, %r1, %r2;\n"
                          "st.shared.u32 [%r3], %r0; bar.sync 0; xor.b32 %r4, %r2, 128; add.u32 %r5, %r1, %r4;\n"
                          "ld.shared.u32 %r6, [%r5]; st.global.u32 [%rd4], %r6;\n",
                     ".shared .align 4 .b8 s[256];\n"));
  uint64_t out = gpu.allocate(256);
  EXPECT_EQ(gpu.launch("k", 1, 128, {out, 0, 0}).status, LaunchStatus::Ok);
  EXPECT_EQ(gpu.kinds(), Kinds{});
  EXPECT_EQ(gpu.at<uint32_t>(out)[40], 8u);
}

TEST(Barrier, AMissingOneIsStillFound) {
  // The barrier orders the first stores before the loads, but nothing the loads before the last stores.
  std::string text = rotate("bar.sync 0;\n", 128);
  text.insert(text.rfind("ret;"), "st.shared.u32 [%r3], %r0;\n");
  TestGpu gpu(text);
  gpu.launch("k", 1, 128, {gpu.allocate(512), 0, 0});
  ASSERT_FALSE(gpu.kinds().empty());
  EXPECT_EQ(gpu.kinds()[0], Kind::RaceShared);
}

TEST(Barrier, DeadlockListsWholeWarps) {
  TestGpu gpu(kernel("k", "setp.lt.u32 %p1, %r0, 64; @%p1 bra A; bar.sync 1; bra E;\nA: bar.sync 2;\nE:\n"));
  LaunchResult result = gpu.launch("k", 1, 96, {0, 0, 0});
  EXPECT_EQ(result.status, LaunchStatus::Deadlock);
  EXPECT_NE(result.message.find("warp 1 waits for barrier 2 (64 of 96 threads)"), std::string::npos) << result.message;
  EXPECT_NE(result.message.find("warp 2 waits for barrier 1 (32 of 96 threads)"), std::string::npos) << result.message;
}

/// Two rounds: addresses side by side, then all alike; the second load of a round has
/// the first one's address register.
TEST(Barrier, AddressesOfTheRoundBeforeAreNotBelieved) {
  for (const std::string guard : {"", "@%p2 "}) { // the first load runs in the first round only
    TestGpu gpu(kernel("k", "mov.u64 %rd6, %rd4; mov.u32 %r9, 0; mov.u32 %r1, 0;\nL: setp.eq.u32 %p2, %r9, 0;\n" + guard +
                                "ld.global.u32 %r1, [%rd6]; ld.global.u32 %r2, [%rd6+128]; mov.u64 %rd6, %rd1;\n"
                                "add.u32 %r9, %r9, 1; setp.lt.u32 %p1, %r9, 2; @%p1 bra L; st.global.u32 [%rd5], %r2;\n"));
    std::vector<uint32_t> in(64);
    for (uint32_t i = 0; i < 64; ++i)
      in[i] = i;
    uint64_t out = gpu.allocate(128);
    EXPECT_EQ(gpu.launch("k", 1, 32, {gpu.upload(in), out, 0}).status, LaunchStatus::Ok);
    for (uint32_t i = 0; i < 32; ++i)
      ASSERT_EQ(gpu.at<uint32_t>(out)[i], 32u) << guard;
  }
}

} // namespace
} // namespace tenon::sim
