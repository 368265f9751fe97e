// Writing an answer: feed, choose, show, until something ends it.
//
//   GenerateOptions options{.maxTokens = 64};
//   Answer answer;
//   TENON_TRY(generate(session, prompt, options, [](std::string_view text) { ... }, answer));
#pragma once

#include "runtime/llm/model/Session.h"
#include "runtime/llm/sample/Sampler.h"

#include <functional>

namespace tenon::llm {

struct GenerateOptions {
  size_t maxTokens = ~size_t{0}; ///< also the end of the context ends an answer
  SamplingOptions sampling;
  std::vector<std::string> stops; ///< texts that end an answer, and are not shown
  bool ignoreEnd = false;         ///< tokens that end an answer are written like others
  size_t logprobs = 0;            ///< how many of the best tokens to note for each
  bool wantsLogprobs = false;
};

struct TokenScores {
  TokenId id;
  float logarithm;
  std::vector<TokenProbability> best;
};

struct Answer {
  std::string text;
  std::vector<TokenId> tokens;  ///< without the one that ended it
  const char *finish = "length"; ///< "stop", "length" or "interrupted"
  std::vector<TokenScores> scores;
  double prefillSeconds = 0, decodeSeconds = 0;
};

/// Takes the next piece of text, whole characters; false interrupts the answer.
using TextSink = std::function<bool(std::string_view text)>;

/// Continues the text that `prompt` is, of which the session may know the beginning.
/// What was written before an error is in `answer`.
Status generate(Session &session, std::span<const TokenId> prompt, const GenerateOptions &options,
                const TextSink &show, Answer &answer);

/// Lets text through that is surely no part of a stop text.
class StopFilter {
public:
  explicit StopFilter(const std::vector<std::string> &stops) : stops(stops) {}
  /// What may be shown now; `stopped` once a stop text is complete.
  std::string push(std::string_view text);
  std::string finish();
  bool stopped() const { return isStopped; }

private:
  size_t heldBack() const;

  const std::vector<std::string> &stops;
  std::string pending;
  bool isStopped = false;
};

} // namespace tenon::llm
