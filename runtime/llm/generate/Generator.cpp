// The loop. A token is fed only when the one after it is wanted, so that the session
// ends with what was written.
#include "runtime/llm/generate/Generator.h"

#include <algorithm>
#include <chrono>

namespace tenon::llm {

//===----------------------------------------------------------------------===//
// StopFilter
//===----------------------------------------------------------------------===//

std::string StopFilter::push(std::string_view text) {
  pending += text;
  size_t first = std::string::npos;
  for (const std::string &stop : stops)
    if (!stop.empty())
      first = std::min(first, pending.find(stop));
  if (first != std::string::npos) {
    isStopped = true;
    pending.resize(first);
    return finish();
  }
  size_t keep = heldBack();
  std::string shown = pending.substr(0, pending.size() - keep);
  pending.erase(0, shown.size());
  return shown;
}

/// Length of the longest end of the text with which a stop text begins.
size_t StopFilter::heldBack() const {
  size_t most = 0;
  for (const std::string &stop : stops)
    for (size_t size = std::min(stop.size(), pending.size()); size > most; --size)
      if (std::string_view(pending).ends_with(std::string_view(stop).substr(0, size)))
        most = size;
  return most;
}

std::string StopFilter::finish() { return std::exchange(pending, {}); }

//===----------------------------------------------------------------------===//
// generate
//===----------------------------------------------------------------------===//

namespace {

class Writer {
public:
  Writer(Session &session, const GenerateOptions &options, const TextSink &show, Answer &answer)
      : session(session), options(options), show(show), answer(answer),
        sampler(options.sampling), decoder(session.model().tokenizer()), filter(options.stops) {}

  Status run(std::span<const TokenId> prompt) {
    TENON_TRY(timed(answer.prefillSeconds, [&] { return session.rewindTo(prompt); }));
    history.assign(prompt.begin(), prompt.end());
    while (answer.tokens.size() < options.maxTokens) {
      TokenId token;
      TENON_TRY(sampler.pick(session.logits(), history, token));
      if (!options.ignoreEnd && session.model().tokenizer().isStop(token)) {
        answer.finish = "stop";
        break;
      }
      if (!write(token))
        return {};
      if (answer.tokens.size() == options.maxTokens || session.room() == 0)
        break;
      TENON_TRY(timed(answer.decodeSeconds, [&] { return session.feed({&token, 1}); }));
    }
    emit(filter.push(decoder.finish()));
    emit(filter.finish());
    return {};
  }

private:
  template <typename Body>
  static Status timed(double &seconds, Body body) {
    auto start = std::chrono::steady_clock::now();
    Status status = body();
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return status;
  }

  bool emit(const std::string &text) {
    answer.text += text;
    return text.empty() || show(text);
  }

  /// False if the answer ends here.
  bool write(TokenId token) {
    if (options.wantsLogprobs) {
      TokenScores &scores = answer.scores.emplace_back();
      scores.id = token;
      scores.logarithm = logProbability(session.logits(), token, options.logprobs, scores.best);
    }
    answer.tokens.push_back(token);
    history.push_back(token);
    // Control tokens are no text.
    bool silent = session.model().tokenizer().isSpecial(token);
    bool goesOn = emit(filter.push(silent ? "" : decoder.push(token)));
    if (filter.stopped())
      answer.finish = "stop";
    else if (!goesOn)
      answer.finish = "interrupted";
    return goesOn && !filter.stopped();
  }

  Session &session;
  const GenerateOptions &options;
  const TextSink &show;
  Answer &answer;
  Sampler sampler;
  StreamDecoder decoder;
  StopFilter filter;
  std::vector<TokenId> history;
};

} // namespace

Status generate(Session &session, std::span<const TokenId> prompt, const GenerateOptions &options,
                const TextSink &show, Answer &answer) {
  answer = {};
  TENON_TRY(checkSampling(options.sampling));
  return Writer(session, options, show, answer).run(prompt);
}

} // namespace tenon::llm
