// Loads and stores of every kind and of several patterns of addresses: whichever
// path of the machine an access takes, the bytes, the counters and the findings are
// those of 32 lanes checked one by one.
#include "tests/sim/machine/core/TestGpu.h"
#include <algorithm>
#include <set>

namespace tenon::sim {
namespace {

/// How an access is spelled, and how many bytes a lane it has.
struct AccessKindCase {
  const char *type, *registers;
  uint32_t bytes;
};
const AccessKindCase kindCases[] = {
    {"u8", "%h1", 1}, {"u16", "%h1", 2}, {"u32", "%r10", 4}, {"u64", "%rd20", 8},
    {"v2.u32", "{%r10,%r11}", 8}, {"v4.u32", "{%r10,%r11,%r12,%r13}", 16}, {"v2.u64", "{%rd20,%rd21}", 16}};

/// Lane %r0's place, in accesses; the same in C++; and what else guards it.
struct Pattern {
  const char *name, *text;
  uint32_t (*place)(uint32_t lane);
};
const Pattern patterns[] = {
    {"side by side", "mov.u32 %r1, %r0;", [](uint32_t l) { return l; }},
    {"every third", "mul.lo.u32 %r1, %r0, 3;", [](uint32_t l) { return 3 * l; }},
    {"reversed", "sub.u32 %r1, 31, %r0;", [](uint32_t l) { return 31 - l; }},
    {"one for all", "mov.u32 %r1, 9;", [](uint32_t) { return 9u; }},
    {"pairs", "shr.u32 %r1, %r0, 1;", [](uint32_t l) { return l / 2; }},
    {"blocks of eight", "shr.u32 %r1, %r0, 3; mul.lo.u32 %r1, %r1, 8;", [](uint32_t l) { return l / 8 * 8; }}};

constexpr uint32_t placeCount = 96; // accesses that patterns reach

std::string number(uint64_t n) { return std::to_string(n); }

/// %rd10 = base + place * bytes.
std::string addressOf(const AccessKindCase &kind, const Pattern &pattern, const char *base) {
  return std::string(pattern.text) + " mul.wide.u32 %rd10, %r1, " + number(kind.bytes) + "; add.u64 %rd10, %rd10, " + base + ";\n";
}

/// Loads by the pattern (under `guard`, if any) and stores side by side to b.
std::string copyGlobal(const AccessKindCase &kind, const Pattern &pattern, uint32_t offset, const std::string &guard) {
  std::string type = kind.type, registers = kind.registers;
  return kernel("k", addressOf(kind, pattern, "%rd1") + "and.b32 %r2, %r0, 1; setp.eq.u32 %p1, %r2, 0; setp.lt.u32 %p2, %r0, 99;\n" +
                         "mul.wide.u32 %rd11, %r0, " + number(kind.bytes) + "; add.u64 %rd11, %rd11, %rd2;\n" + guard +
                         "ld.global." + type + " " + registers + ", [%rd10+" + number(offset) + "];\n" + guard +
                         "st.global." + type + " [%rd11], " + registers + ";\n");
}

std::vector<uint8_t> someBytes(size_t count) {
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; ++i)
    bytes[i] = uint8_t(i * 37 + (i >> 8) * 11);
  return bytes;
}

uint64_t sectorsOf(const AccessKindCase &kind, const Pattern &pattern, uint64_t base, uint32_t lanes) {
  std::set<uint64_t> sectors;
  for (uint32_t lane = 0; lane < 32; ++lane)
    for (uint32_t b = 0; b < kind.bytes && lanes >> lane & 1; ++b)
      sectors.insert((base + pattern.place(lane) * kind.bytes + b) / 32);
  return sectors.size();
}

TEST(Access, GlobalCopiesOfEveryKind) {
  struct Guard {
    const char *text;
    uint32_t lanes;
  };
  const Guard guards[] = {{"", ~0u}, {"@%p2 ", ~0u}, {"@%p1 ", 0x55555555}};
  for (const AccessKindCase &kind : kindCases)
    for (const Pattern &pattern : patterns)
      for (uint32_t offset : {0u, kind.bytes, 5 * kind.bytes})
        for (const Guard &guard : guards) {
          SCOPED_TRACE(std::string(kind.type) + ", " + pattern.name + " from " + number(offset) + " " + guard.text);
          TestGpu gpu(copyGlobal(kind, pattern, offset, guard.text));
          auto bytes = someBytes(placeCount * kind.bytes + 256);
          uint64_t from = gpu.upload(bytes), to = gpu.allocate(32 * kind.bytes);
          ASSERT_EQ(gpu.launch("k", 1, 32, {from, to, 0}).status, LaunchStatus::Ok);
          EXPECT_TRUE(gpu.kinds().empty());
          for (uint32_t lane = 0; lane < 32; ++lane)
            if (guard.lanes >> lane & 1)
              for (uint32_t b = 0; b < kind.bytes; ++b)
                EXPECT_EQ(gpu.at<uint8_t>(to)[lane * kind.bytes + b], bytes[offset + pattern.place(lane) * kind.bytes + b]);
          MemoryCounters c = gpu.machine->counters().all()[0].memory;
          uint64_t active = unsigned(__builtin_popcount(guard.lanes));
          EXPECT_EQ(c.globalRequests, 2u);
          EXPECT_EQ(c.globalBytesRead, active * kind.bytes);
          EXPECT_EQ(c.globalBytesWritten, active * kind.bytes);
          EXPECT_EQ(c.globalSectorsRead, sectorsOf(kind, pattern, from + offset, guard.lanes));
          EXPECT_EQ(c.globalSectorsWritten, sectorsOf(kind, patterns[0], to, guard.lanes));
        }
}

TEST(Access, UnsetBytesAreFoundInEveryKind) {
  for (const AccessKindCase &kind : kindCases)
    for (const Pattern &pattern : {patterns[0], patterns[1], patterns[2]}) {
      SCOPED_TRACE(std::string(kind.type) + ", " + pattern.name);
      TestGpu gpu(copyGlobal(kind, pattern, 0, ""));
      uint64_t from = gpu.allocate(placeCount * kind.bytes), to = gpu.allocate(32 * kind.bytes);
      uint64_t missing = pattern.place(7) * kind.bytes, zero = 0;
      Memory &memory = gpu.machine->memory();
      memory.fill(from, &zero, 1, missing);
      memory.fill(from + missing + kind.bytes, &zero, 1, (placeCount - 1) * kind.bytes - missing);
      gpu.launch("k", 1, 32, {from, to, 0});
      EXPECT_EQ(memory.firstUninitialised(to, 32 * kind.bytes), to + 7 * kind.bytes);
      EXPECT_EQ(memory.firstUninitialised(to + 8 * kind.bytes, 24 * kind.bytes), std::nullopt);
    }
}

TEST(Access, OneLaneOutOfBounds) {
  for (const AccessKindCase &kind : kindCases)
    for (const Pattern &pattern : {patterns[0], patterns[1]}) {
      SCOPED_TRACE(std::string(kind.type) + ", " + pattern.name);
      TestGpu gpu(copyGlobal(kind, pattern, 0, ""));
      uint64_t from = gpu.upload(someBytes(pattern.place(31) * kind.bytes)), to = gpu.allocate(32 * kind.bytes);
      EXPECT_EQ(gpu.launch("k", 1, 32, {from, to, 0}).status, LaunchStatus::IllegalAddress);
      ASSERT_EQ(gpu.kinds(), std::vector<Kind>{Kind::OutOfBounds});
      EXPECT_EQ(gpu.machine->findings().sorted()[0].thread[0], 31u);
    }
}

/// Two warps store by the pattern to halves of their own; each then loads what the
/// other stored, after `between`.
std::string exchangeShared(const AccessKindCase &kind, const Pattern &pattern, const std::string &between) {
  std::string type = kind.type, registers = kind.registers, half = number(placeCount * kind.bytes);
  std::string data = "mov.b16 %h1, 3; mov.u32 %r10, %r0; mov.u32 %r11, 1; mov.u32 %r12, 2; mov.u32 %r13, 3;"
                     "mov.u64 %rd20, 4; mov.u64 %rd21, 5;\n";
  return kernel("k", "mov.u32 %r20, %r0; shr.u32 %r21, %r0, 5; and.b32 %r0, %r0, 31;" + std::string(pattern.text) +
                         "mul.lo.u32 %r2, %r1, " + number(kind.bytes) + "; mov.u32 %r3, s; add.u32 %r2, %r2, %r3;\n" +
                         "mad.lo.u32 %r4, %r21, " + half + ", %r2; xor.b32 %r22, %r21, 1; mad.lo.u32 %r5, %r22, " + half + ", %r2;\n" +
                         data + "st.shared." + type + " [%r4], " + registers + ";\n" + between + "ld.shared." + type + " " + registers +
                         ", [%r5];\nld.shared." + type + " " + registers + ", [%r5];\n",
                ".shared .align 16 .b8 s[" + number(2 * placeCount * kind.bytes) + "];\n");
}

uint64_t conflictsOf(const AccessKindCase &kind, const Pattern &pattern) {
  uint32_t lanesPerPhase = kind.bytes <= 4 ? 32 : 128 / kind.bytes, extra = 0;
  for (uint32_t first = 0; first < 32; first += lanesPerPhase) {
    std::set<uint32_t> words;
    for (uint32_t lane = first; lane < first + lanesPerPhase; ++lane)
      for (uint32_t b = 0; b < kind.bytes; ++b)
        words.insert((pattern.place(lane) * kind.bytes + b) / 4);
    uint32_t perBank[32] = {};
    for (uint32_t word : words)
      ++perBank[word % 32];
    extra += std::max(*std::max_element(perBank, perBank + 32), 1u) - 1;
  }
  return extra;
}

TEST(Access, SharedExchangesOfEveryKind) {
  for (const AccessKindCase &kind : kindCases)
    for (const Pattern &pattern : patterns)
      for (uint64_t seed : {0, 3}) {
        SCOPED_TRACE(std::string(kind.type) + ", " + pattern.name);
        TestGpu gpu(exchangeShared(kind, pattern, "bar.sync 0;\n"), seed);
        ASSERT_EQ(gpu.launch("k", 1, 64, {0, 0, 0}).status, LaunchStatus::Ok);
        EXPECT_TRUE(gpu.kinds().empty());
        MemoryCounters c = gpu.machine->counters().all()[0].memory;
        EXPECT_EQ(c.sharedBytesWritten, 64 * kind.bytes);
        EXPECT_EQ(c.sharedBytesRead, 2 * 64 * kind.bytes);
        EXPECT_EQ(c.bankConflicts, 6 * conflictsOf(kind, pattern));
      }
}

TEST(Access, SharedRacesOfEveryKind) {
  for (const AccessKindCase &kind : kindCases)
    for (const Pattern &pattern : patterns) {
      SCOPED_TRACE(std::string(kind.type) + ", " + pattern.name);
      TestGpu gpu(exchangeShared(kind, pattern, ""));
      gpu.launch("k", 1, 64, {0, 0, 0});
      std::vector<Kind> kinds = gpu.kinds();
      EXPECT_TRUE(std::count(kinds.begin(), kinds.end(), Kind::RaceShared)) << kinds.size();
    }
}

/// Warp 0 stores by the pattern; then (or at once) warp 1 loads the same.
std::string handOver(const AccessKindCase &kind, const Pattern &pattern, const std::string &between) {
  std::string type = kind.type, registers = kind.registers;
  return kernel("k", "mov.u32 %r20, %r0; and.b32 %r0, %r0, 31;" + addressOf(kind, pattern, "%rd1") +
                         "mov.b16 %h1, 3; mov.u32 %r10, 5; mov.u32 %r11, 1; mov.u32 %r12, 2; mov.u32 %r13, 3;"
                         "mov.u64 %rd20, 4; mov.u64 %rd21, 5; setp.ge.u32 %p1, %r20, 32;\n@%p1 bra WAIT;\nst.global." +
                         type + " [%rd10], " + registers + ";\nWAIT:\n" + between + "@!%p1 bra DONE;\nld.global." + type +
                         " " + registers + ", [%rd10];\nDONE:\n");
}

TEST(Access, GlobalRacesOfEveryKind) {
  for (const AccessKindCase &kind : kindCases)
    for (const Pattern &pattern : patterns) {
      SCOPED_TRACE(std::string(kind.type) + ", " + pattern.name);
      TestGpu racy(handOver(kind, pattern, ""));
      racy.launch("k", 1, 64, {racy.allocate(placeCount * kind.bytes), 0, 0});
      EXPECT_EQ(racy.kinds(), std::vector<Kind>{Kind::RaceGlobal});
      TestGpu ordered(handOver(kind, pattern, "bar.sync 0;\n"));
      ordered.launch("k", 1, 64, {ordered.allocate(placeCount * kind.bytes), 0, 0});
      EXPECT_TRUE(ordered.kinds().empty());
    }
}

TEST(Access, GenericAddressesReachGlobalAndShared) {
  TestGpu gpu(kernel("k", "ld.u32 %r1, [%rd4]; mov.u64 %rd6, s; cvta.shared.u64 %rd6, %rd6; add.u64 %rd6, %rd6, %rd0;"
                          "st.u32 [%rd6], %r1; ld.u32 %r2, [%rd6]; st.u32 [%rd5], %r2;\n",
                     ".shared .align 4 .b8 s[128];\n"));
  std::vector<uint32_t> values(32, 77);
  uint64_t from = gpu.upload(values), to = gpu.allocate(128);
  ASSERT_EQ(gpu.launch("k", 1, 32, {from, to, 0}).status, LaunchStatus::Ok);
  EXPECT_TRUE(gpu.kinds().empty());
  EXPECT_EQ(gpu.at<uint32_t>(to)[31], 77u);
  MemoryCounters c = gpu.machine->counters().all()[0].memory;
  EXPECT_EQ(c.globalBytesRead, 128u);
  EXPECT_EQ(c.sharedBytesRead, 128u);
}

/// Memory that is freed and taken again between launches has no past, and its old
/// bounds are forgotten by warps.
TEST(Access, FreedBetweenLaunches) {
  TestGpu gpu(kernel("k", "st.global.u32 [%rd4], %r0;\n"));
  uint64_t first = gpu.allocate(128);
  EXPECT_EQ(gpu.launch("k", 1, 32, {first, 0, 0}).status, LaunchStatus::Ok);
  gpu.machine->memory().release(first);
  EXPECT_EQ(gpu.launch("k", 1, 32, {first, 0, 0}).status, LaunchStatus::IllegalAddress);
  EXPECT_EQ(gpu.kinds(), std::vector<Kind>{Kind::Freed});
}

TEST(Access, ParametersBesideSharedVariablesOfTheKernel) {
  // The first parameter's number is also that of the shared variable.
  TestGpu gpu(kernel("k", "mov.b64 %rd6, a; ld.param.u64 %rd7, [%rd6+8]; cvta.param.u64 %rd8, %rd6; ld.u64 %rd9, [%rd8+16];\n"
                          "st.global.u64 [%rd1], %rd7; st.global.u64 [%rd1+8], %rd9;\n",
                     ".shared .align 8 .b8 s[64];\n"));
  uint64_t out = gpu.allocate(16);
  EXPECT_EQ(gpu.launch("k", 1, 1, {out, 11, 22}).status, LaunchStatus::Ok);
  EXPECT_EQ(gpu.at<uint64_t>(out)[0], 11u);
  EXPECT_EQ(gpu.at<uint64_t>(out)[1], 22u);
}

} // namespace
} // namespace tenon::sim
