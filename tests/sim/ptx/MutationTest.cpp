// Damaged PTX is refused (or still valid), never a crash. TENON_FUZZ_RUNS sets
// how many mutations are tried; the seed is printed.
#include "sim/ptx/Parser.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

using namespace tenon::sim::ptx;

namespace {

std::string readFile(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void mutate(std::string &text, std::mt19937 &random) {
  static constexpr const char *Pieces[] = {"{", "}", ";", ",", "[", "]", "(", ")", "0x", "0f", "|", "!", "@", "%",
                                           "<99999999999>", "-", ".b64", ".align 3", "1e999", "call", "::",
                                           ".loc 1 2", "\"", "/*", "_", "&&", "?:", "%r1", ".v4", " WARP_SZ "};
  size_t at = random() % text.size(), other = random() % text.size();
  switch (random() % 6) {
  case 0: text[at] = static_cast<char>(random() % 128); break;
  case 1: text.erase(at, random() % 20); break;
  case 2: text.insert(at, Pieces[random() % std::size(Pieces)]); break;
  case 3: text.insert(at, text.substr(other, random() % 60)); break;
  case 4: text.resize(at + 1); break;
  case 5: std::swap(text[at], text[other]); break;
  }
  if (text.empty())
    text = " ";
}

} // namespace

TEST(PtxMutation, NeverCrashes) {
  std::string original = readFile(TENON_TEST_PTX);
  ASSERT_TRUE(parseModule(original).module);
  const char *runs = std::getenv("TENON_FUZZ_RUNS");
  const char *chosen = std::getenv("TENON_FUZZ_SEED");
  unsigned seed = chosen ? static_cast<unsigned>(std::atoi(chosen)) : 1;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  unsigned refused = 0;
  unsigned total = runs ? static_cast<unsigned>(std::atoi(runs)) : 300;
  for (unsigned i = 0; i < total; ++i) {
    std::string text = original;
    for (unsigned n = 1 + random() % 6; n; --n)
      mutate(text, random);
    ParseResult result = parseModule(text);
    refused += !result.module;
    // A refusal always says where and why.
    EXPECT_EQ(!result.module, !result.diagnostics.empty());
    if (!result.module)
      EXPECT_FALSE(result.log("x").empty());
  }
  EXPECT_GT(refused, total / 4) << "seed " << seed;
}
