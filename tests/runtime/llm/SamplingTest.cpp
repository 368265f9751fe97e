// Choosing tokens, and texts that end an answer.
#include "runtime/llm/generate/Generator.h"

#include <cmath>
#include <gtest/gtest.h>
#include <map>

using namespace tenon;
using namespace tenon::llm;

namespace {

TokenId pick(const SamplingOptions &options, std::vector<float> scores,
             std::vector<TokenId> history = {}) {
  TokenId token = noToken;
  Status status = Sampler(options).pick(scores, history, token);
  EXPECT_TRUE(status.ok());
  return token;
}

std::map<TokenId, int> draws(SamplingOptions options, const std::vector<float> &scores) {
  std::map<TokenId, int> counts;
  Sampler sampler(options);
  for (int i = 0; i < 4000; ++i) {
    TokenId token = noToken;
    EXPECT_TRUE(sampler.pick(scores, {}, token).ok());
    ++counts[token];
  }
  return counts;
}

const std::vector<float> halves = {std::log(0.5f), std::log(0.25f), std::log(0.125f),
                                   std::log(0.125f)};

TEST(Sampler, TemperatureZeroTakesTheFirstOfTheBest) {
  EXPECT_EQ(pick({}, {1, 3, 3, 2}), 1);
  EXPECT_EQ(pick({}, {NAN, -1, NAN}), 1);
}

TEST(Sampler, RefusesRowsWithoutAFiniteScore) {
  TokenId token;
  EXPECT_FALSE(Sampler({}).pick(std::vector<float>{NAN, NAN}, {}, token).ok());
  EXPECT_FALSE(Sampler({}).pick(std::vector<float>{-INFINITY}, {}, token).ok());
}

TEST(Sampler, DrawsByProbability) {
  std::map<TokenId, int> counts = draws({.temperature = 1, .seed = 7}, halves);
  EXPECT_NEAR(counts[0], 2000, 130);
  EXPECT_NEAR(counts[1], 1000, 110);
  EXPECT_NEAR(counts[3], 500, 90);
}

TEST(Sampler, TemperatureSharpens) {
  std::map<TokenId, int> counts = draws({.temperature = 0.5, .seed = 7}, halves);
  EXPECT_NEAR(counts[0], 4000 * 0.25 / (0.25 + 0.0625 + 2 * 0.015625), 130);
}

TEST(Sampler, RulesKeepAFront) {
  EXPECT_EQ(draws({.temperature = 1, .topK = 2}, halves).size(), 2u);
  EXPECT_EQ(draws({.temperature = 1, .topP = 0.6f}, halves).size(), 2u);
  EXPECT_EQ(draws({.temperature = 1, .topP = 0}, halves).size(), 1u);
  EXPECT_EQ(draws({.temperature = 1, .minP = 0.4f}, halves).size(), 2u);
  // The entropy is 1.75 bits: a quarter's surprise of 2 is nearest.
  EXPECT_EQ(draws({.temperature = 1, .typical = 0.2f}, halves).begin()->first, 1);
}

TEST(Sampler, SameSeedSameDraws) {
  SamplingOptions options{.temperature = 1, .seed = 3};
  Sampler one(options), other(options);
  for (int i = 0; i < 100; ++i) {
    TokenId a, b;
    ASSERT_TRUE(one.pick(halves, {}, a).ok() && other.pick(halves, {}, b).ok());
    EXPECT_EQ(a, b);
  }
}

TEST(Sampler, PenaltiesPunishWhatWasThere) {
  EXPECT_EQ(pick({.repeat = 2}, {3, 2, 1}, {0}), 1);
  EXPECT_EQ(pick({.presence = 1.5f}, {3, 2, 1}, {0}), 1);
  EXPECT_EQ(pick({.frequency = 0.6f}, {3, 2, 1}, {0, 0}), 1);
  EXPECT_EQ(pick({.frequency = 0.6f, .window = 1}, {3, 2, 1}, {0, 0}), 0);
}

TEST(Sampler, NamesTheOptionOutOfRange) {
  Status status = checkSampling({.topP = 1.5f});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "top-p is 1.5, expected 0 to 1");
  EXPECT_FALSE(checkSampling({.temperature = NAN}).ok());
}

TEST(Sampler, LogProbabilities) {
  std::vector<TokenProbability> best;
  EXPECT_NEAR(logProbability(halves, 1, 2, best), std::log(0.25), 1e-6);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].id, 0);
}

TEST(StopFilter, HoldsBackWhatMayBeginAStop) {
  std::vector<std::string> stops = {"###", "STOP"};
  StopFilter filter(stops);
  EXPECT_EQ(filter.push("a #"), "a ");
  EXPECT_EQ(filter.push("#b S"), "##b ");
  EXPECT_EQ(filter.push("TOP more"), "");
  EXPECT_TRUE(filter.stopped());
}

TEST(StopFilter, GivesTheRestAtTheEnd) {
  std::vector<std::string> stops = {"###"};
  StopFilter filter(stops);
  EXPECT_EQ(filter.push("a##"), "a");
  EXPECT_EQ(filter.finish(), "##");
  EXPECT_FALSE(filter.stopped());
}

} // namespace
