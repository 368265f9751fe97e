// Choosing the next token from a model's scores.
//
// In this order: penalties on tokens that were there, temperature, top-k, typical,
// top-p, min-p, a draw. Temperature 0 takes the best after penalties. The draw is the
// same on every machine for a seed.
#pragma once

#include "runtime/llm/tokenizer/Tokenizer.h"

#include <span>

namespace tenon::llm {

struct SamplingOptions {
  float temperature = 0;    ///< 0: greedy
  int topK = 0;             ///< 0: all
  float topP = 1, minP = 0; ///< mass of the most probable; least share of the best one's
  float typical = 1;        ///< mass of the tokens nearest to the expected surprise
  float repeat = 1;         ///< divides positive scores of recent tokens (CTRL, arXiv:1909.05858)
  float presence = 0, frequency = 0; ///< taken off for being there, and for each time
  size_t window = 64;                ///< how many recent tokens are looked at
  uint64_t seed = 0;
};

/// Fails for a value outside of its range, with its name.
Status checkSampling(const SamplingOptions &options);

class Sampler {
public:
  explicit Sampler(const SamplingOptions &options) : options(options), state(options.seed) {}
  /// `scores` has no NaN-only rows: a model that gives nothing but NaN is refused.
  Status pick(std::span<const float> scores, std::span<const TokenId> history, TokenId &token);

private:
  struct Candidate {
    TokenId id;
    float score;
    float probability;
  };
  void punish(std::span<const TokenId> history);
  void gather();
  void toProbabilities();
  void keepTypical();
  void keepNucleus();
  TokenId draw();
  double random();

  SamplingOptions options;
  uint64_t state;
  std::vector<float> scores;
  std::vector<Candidate> candidates;
};

/// The best token, the first of equal ones; noToken if all are NaN.
TokenId bestToken(std::span<const float> scores);

struct TokenProbability {
  TokenId id;
  float logarithm;
};
/// The natural logarithm of a token's probability, and the `count` best tokens'.
float logProbability(std::span<const float> scores, TokenId token, size_t count,
                     std::vector<TokenProbability> &best);

} // namespace tenon::llm
