// Tensor maps: what is refused, and boxes at all edges of the tensor against a
// loop over elements.
#include "sim/machine/matrix/TensorMap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

using namespace tenon::sim;

namespace {

struct Arguments {
  uint64_t dims[5] = {64, 32, 8, 4, 2};
  uint64_t strides[4] = {128, 4096, 32768, 131072};
  uint32_t box[5] = {32, 8, 2, 1, 1};
  uint32_t steps[5] = {1, 1, 1, 1, 1};
  TensorMapArguments value;
  std::byte bytes[128];
  std::string reason;

  Arguments(uint32_t rank = 2, uint32_t type = 6) {
    value = {type, rank, 0x10000, dims, strides, box, steps, 0, 0, 0, 0};
  }
  EncodeStatus encode() { return encodeTensorMap(value, bytes, reason); }
};

} // namespace

TEST(TensorMap, RoundTrip) {
  Arguments a(3);
  a.value.swizzle = 2;
  a.value.oobFill = 1;
  a.steps[2] = 2;
  ASSERT_EQ(a.encode(), EncodeStatus::Ok) << a.reason;
  TensorMap map;
  ASSERT_TRUE(decodeTensorMap(a.bytes, map));
  EXPECT_EQ(map.address, 0x10000u);
  EXPECT_EQ(map.rank, 3u);
  EXPECT_EQ(map.mode, Swizzle::Bytes64);
  EXPECT_TRUE(map.fillNaN);
  EXPECT_EQ(map.strides[0], 2u);
  EXPECT_EQ(map.strides[2], 4096u);
  EXPECT_EQ(map.boxBytes(), 2u * 32 * 8 * 1);
  ASSERT_EQ(replaceTensorMapAddress(a.bytes, 0x20000), EncodeStatus::Ok);
  ASSERT_TRUE(decodeTensorMap(a.bytes, map));
  EXPECT_EQ(map.address, 0x20000u);
  EXPECT_EQ(replaceTensorMapAddress(a.bytes, 8), EncodeStatus::Invalid);
}

TEST(TensorMap, RefusesBadArguments) {
  auto refused = [](auto change) {
    Arguments a;
    change(a);
    return a.encode() == EncodeStatus::Invalid && !a.reason.empty();
  };
  EXPECT_TRUE(refused([](Arguments &a) { a.value.rank = 0; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.value.rank = 6; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.value.dataType = 99; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.value.globalAddress = 0x10008; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.value.globalAddress = 0; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.dims[1] = 0; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.dims[0] = (uint64_t(1) << 32) + 1; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.strides[0] = 120; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.strides[0] = uint64_t(1) << 40; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.box[1] = 257; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.box[0] = 0; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.box[0] = 4; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.steps[1] = 9; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.value.swizzle = 1; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.value.globalDim = nullptr; }));
  EXPECT_TRUE(refused([](Arguments &a) { a.value.swizzle = 7; }));
  Arguments packed(2, 13);
  EXPECT_EQ(packed.encode(), EncodeStatus::NotSupported);
  std::byte zero[128] = {};
  TensorMap map;
  EXPECT_FALSE(decodeTensorMap(zero, map));
}

// Random tensors and corners: every element of the box is the tensor's, or fill.
TEST(TensorMap, BoxesAgreeWithALoop) {
  std::mt19937 draw(4);
  auto below = [&](uint32_t n) { return uint32_t(draw() % n); };
  for (int round = 0; round < 2000; ++round) {
    uint32_t rank = 1 + below(5);
    Arguments a(rank, below(2) ? 6u : 7u);
    uint32_t bytes = bytesOf(TensorElement(a.value.dataType));
    uint64_t stride = 0;
    for (uint32_t d = 0; d < rank; ++d) {
      a.dims[d] = 1 + below(d == 0 ? 70 : 6);
      a.box[d] = d == 0 ? 16 / bytes * (1 + below(3)) : 1 + below(4);
      a.steps[d] = d == 0 ? 1 : 1 + below(3);
      stride = d == 0 ? (a.dims[0] * bytes + 15) / 16 * 16 : stride * a.dims[d];
      if (d < 4)
        a.strides[d] = stride;
    }
    ASSERT_EQ(a.encode(), EncodeStatus::Ok) << a.reason;
    TensorMap map;
    ASSERT_TRUE(decodeTensorMap(a.bytes, map));
    int32_t corner[5];
    for (uint32_t d = 0; d < rank; ++d)
      corner[d] = int32_t(below(d == 0 ? 120 : 12)) - (d == 0 ? 40 : 4);
    std::vector<uint64_t> got(map.boxBytes(), 1); // address of each byte, 0 outside
    ASSERT_TRUE(visitBox(map, corner, [&](const BoxRun &run) {
      for (uint32_t i = 0; i < run.bytes; ++i)
        got.at(run.offset + i) = run.inside ? run.address + i : 0;
      return true;
    }));
    uint32_t extents[5] = {1, 1, 1, 1, 1};
    for (uint32_t d = 0; d < rank; ++d)
      extents[d] = (a.box[d] + a.steps[d] - 1) / a.steps[d];
    uint64_t index = 0;
    uint32_t i[5];
    for (i[4] = 0; i[4] < extents[4]; ++i[4])
      for (i[3] = 0; i[3] < extents[3]; ++i[3])
        for (i[2] = 0; i[2] < extents[2]; ++i[2])
          for (i[1] = 0; i[1] < extents[1]; ++i[1])
            for (i[0] = 0; i[0] < extents[0]; ++i[0]) {
              uint64_t want = 0x10000;
              for (uint32_t d = 0; d < rank && want; ++d) {
                int64_t c = corner[d] + int64_t(i[d]) * a.steps[d];
                bool in = c >= 0 && c < int64_t(a.dims[d]);
                want = in ? want + uint64_t(c) * (d == 0 ? bytes : a.strides[d - 1]) : 0;
              }
              for (uint32_t b = 0; b < bytes; ++b)
                ASSERT_EQ(got[index++], want ? want + b : 0);
            }
    ASSERT_EQ(index, got.size());
  }
}
