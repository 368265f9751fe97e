// Tokenizers: damaged files, long pieces, streaming. What they give is compared with
// Hugging Face's by tokenizers_test.py.
#include "runtime/llm/tokenizer/Tokenizer.h"

#include <cstring>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace tenon;
using namespace tenon::llm;
using Json = nlohmann::json;

namespace {

/// A byte-level model of a, b, ab, abab, the bytes of é, and <end>.
Json small() {
  return {
      {"added_tokens", Json::array({{{"id", 6}, {"content", "<end>"}, {"special", true}}})},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
      {"model",
       {{"type", "BPE"},
        {"vocab", {{"a", 0}, {"b", 1}, {"ab", 2}, {"abab", 3}, {"Ã", 4}, {"©", 5}}},
        {"merges", Json::array({"a b", "ab ab"})}}}};
}

std::string messageOf(const Json &json) {
  Tokenizer tokenizer;
  Status status = Tokenizer::fromJson(json.dump(), tokenizer);
  return status.ok() ? "" : status.error().message;
}

struct TokenizerTest : ::testing::Test {
  void SetUp() override { ASSERT_TRUE(Tokenizer::fromJson(small().dump(), tokenizer).ok()); }
  Tokenizer tokenizer;
};

TEST_F(TokenizerTest, MergesByRankAndFindsSpecialTokens) {
  EXPECT_EQ(tokenizer.encode("abababa"), (std::vector<TokenId>{3, 2, 0}));
  EXPECT_EQ(tokenizer.encode("a<end>b"), (std::vector<TokenId>{0, 6, 1}));
  EXPECT_EQ(tokenizer.decode({0, 6, 1}), "ab");
  EXPECT_EQ(tokenizer.decode({0, 6, 1}, false), "a<end>b");
  EXPECT_EQ(tokenizer.encode("<end>", {false, false}),
            std::vector<TokenId>()); // none of its bytes is known
}

TEST_F(TokenizerTest, LongPiecesMergeAsShortOnes) {
  std::string text;
  for (int i = 0; i < 100001; ++i)
    text += "ab";
  std::vector<TokenId> ids = tokenizer.encode(text);
  ASSERT_EQ(ids.size(), 50001u);
  EXPECT_EQ(ids.front(), 3);
  EXPECT_EQ(ids.back(), 2);
}

TEST_F(TokenizerTest, StreamsWholeCharacters) {
  StreamDecoder stream(tokenizer);
  EXPECT_EQ(stream.push(0), "a");
  EXPECT_EQ(stream.push(4), "");
  EXPECT_EQ(stream.push(5), "é");
  EXPECT_EQ(stream.push(4), "");
  EXPECT_EQ(stream.push(0), "\xEF\xBF\xBD"
                            "a");
  EXPECT_EQ(stream.push(4), "");
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.push(99), "");
  EXPECT_EQ(tokenizer.decode({-1, 99, 0}), "a");
}

TEST_F(TokenizerTest, ReplacesMaximalInvalidParts) {
  EXPECT_EQ(replaceInvalid("a\xF0\x9F\x98z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(replaceInvalid("\xE0\x80\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(replaceInvalid("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(replaceInvalid("\xFF\xFE"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_F(TokenizerTest, RefusesWhatItDoesNotUnderstand) {
  auto changed = [](auto change) {
    Json json = small();
    change(json);
    return messageOf(json);
  };
  EXPECT_EQ(changed([](Json &j) { j["model"]["type"] = "Magic"; }),
            "tokenizer: model type 'Magic' is not supported, expected BPE");
  EXPECT_NE(changed([](Json &j) { j["normalizer"] = {{"type", "Lowercase"}}; }).find("'Lowercase'"),
            std::string::npos);
  EXPECT_NE(
      changed([](Json &j) { j["pre_tokenizer"] = {{"type", "Metaspace"}}; }).find("'Metaspace'"),
      std::string::npos);
  EXPECT_NE(changed([](Json &j) { j["pre_tokenizer"] = Json(); }).find("'none'"),
            std::string::npos);
  EXPECT_NE(changed([](Json &j) { j["model"]["merges"].push_back("a z"); }).find("merge 2"),
            std::string::npos);
  EXPECT_NE(changed([](Json &j) { j["model"]["merges"].push_back("ab"); }).find("two parts"),
            std::string::npos);
  EXPECT_NE(changed([](Json &j) { j["model"]["vocab"]["c"] = 1 << 30; }).find("1073741824"),
            std::string::npos);
  EXPECT_NE(changed([](Json &j) { j["model"]["vocab"]["c"] = -1; }).find("-1"), std::string::npos);
  EXPECT_NE(changed([](Json &j) { j["model"]["vocab"] = 3; }), "");
  EXPECT_NE(changed([](Json &j) { j.erase("model"); }), "");
  Tokenizer tokenizer;
  EXPECT_FALSE(Tokenizer::fromJson("{", tokenizer).ok());
  EXPECT_FALSE(Tokenizer::fromJson(std::string(100000, '['), tokenizer).ok());
}

/// Images come from files: whatever they hold, nothing is read outside of them.
TEST(Image, DamageIsRefusedOrHarmless) {
  TokenizerParts parts;
  ASSERT_TRUE(readTokenizerJson(small().dump(), parts).ok());
  parts.stops = {6};
  std::string image;
  ASSERT_TRUE(buildImage(parts, image).ok());
  unsigned refused = 0;
  for (size_t at = 0; at < image.size(); ++at) {
    std::vector<uint64_t> room(image.size() / 8 + 1);
    std::memcpy(room.data(), image.data(), image.size());
    auto *bytes = reinterpret_cast<char *>(room.data());
    bytes[at] ^= static_cast<char>(0x81);
    Tokenizer damaged;
    if (!Tokenizer::fromImage({bytes, image.size()}, nullptr, damaged).ok())
      ++refused;
    else
      damaged.decode(damaged.encode("abab<end>é"));
  }
  EXPECT_GT(refused, 100u);
  for (size_t size = 0; size < image.size(); size += 7) {
    Tokenizer cut;
    EXPECT_FALSE(Tokenizer::fromImage(std::string_view(image).substr(0, size), nullptr, cut).ok());
  }
}

} // namespace
