// Control flow under divergence, calls, warp instructions, counters.
#include "tests/sim/machine/core/TestGpu.h"

namespace tenon::sim {
namespace {

TEST(Control, SpinLockWithinAWarpAdvances) {
  TestGpu gpu(kernel("k", "L: atom.acquire.gpu.global.cas.b32 %r1, [%rd1], 0, 1; setp.ne.u32 %p1, %r1, 0; @%p1 bra L;\n"
                          "ld.global.u32 %r2, [%rd2]; add.u32 %r2, %r2, 1; st.global.u32 [%rd2], %r2;\n"
                          "atom.release.gpu.global.exch.b32 %r3, [%rd1], 0;\n"));
  std::vector<uint32_t> zero(1, 0);
  uint64_t count = gpu.upload(zero);
  EXPECT_EQ(gpu.launch("k", 3, 64, {gpu.upload(zero), count, 0}).status, LaunchStatus::Ok);
  EXPECT_EQ(*gpu.at<uint32_t>(count), 192u);
  EXPECT_TRUE(gpu.kinds().empty());
}

TEST(Control, LanesMeetAgainBehindALoop) {
  // Every lane loops tid + 1 times; behind the loop all 32 run together.
  TestGpu gpu(kernel("k", "mov.u32 %r1, 0;\nL: add.u32 %r1, %r1, 1; setp.le.u32 %p1, %r1, %r0; @%p1 bra L;\n"
                          "activemask.b32 %r2; st.global.u32 [%rd4], %r2;\n"));
  uint64_t out = gpu.allocate(128);
  gpu.launch("k", 1, 32, {out, 0, 0});
  EXPECT_EQ(gpu.at<uint32_t>(out)[0], 0xffffffffu);
}

TEST(Control, WarpSyncInBothBranches) {
  TestGpu gpu(kernel("k", "setp.lt.u32 %p1, %r0, 16; @%p1 bra A; bar.warp.sync 0xffff0000; bra E;\n"
                          "A: bar.warp.sync 0x0000ffff;\nE: st.global.u32 [%rd4], %r0;\n"));
  uint64_t out = gpu.allocate(128);
  EXPECT_EQ(gpu.launch("k", 1, 32, {out, 0, 0}).status, LaunchStatus::Ok);
  EXPECT_EQ(gpu.at<uint32_t>(out)[31], 31u);
}

TEST(Control, RecursionThroughAFunctionPointer) {
  std::string text = ".func (.param .b32 r) sum(.param .b32 n) {\n.reg .b32 %r<4>; .reg .pred %p; ld.param.u32 %r1, [n];\n"
                     "setp.eq.u32 %p, %r1, 0; @%p bra Z; sub.u32 %r2, %r1, 1;\n"
                     "{ .param .b32 x; .param .b32 y; st.param.b32 [x], %r2; call.uni (y), sum, (x); ld.param.b32 %r3, [y]; }\n"
                     "add.u32 %r3, %r3, %r1; st.param.b32 [r], %r3; ret;\nZ: st.param.b32 [r], 0; ret;\n}\n" +
                     kernel("k", "mov.u64 %rd9, sum;\n{ .param .b32 x; .param .b32 y; st.param.b32 [x], %r0;\n"
                                 "P: .callprototype (.param .b32 _) _ (.param .b32 _);\ncall (y), %rd9, (x), P; ld.param.b32 %r3, [y]; }\n"
                                 "st.global.u32 [%rd4], %r3;\n");
  TestGpu gpu(text);
  uint64_t out = gpu.allocate(128);
  EXPECT_EQ(gpu.launch("k", 1, 32, {out, 0, 0}).status, LaunchStatus::Ok);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(gpu.at<uint32_t>(out)[i], i * (i + 1) / 2);
}

TEST(Control, ShuffleVoteMatchReduce) {
  TestGpu gpu(kernel("k", "shfl.sync.bfly.b32 %r1, %r0, 1, 0x1f, 0xffffffff; setp.gt.u32 %p1, %r0, 15;\n"
                          "vote.sync.ballot.b32 %r2, %p1, 0xffffffff; and.b32 %r3, %r0, 3; match.any.sync.b32 %r4, %r3, 0xffffffff;\n"
                          "redux.sync.add.u32 %r5, %r0, 0xffffffff; shfl.sync.up.b32 %r6|%p2, %r0, 4, 0, 0xffffffff;\n"
                          "st.global.u32 [%rd4], %r1; st.global.u32 [%rd4+128], %r2; st.global.u32 [%rd4+256], %r4;\n"
                          "st.global.u32 [%rd4+384], %r5; st.global.u32 [%rd4+512], %r6;\n"));
  uint64_t out = gpu.allocate(640);
  gpu.launch("k", 1, 32, {out, 0, 0});
  const uint32_t *v = gpu.at<uint32_t>(out);
  EXPECT_EQ(v[6], 7u);
  EXPECT_EQ(v[32], 0xffff0000u);
  EXPECT_EQ(v[64 + 1], 0x22222222u);
  EXPECT_EQ(v[96], 496u);
  EXPECT_EQ(v[128 + 3], 3u);
  EXPECT_EQ(v[128 + 9], 5u);
}

TEST(Control, CountersAreExact) {
  TestGpu gpu(kernel("k", "ld.global.u32 %r1, [%rd4]; mul.wide.u32 %rd6, %r0, 128; add.u64 %rd6, %rd6, %rd2; st.global.u32 [%rd6], %r1;\n"));
  std::vector<uint32_t> in(32, 1);
  gpu.launch("k", 1, 32, {gpu.upload(in), gpu.allocate(4096), 0});
  KernelCounters c = gpu.machine->counters().all()[0];
  EXPECT_EQ(c.memory.globalSectorsRead, 4u);
  EXPECT_EQ(c.memory.globalSectorsWritten, 32u);
  uint64_t all = 0;
  for (uint64_t n : c.instructions)
    all += n;
  EXPECT_EQ(all, 7u + 4u + 1u);
  EXPECT_EQ(c.threadInstructions, all * 32);
}

TEST(Control, BankConflicts) {
  TestGpu gpu(kernel("k", "mov.u32 %r1, s; shl.b32 %r2, %r0, 7; add.u32 %r1, %r1, %r2; st.shared.u32 [%r1], %r0;\n", ".shared .align 4 .b8 s[4096];\n"));
  gpu.launch("k", 1, 32, {0, 0, 0});
  EXPECT_EQ(gpu.machine->counters().all()[0].memory.bankConflicts, 31u);
}

TEST(Control, ClusterReadsItsNeighbour) {
  TestGpu gpu(kernel("k", "mov.u32 %r1, s; mov.u32 %r2, %cluster_ctarank; st.shared.u32 [%r1], %r2;\n"
                          "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; xor.b32 %r3, %r2, 1;\n"
                          "mapa.shared::cluster.u32 %r4, %r1, %r3; ld.shared::cluster.u32 %r5, [%r4]; mul.wide.u32 %rd6, %r2, 4; add.u64 %rd6, %rd6, %rd1;\n"
                          "setp.eq.u32 %p1, %r0, 0; @%p1 st.global.u32 [%rd6], %r5; barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n",
                     ".shared .align 4 .b8 s[4];\n"));
  uint64_t out = gpu.allocate(8);
  EXPECT_EQ(gpu.launch("k", 2, 32, {out, 0, 0}, 0, 2).status, LaunchStatus::Ok);
  EXPECT_EQ(gpu.at<uint32_t>(out)[0], 1u);
  EXPECT_EQ(gpu.at<uint32_t>(out)[1], 0u);
  EXPECT_TRUE(gpu.kinds().empty());
}

TEST(Control, SameForEverySeed) {
  std::string text = kernel("k", "atom.global.add.u32 %r1, [%rd1], %r0; bar.sync 0; ld.volatile.global.u32 %r2, [%rd1];\n");
  std::string first;
  for (uint64_t seed : {0, 1, 2}) {
    TestGpu gpu(text, seed);
    std::vector<uint32_t> zero(1, 0);
    gpu.launch("k", 4, 96, {gpu.upload(zero), 0, 0});
    std::string json = gpu.machine->counters().json();
    if (first.empty())
      first = json;
    EXPECT_EQ(json, first);
  }
}

} // namespace
} // namespace tenon::sim
