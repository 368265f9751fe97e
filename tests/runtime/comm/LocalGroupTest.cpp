// Collectives of threads against plain loops; ranks that disagree, fail or stay away.
#include "runtime/comm/LocalGroup.h"

#include "gtest/gtest.h"
#include <cstring>
#include <random>
#include <thread>

using namespace tenon;

namespace {

using Buffers = std::vector<std::vector<float>>;

/// Runs `body(rank, communicator)` on a thread for each rank; the statuses.
template <typename Body>
std::vector<Status> onAll(uint32_t ranks, double deadline, Body body) {
  LocalGroup group(ranks, std::chrono::duration<double>(deadline));
  std::vector<Status> statuses(ranks);
  std::vector<std::thread> threads;
  for (uint32_t rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      auto communicator = group.join(rank);
      statuses[rank] = body(rank, *communicator);
    });
  for (std::thread &thread : threads)
    thread.join();
  return statuses;
}

CollectiveRequest request(CollectiveKind kind, const std::vector<float> &from,
                          std::vector<float> &to) {
  bool reduces = kind == CollectiveKind::AllReduce || kind == CollectiveKind::ReduceScatter;
  return {kind,
          reduces ? Reduction::Add : Reduction::None,
          ElementType::F32,
          reinterpret_cast<const char *>(from.data()),
          reinterpret_cast<char *>(to.data()),
          int64_t(from.size() * sizeof(float)),
          int64_t(to.size() * sizeof(float))};
}

/// What rank `index` of `all` has afterwards.
std::vector<float> expected(CollectiveKind kind, const Buffers &all, uint32_t index) {
  size_t ranks = all.size(), part = all[0].size() / ranks;
  std::vector<float> result;
  if (kind == CollectiveKind::AllGather)
    for (auto &buffer : all)
      result.insert(result.end(), buffer.begin(), buffer.end());
  if (kind == CollectiveKind::AllToAll)
    for (auto &buffer : all)
      result.insert(result.end(), buffer.begin() + index * part, buffer.begin() + (index + 1) * part);
  bool scatters = kind == CollectiveKind::ReduceScatter;
  if (scatters || kind == CollectiveKind::AllReduce)
    for (size_t i = scatters ? index * part : 0; i < (scatters ? (index + 1) * part : all[0].size()); ++i) {
      float sum = all[0][i];
      for (size_t rank = 1; rank < ranks; ++rank)
        sum += all[rank][i];
      result.push_back(sum);
    }
  return result;
}

constexpr CollectiveKind kinds[] = {CollectiveKind::AllReduce, CollectiveKind::AllGather,
                                    CollectiveKind::ReduceScatter, CollectiveKind::AllToAll};

TEST(LocalGroupTest, AllKindsAndSizes) {
  std::mt19937 rng(3);
  for (uint32_t ranks : {1u, 2u, 3u, 4u, 8u})
    for (size_t size : {size_t(0), size_t(1), size_t(257), size_t(4096)})
      for (CollectiveKind kind : kinds) {
        Buffers from(ranks, std::vector<float>(size * ranks)), to(ranks);
        for (auto &buffer : from)
          for (float &value : buffer)
            value = std::normal_distribution<float>()(rng);
        auto statuses = onAll(ranks, 20, [&](uint32_t rank, Communicator &communicator) {
          to[rank].resize(expected(kind, from, rank).size());
          RankLine line = {0, 1, ranks};
          Status status;
          for (int round = 0; round < 3 && status.ok(); ++round)
            status = communicator.run(line, request(kind, from[rank], to[rank]));
          return status;
        });
        for (uint32_t rank = 0; rank < ranks; ++rank) {
          ASSERT_TRUE(statuses[rank].ok()) << statuses[rank].error().message;
          EXPECT_EQ(to[rank], expected(kind, from, rank));
        }
      }
}

TEST(LocalGroupTest, LinesOfAMeshMeetEachByItself) {
  // 2 x 3 ranks: columns are lines of stride 3.
  Buffers from(6), to(6, std::vector<float>(2));
  for (uint32_t rank = 0; rank < 6; ++rank)
    from[rank] = {float(rank)};
  onAll(6, 20, [&](uint32_t rank, Communicator &communicator) {
    return communicator.run({rank % 3, 3, 2}, request(CollectiveKind::AllGather, from[rank], to[rank]));
  });
  EXPECT_EQ(to[4], (std::vector<float>{1, 4}));
  EXPECT_EQ(to[2], (std::vector<float>{2, 5}));
}

TEST(LocalGroupTest, HalfPrecisionIsSummedInF32) {
  // 1 + 2^-8 + 2^-8 is 1 + 2^-7 only if it is rounded once.
  uint16_t one = 0x3F80, small = 0x3B80;
  const uint16_t parts[3] = {one, small, small};
  uint16_t results[3] = {};
  onAll(3, 20, [&](uint32_t rank, Communicator &communicator) {
    return communicator.run({0, 1, 3}, {CollectiveKind::AllReduce, Reduction::Add, ElementType::BF16,
                                        reinterpret_cast<const char *>(&parts[rank]),
                                        reinterpret_cast<char *>(&results[rank]), 2, 2});
  });
  for (uint16_t result : results)
    EXPECT_EQ(result, 0x3F81);
}

TEST(LocalGroupTest, NamesWhoAsksForSomethingElse) {
  std::vector<float> four(4), eight(8);
  auto statuses = onAll(2, 20, [&](uint32_t rank, Communicator &communicator) {
    auto &buffer = rank ? eight : four;
    std::vector<float> to(buffer.size());
    return communicator.run({0, 1, 2}, request(CollectiveKind::AllReduce, buffer, to));
  });
  for (const Status &status : statuses) {
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().message.find("32 bytes"), std::string::npos) << status.error().message;
  }
}

TEST(LocalGroupTest, NamesWhoFailsAndWhoStaysAway) {
  std::vector<float> from(4);
  for (bool fails : {true, false}) {
    auto statuses = onAll(3, 0.2, [&](uint32_t rank, Communicator &communicator) {
      std::vector<float> to(4);
      if (rank != 1)
        return communicator.run({0, 1, 3}, request(CollectiveKind::AllReduce, from, to));
      if (fails)
        communicator.abort("out of memory");
      return Status();
    });
    const char *said = fails ? "rank 1 failed: out of memory" : "rank 1 did not come to all_reduce";
    for (uint32_t rank : {0u, 2u}) {
      ASSERT_FALSE(statuses[rank].ok());
      EXPECT_NE(statuses[rank].error().message.find(said), std::string::npos)
          << statuses[rank].error().message;
    }
  }
}

} // namespace
