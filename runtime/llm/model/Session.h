// A text that a model is reading and writing: its tokens and the model's memory of
// them (the cache of keys and values, a state of the bundle's program).
//
//   Session session;
//   TENON_TRY(Session::open(model, {.threads = 2}, session));
//   TENON_TRY(session.feed(tokens));                 // a prompt at once, or one token
//   TokenId next = argmax(session.logits());
//
// One thread at a time. After an error the session is as it was before the call.
#pragma once

#include "runtime/llm/model/LanguageModel.h"

namespace tenon::llm {

struct SessionOptions {
  int threads = 0; ///< 0: one for each processor this process may use
};

class Session {
public:
  static Status open(std::shared_ptr<const LanguageModel> model, const SessionOptions &options,
                     Session &session);

  const LanguageModel &model() const { return *source; }
  const std::vector<TokenId> &tokens() const { return fed; }
  /// What is left of the context.
  size_t room() const { return source->context() - fed.size(); }

  /// Reads tokens; logits() is then about what follows the last. More than the context
  /// holds is an error that says both numbers.
  Status feed(std::span<const TokenId> tokens);
  /// The same with the scores after every token, a row of the vocabulary's size for each,
  /// by the entry point `logits`; valid until the next call.
  Status feedEach(std::span<const TokenId> tokens, std::span<const float> &rows);
  /// Forgets all but the first tokens, and feeds what is not there yet: of a prompt that
  /// shares its beginning with the last one only the rest is computed.
  Status rewindTo(std::span<const TokenId> tokens);
  /// Forgets the tokens from `length` on.
  void truncate(size_t length);

  /// Scores of every token, valid until the next call.
  std::span<const float> logits() const { return scores; }
  /// Bytes held besides the weights.
  uint64_t memory() const { return tenon_session_memory(handle.get()); }

private:
  struct Destroy {
    void operator()(tenon_session *session) const { tenon_session_destroy(session); }
  };
  Status check(std::span<const TokenId> tokens) const;
  Status run(size_t entry, std::span<const TokenId> tokens, int rank, size_t rows);

  std::shared_ptr<const LanguageModel> source;
  std::unique_ptr<tenon_session, Destroy> handle;
  std::vector<TokenId> fed;
  std::vector<uint8_t> mask;
  std::span<const float> scores;
};

} // namespace tenon::llm
