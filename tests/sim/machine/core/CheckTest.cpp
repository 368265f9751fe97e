// Each check finds what it is for, at the right line, and nothing on the correct
// version of the same kernel.
#include "tests/sim/machine/core/TestGpu.h"

namespace tenon::sim {
namespace {

using Kinds = std::vector<Kind>;

/// One warp writes, the other reads after `between`.
std::string exchange(const std::string &between) {
  return kernel("k",
                "mov.u32 %r1, s; shl.b32 %r2, %r0, 2; add.u32 %r3, %r1, %r2; st.shared.u32 [%r3], %r0;\n" + between +
                    "xor.b32 %r4, %r2, 128; add.u32 %r5, %r1, %r4; ld.shared.u32 %r6, [%r5]; st.global.u32 [%rd4], %r6;\n",
                ".shared .align 4 .b8 s[256];\n");
}

TEST(Check, SharedRaceWithoutBarrier) {
  TestGpu gpu(exchange(""));
  gpu.launch("k", 1, 64, {gpu.allocate(256), 0, 0});
  // The second warp's store meets the first one's load, its load the other's store.
  EXPECT_EQ(gpu.kinds(), (Kinds{Kind::RaceShared, Kind::RaceShared}));
}

TEST(Check, NoSharedRaceWithBarrier) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    TestGpu gpu(exchange("bar.sync 0;\n"), seed);
    uint64_t out = gpu.allocate(256);
    EXPECT_EQ(gpu.launch("k", 1, 64, {out, 0, 0}).status, LaunchStatus::Ok);
    EXPECT_EQ(gpu.kinds(), Kinds{});
    EXPECT_EQ(gpu.at<uint32_t>(out)[5], 37u);
  }
}

TEST(Check, OutOfBoundsNamesTheAllocation) {
  TestGpu gpu(kernel("k", "st.global.u32 [%rd4], %r0;\n"));
  LaunchResult result = gpu.launch("k", 1, 32, {gpu.allocate(124), 0, 0});
  EXPECT_EQ(result.status, LaunchStatus::IllegalAddress);
  ASSERT_EQ(gpu.kinds(), Kinds{Kind::OutOfBounds});
  Finding finding = gpu.machine->findings().sorted()[0];
  EXPECT_EQ(finding.thread[0], 31u);
  EXPECT_NE(finding.message.find("buffer of 124 bytes"), std::string::npos) << finding.message;
}

TEST(Check, FreedMemoryIsToldApart) {
  TestGpu gpu(kernel("k", "st.global.u32 [%rd4], %r0;\n"));
  uint64_t freed = gpu.allocate(128);
  EXPECT_EQ(gpu.machine->memory().release(freed), FreeResult::Ok);
  EXPECT_EQ(gpu.machine->memory().release(freed), FreeResult::AlreadyFreed);
  gpu.launch("k", 1, 32, {freed, 0, 0});
  EXPECT_EQ(gpu.kinds(), Kinds{Kind::Freed});
}

TEST(Check, Misaligned) {
  TestGpu gpu(kernel("k", "add.u64 %rd6, %rd1, 2; ld.global.u32 %r1, [%rd6];\n"));
  EXPECT_EQ(gpu.launch("k", 1, 32, {gpu.allocate(128), 0, 0}).status, LaunchStatus::MisalignedAddress);
  EXPECT_EQ(gpu.kinds(), Kinds{Kind::Misaligned});
}

TEST(Check, UnsetMemoryMattersAsCondition) {
  std::string text = kernel("branch", "ld.global.u32 %r1, [%rd4]; setp.eq.u32 %p1, %r1, 5; @%p1 bra L; st.global.u32 [%rd5], %r0;\nL:\n");
  TestGpu gpu(text);
  gpu.launch("branch", 1, 32, {gpu.allocate(128), gpu.allocate(128), 0});
  EXPECT_EQ(gpu.kinds(), Kinds{Kind::UninitialisedMemory});
}

TEST(Check, UnsetMemoryMayBeCopiedAndStaysUnset) {
  TestGpu gpu(kernel("copy", "ld.global.u32 %r1, [%rd4]; add.u32 %r1, %r1, 1; st.global.u32 [%rd5], %r1;\n"));
  uint64_t from = gpu.allocate(128), to = gpu.allocate(128);
  gpu.launch("copy", 1, 32, {from, to, 0});
  EXPECT_EQ(gpu.kinds(), Kinds{});
  EXPECT_EQ(gpu.machine->memory().firstUninitialised(to, 128), to);
}

