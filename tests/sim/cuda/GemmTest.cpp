// The products of gemm.cu and gemm_sm90.cu as nvcc compiled them at -O3.
#include "sim/machine/matrix/Element.h"
#include "sim/machine/matrix/TensorMap.h"
#include "tests/sim/cuda/PtxFiles.h"

using namespace simtest;

namespace {

constexpr int kM = 64, kN = 128, kK = 96;

struct Product {
  std::vector<float> a, b, want;
  std::vector<uint16_t> ha, hb, hbT;

  Product() : a(kM * kK), b(kK * kN), want(kM * kN), ha(a.size()), hb(b.size()), hbT(b.size()) {
    uint32_t state = 17;
    for (float &x : a)
      x = coarse(state);
    for (float &x : b)
      x = coarse(state);
    for (size_t i = 0; i < a.size(); ++i)
      ha[i] = roundToHalf(a[i]);
    for (int k = 0; k < kK; ++k)
      for (int n = 0; n < kN; ++n)
        hb[size_t(k * kN + n)] = hbT[size_t(n * kK + k)] = roundToHalf(b[size_t(k * kN + n)]);
    for (int m = 0; m < kM; ++m)
      for (int n = 0; n < kN; ++n)
        for (int k = 0; k < kK; ++k)
          want[size_t(m * kN + n)] += a[size_t(m * kK + k)] * b[size_t(k * kN + n)];
  }
};

LaunchResult runMma(PtxRun &run, bool compare) {
  static const Product p;
  uint64_t a = run.upload(p.ha), b = run.upload(p.hbT), c = run.upload(p.want);
  Parameters parameters;
  parameters.add(a).add(b).add(c).add(kN).add(kK);
  auto result = run.launchBytes("_Z7gemmMmaPK6__halfS1_Pfii", {kN / 64, kM / 64, 1}, 128,
                                parameters.bytes);
  if (compare) {
    EXPECT_EQ(run.download<float>(c, p.want.size()), p.want);
  }
  return result;
}

LaunchResult runWmma(PtxRun &run, bool compare) {
  static const Product p;
  std::vector<float> twice = p.want;
  for (float &x : twice)
    x *= 2;
  uint64_t a = run.upload(p.ha), b = run.upload(p.hb), c = run.upload(p.want);
  Parameters parameters;
  parameters.add(a).add(b).add(c).add(kN).add(kK);
  auto result = run.launchBytes("_Z8gemmWmmaPK6__halfS1_Pfii", {kN / 64, kM / 16, 1}, 128,
                                parameters.bytes);
  if (compare) {
    EXPECT_EQ(run.download<float>(c, twice.size()), twice);
  }
  return result;
}

constexpr int kM9 = 256, kN9 = 128, kK9 = 320;

std::array<std::byte, 128> encode(uint64_t address, uint64_t rows, uint64_t columns,
                                  uint32_t boxRows) {
  uint64_t dims[] = {columns, rows}, strides[] = {columns * 2};
  uint32_t box[] = {64, boxRows}, steps[] = {1, 1};
  TensorMapArguments arguments = {9, 2, address, dims, strides, box, steps, 0, 3, 0, 0};
  std::array<std::byte, 128> map;
  std::string reason;
  EXPECT_EQ(encodeTensorMap(arguments, map, reason), EncodeStatus::Ok) << reason;
  return map;
}

LaunchResult runHopper(PtxRun &run, bool compare) {
  uint32_t state = 31;
  std::vector<float> a(kM9 * kK9), b(kN9 * kK9), c(kM9 * kN9);
  std::vector<uint16_t> ha, hb;
  // Eighths, so that bf16 holds them and sums are exact.
  for (float &x : a)
    ha.push_back(brain(x = float(int(next(state) % 64) - 32) / 8));
  for (float &x : b)
    hb.push_back(brain(x = float(int(next(state) % 64) - 32) / 8));
  uint64_t da = run.upload(ha), db = run.upload(hb), dc = run.upload(c);
  Parameters parameters;
  parameters.add(encode(da, kM9, kK9, 128), 128).add(encode(db, kN9, kK9, 64), 128);
  parameters.add(dc).add(kN9).add(kK9);
  auto result = run.launchBytes("_Z4gemm14CUtensorMap_stS_Pfii", {kN9 / 64, kM9 / 128, 1}, 384,
                                parameters.bytes, 3 * (128 + 64) * 64 * 2 + 2048);
  if (!compare)
    return result;
  auto got = run.download<float>(dc, c.size());
  for (int m = 0; m < kM9; ++m)
    for (int n = 0; n < kN9; ++n) {
      float want = 0;
      for (int k = 0; k < kK9; ++k)
        want += a[size_t(m * kK9 + k)] * b[size_t(n * kK9 + k)];
      if (got[size_t(m * kN9 + n)] != want) {
        ADD_FAILURE() << m << ", " << n << ": " << got[size_t(m * kN9 + n)] << " for " << want;
        return result;
      }
    }
  return result;
}

} // namespace

TEST(GemmPtx, MmaSync) { inEveryOrder(ptxFile("gemm"), "a100", runMma); }
TEST(GemmPtx, Wmma) { inEveryOrder(ptxFile("gemm"), "a100", runWmma); }
TEST(GemmPtx, WarpSpecialised) { inEveryOrder(ptxFile("gemm_sm90"), "h100", runHopper); }

TEST(GemmPtx, MmaSyncMutants) {
  std::string text = ptxFile("gemm");
  size_t kernel = text.find(".visible .entry _Z7gemmMma");
  std::string head = text.substr(0, kernel), body = text.substr(kernel);
  for (const char *what : {"cp.async.wait_group", "bar.sync"})
    expectFound(head + mutate(body, what), "a100", {Kind::RaceShared}, runMma, what);
}

TEST(GemmPtx, WarpSpecialisedMutants) {
  std::string text = ptxFile("gemm_sm90");
  expectFound(mutate(text, "wgmma.wait_group"), "h100", {Kind::RaceShared,
              Kind::UninitialisedRegister}, runHopper, "wgmma.wait_group");
  expectFound(mutate(text, "wgmma.fence"), "h100", {Kind::UninitialisedRegister}, runHopper,
              "wgmma.fence");
}
