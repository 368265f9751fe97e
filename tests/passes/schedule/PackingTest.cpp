// The memory plan holds at sizes it was not made for, and is close to the bound
// at those it was.
#include "passes/schedule/Packing.h"

#include <gtest/gtest.h>
#include <random>

using namespace tenon;

namespace {

/// Offsets by the rule of exec.place, at other sizes.
std::vector<int64_t> place(const Packing &packing, const std::vector<int64_t> &sizes) {
  std::vector<int64_t> offsets(sizes.size());
  for (unsigned box : packing.order)
    for (unsigned below : packing.below[box])
      offsets[box] = std::max(offsets[box], offsets[below] + sizes[below]);
  return offsets;
}

std::vector<Box> randomBoxes(std::mt19937 &random, unsigned count) {
  std::vector<Box> boxes(count);
  for (unsigned i = 0; i < count; ++i) {
    boxes[i].start = i;
    boxes[i].end = i + 1 + (random() % 8 ? 0 : random() % 12);
    boxes[i].size = 64 * (1 + random() % 50);
  }
  return boxes;
}

TEST(PackingTest, BoxesThatMeetNeverOverlapAtAnySizes) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    std::vector<Box> boxes = randomBoxes(random, 60);
    Packing packing = pack(boxes);
    for (int round = 0; round < 5; ++round) {
      std::vector<int64_t> sizes;
      for (const Box &box : boxes)
        sizes.push_back(round ? 64 * (1 + random() % 1000) : box.size);
      std::vector<int64_t> offsets = place(packing, sizes);
      for (size_t a = 0; a < boxes.size(); ++a)
        for (size_t b = a + 1; b < boxes.size(); ++b)
          EXPECT_TRUE(!boxes[a].meets(boxes[b]) || offsets[a] + sizes[a] <= offsets[b] ||
                      offsets[b] + sizes[b] <= offsets[a])
              << "seed " << seed << ": " << a << " and " << b;
    }
  }
}

TEST(PackingTest, IsNotAboveWhatItFoundAndCloseToTheBound) {
  double worst = 1, total = 0;
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    std::vector<Box> boxes = randomBoxes(random, 60);
    Packing packing = pack(boxes);
    std::vector<int64_t> sizes;
    for (const Box &box : boxes)
      sizes.push_back(box.size);
    std::vector<int64_t> offsets = place(packing, sizes);
    for (size_t i = 0; i < boxes.size(); ++i)
      EXPECT_LE(offsets[i], packing.offsets[i]);
    double ratio = double(packing.size) / packing.lowerBound;
    EXPECT_GE(ratio, 1);
    worst = std::max(worst, ratio);
    total += ratio / 50;
  }
  EXPECT_LT(worst, 1.35) << "mean " << total;
  EXPECT_LT(total, 1.1);
}

TEST(PackingTest, ChainAlternatesBetweenTwoPlaces) {
  std::vector<Box> boxes;
  for (unsigned i = 0; i < 10; ++i)
    boxes.push_back({i, i + 1, 1024});
  Packing packing = pack(boxes);
  EXPECT_EQ(packing.size, 2048);
  EXPECT_EQ(packing.lowerBound, 2048);
}

TEST(PackingTest, ItsSizeAtOtherSizesIsWhatTheOrderGives) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<Box> boxes = randomBoxes(random, 40), larger = boxes;
    for (Box &box : larger)
      box.size *= 1 + random() % 3;
    for (const Packing &packing : packings(boxes)) {
      std::vector<int64_t> sizes;
      for (const Box &box : larger)
        sizes.push_back(box.size);
      std::vector<int64_t> offsets = place(packing, sizes);
      int64_t end = 0;
      for (size_t i = 0; i < larger.size(); ++i)
        end = std::max(end, offsets[i] + sizes[i]);
      EXPECT_EQ(sizeAt(packing, larger), end);
      EXPECT_LE(sizeAt(packing, boxes), packing.size);
    }
  }
}

TEST(PackingTest, SmallBoxesFillGaps) {
  // 0 and 2 are large and share memory; 1 is small and meets both.
  Packing packing = pack({{0, 1, 1024}, {1, 2, 64}, {2, 3, 1024}});
  EXPECT_EQ(packing.size, 1088);
}

} // namespace
