// mbarriers, bulk copies and proxy fences.
#include "tests/sim/machine/async/Run.h"

using namespace simtest;

namespace {

// Thread 0 brings 1 KB by a bulk copy; all wait, double it, and thread 0 sends it
// back. Two rounds, so that phases alternate.
const std::string kBulk = R"(
.version 8.0
.target sm_90
.address_size 64
.visible .entry bulk(.param .u64 pin, .param .u64 pout)
{
  .reg .pred %p<4>;
  .reg .b32 %r<20>;
  .reg .b64 %rd<10>;
  .shared .align 128 .b8 input[1024];
  .shared .align 128 .b8 output[1024];
  .shared .align 8 .b64 full;
  ld.param.u64 %rd1, [pin];
  ld.param.u64 %rd2, [pout];
  mov.u32 %r1, %tid.x;
  mov.u32 %r2, input;
  mov.u32 %r3, output;
  mov.u32 %r4, full;
  setp.ne.u32 %p1, %r1, 0;
  @%p1 bra READY;
  mbarrier.init.shared::cta.b64 [%r4], 1;
  fence.proxy.async.shared::cta;
READY:
  bar.sync 0;
  mov.u32 %r5, 0;
ROUND:
  @%p1 bra ISSUED;
  mbarrier.arrive.expect_tx.shared::cta.b64 %rd9, [%r4], 1024;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%rd1], 1024, [%r4];
ISSUED:
  bar.sync 1;
WAIT:
  mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r4], %r5;
  @!%p2 bra WAIT;
  shl.b32 %r6, %r1, 2;
  add.s32 %r7, %r2, %r6;
  ld.shared.u32 %r8, [%r7];
  shl.b32 %r8, %r8, 1;
  add.s32 %r9, %r3, %r6;
  st.shared.u32 [%r9], %r8;
  fence.proxy.async.shared::cta;
  bar.sync 2;
  @%p1 bra SENT;
  cp.async.bulk.global.shared::cta.bulk_group [%rd2], [%r3], 1024;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group 0;
SENT:
  bar.sync 3;
  add.s64 %rd1, %rd1, 1024;
  add.s64 %rd2, %rd2, 1024;
  add.s32 %r5, %r5, 1;
  setp.lt.u32 %p3, %r5, 2;
  @%p3 bra ROUND;
  ret;
}
)";

void runBulk(PtxRun &run, bool right) {
  std::vector<uint32_t> in(512);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = uint32_t(i + 5);
  uint64_t a = run.upload(in), b = run.upload(std::vector<uint32_t>(512));
  auto result = run.launch("bulk", {1, 1, 1}, 256, {a, b});
  if (!right)
    return;
  EXPECT_EQ(result.status, LaunchStatus::Ok) << result.message;
  auto out = run.download<uint32_t>(b, 512);
  for (size_t i = 0; i < 512; ++i)
    ASSERT_EQ(out[i], 2 * in[i]) << i;
}

void expectFinding(const std::string &text, std::initializer_list<Kind> kinds) {
  for (Order order : kOrders) {
    PtxRun run(text, order);
    runBulk(run, false);
    bool any = false;
    for (Kind kind : kinds)
      any |= run.found(kind);
    EXPECT_TRUE(any) << ::testing::PrintToString(run.findings());
  }
}

} // namespace

TEST(Bulk, CopiesBothWays) {
  for (Order order : kOrders)
    for (uint64_t seed = 0; seed < 3; ++seed) {
      PtxRun run(kBulk, order, seed);
      runBulk(run, true);
      EXPECT_EQ(run.findings(), std::vector<std::string>{});
    }
}

TEST(Bulk, MissingMbarrierWait) {
  std::string text = without(kBulk, "@!%p2 bra WAIT");
  text = without(text, "mbarrier.try_wait");
  expectFinding(text, {Kind::RaceShared});
}

TEST(Bulk, MissingProxyFence) {
  std::string text = kBulk;
  size_t second = text.find("fence.proxy.async", text.find("st.shared"));
  text = text.substr(0, second) + text.substr(text.find('\n', second));
  expectFinding(text, {Kind::ProxyFence});
}

TEST(Bulk, MissingBarrierBeforeSend) { expectFinding(without(kBulk, "bar.sync 2"), {Kind::RaceShared}); }

TEST(Bulk, MissingGroupWait) {
  expectFinding(without(kBulk, "bulk.wait_group"), {Kind::RaceShared});
}

TEST(Bulk, MissingInit) { expectFinding(without(kBulk, "mbarrier.init"), {Kind::Mbarrier}); }

TEST(Bulk, WrongByteCountDeadlocks) {
  std::string text = kBulk;
  text.replace(text.find("[%r4], 1024;"), 12, "[%r4], 1040;");
  expectFinding(text, {Kind::Deadlock});
}

TEST(Bulk, MisalignedSize) {
  std::string text = kBulk;
  text.replace(text.find("[%rd1], 1024,"), 13, "[%rd1], 1022,");
  expectFinding(text, {Kind::Misaligned});
}