TEST(Check, RaceBetweenBlocks) {
  std::string text = kernel("plain", "mov.u32 %r1, %ctaid.x; st.global.u32 [%rd1], %r1;\n") +
                     kernel("atomic", "atom.global.add.u32 %r1, [%rd1], 1;\n");
  TestGpu gpu(text);
  std::vector<uint32_t> zero(1, 0);
  uint64_t word = gpu.upload(zero);
  gpu.launch("atomic", 8, 32, {word, 0, 0});
  EXPECT_EQ(gpu.kinds(), Kinds{});
  EXPECT_EQ(*gpu.at<uint32_t>(word), 256u);
  gpu.launch("plain", 8, 32, {word, 0, 0});
  EXPECT_EQ(gpu.kinds(), Kinds{Kind::RaceGlobal});
}

/// Block 0 hands a value to block 1 through a flag; fences as given.
std::string handOver(const std::string &release, const std::string &acquire) {
  return kernel("k", "mov.u32 %r1, %ctaid.x; setp.ne.u32 %p1, %r1, 0; setp.ne.u32 %p2, %r0, 0; @%p2 ret; @%p1 bra TAKE;\n"
                     "st.global.u32 [%rd1], 42;\n" + release + "st.relaxed.gpu.global.u32 [%rd2], 1; ret;\nTAKE:\n"
                     "ld.relaxed.gpu.global.u32 %r2, [%rd2]; setp.eq.u32 %p3, %r2, 0; @%p3 bra TAKE;\n" + acquire +
                     "ld.global.u32 %r3, [%rd1]; st.global.u32 [%rd3], %r3;\n");
}

TEST(Check, HandOverNeedsBothFences) {
  const std::string fence = "fence.acq_rel.gpu;\n";
  for (auto [release, acquire, racy] : {std::tuple(fence, fence, false), std::tuple(std::string(), fence, true),
                                        std::tuple(fence, std::string(), true)}) {
    TestGpu gpu(handOver(release, acquire));
    std::vector<uint32_t> zero(1, 0);
    uint64_t out = gpu.allocate(4);
    EXPECT_EQ(gpu.launch("k", 2, 32, {gpu.upload(zero), gpu.upload(zero), out}).status, LaunchStatus::Ok);
    EXPECT_EQ(gpu.kinds(), racy ? Kinds{Kind::RaceGlobal} : Kinds{});
    EXPECT_EQ(*gpu.at<uint32_t>(out), 42u);
  }
}

TEST(Check, DeadlockSaysWhoWaits) {
  TestGpu gpu(kernel("k", "setp.lt.u32 %p1, %r0, 32; @%p1 bra A; bar.sync 1, 64; bra E;\nA: bar.sync 2, 64;\nE:\n"));
  LaunchResult result = gpu.launch("k", 1, 64, {0, 0, 0});
  EXPECT_EQ(result.status, LaunchStatus::Deadlock);
  EXPECT_NE(result.message.find("barrier 2 (32 of 64 threads)"), std::string::npos) << result.message;
}

TEST(Check, BarrierDivergence) {
  TestGpu gpu(kernel("k", "setp.lt.u32 %p1, %r0, 7; @%p1 bra A; bar.sync 0; bra E;\nA: bar.sync 0;\nE:\n"));
  gpu.launch("k", 1, 32, {0, 0, 0});
  EXPECT_EQ(gpu.kinds(), Kinds{Kind::Barrier});
}

TEST(Check, LeaksAreReported) {
  TestGpu gpu(kernel("k", ""));
  gpu.allocate(100);
  gpu.machine->reportLeaks();
  EXPECT_EQ(gpu.kinds(), Kinds{Kind::Leak});
}

TEST(Check, LaunchLimits) {
  TestGpu gpu(kernel("k", ""));
  EXPECT_EQ(gpu.launch("k", 1, 1025, {0, 0, 0}).status, LaunchStatus::InvalidConfiguration);
  EXPECT_EQ(gpu.launch("k", 0, 32, {0, 0, 0}).status, LaunchStatus::InvalidConfiguration);
  EXPECT_EQ(gpu.launch("k", 1, 32, {0, 0, 0}, 1 << 20).status, LaunchStatus::InvalidConfiguration);
  EXPECT_EQ(gpu.launch("k", 3, 32, {0, 0, 0}, 0, 2).status, LaunchStatus::InvalidConfiguration);
}

} // namespace
} // namespace tenon::sim
