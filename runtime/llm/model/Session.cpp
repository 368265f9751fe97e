// Feeding tokens. The cache's rows from a sequence's length on are never read, so
// forgetting tokens takes nothing but a smaller length.
#include "runtime/llm/model/Session.h"

#include <algorithm>

namespace tenon::llm {

Status Session::open(std::shared_ptr<const LanguageModel> model, const SessionOptions &options,
                     Session &session) {
  TENON_TRY(model->needEntries());
  tenon_session *made = nullptr;
  tenon_session_options given = {sizeof given, "cpu", options.threads, nullptr, 0};
  TENON_TRY(fromApi(tenon_session_create(model->bundle(), &given, &made)));
  session.handle.reset(made);
  session.source = std::move(model);
  session.fed.clear();
  session.scores = {};
  return {};
}

Status Session::run(size_t entry, std::span<const TokenId> tokens, int rank, size_t rows) {
  int64_t shape[2] = {1, static_cast<int64_t>(tokens.size())};
  auto at = static_cast<int32_t>(fed.size());
  DLDataType integer = {kDLInt, 32, 1};
  // All that has been fed counts, and these tokens.
  mask.resize(fed.size() + tokens.size(), 1);
  int64_t seen[2] = {1, static_cast<int64_t>(mask.size())};
  DLTensor inputs[3] = {
      {const_cast<TokenId *>(tokens.data()), {kDLCPU, 0}, rank, integer, shape, nullptr, 0},
      {&at, {kDLCPU, 0}, 1, integer, shape, nullptr, 0},
      {mask.data(), {kDLCPU, 0}, 2, {kDLBool, 8, 1}, seen, nullptr, 0}};
  DLTensor output{};
  TENON_TRY(fromApi(tenon_session_run(handle.get(), entry, inputs, 3, &output, 1)));
  scores = {static_cast<const float *>(output.data), rows * source->vocabulary()};
  fed.insert(fed.end(), tokens.begin(), tokens.end());
  return {};
}

Status Session::check(std::span<const TokenId> tokens) const {
  if (tokens.empty())
    return Status(TENON_INVALID_ARGUMENT, "there is no token to read");
  if (tokens.size() > room())
    return Status(TENON_INVALID_ARGUMENT, "the text has " +
                                              std::to_string(fed.size() + tokens.size()) +
                                              " tokens, the model's context holds " +
                                              std::to_string(source->context()));
  for (TokenId id : tokens)
    if (id < 0 || static_cast<size_t>(id) >= source->vocabulary())
      return Status(TENON_INVALID_ARGUMENT, "token " + std::to_string(id) +
                                                ", expected at most " +
                                                std::to_string(source->vocabulary() - 1));
  return {};
}

Status Session::feed(std::span<const TokenId> tokens) {
  TENON_TRY(check(tokens));
  return tokens.size() == 1 ? run(source->decode(), tokens, 1, 1)
                            : run(source->prefill(), tokens, 2, 1);
}

Status Session::feedEach(std::span<const TokenId> tokens, std::span<const float> &rows) {
  TENON_TRY(check(tokens));
  if (source->logits() == LanguageModel::missing)
    return Status(TENON_INVALID_ARGUMENT,
                  "'" + source->path() + "' has no entry point logits, which scores every token");
  TENON_TRY(run(source->logits(), tokens, 2, tokens.size()));
  rows = scores;
  scores = scores.last(source->vocabulary());
  return {};
}

Status Session::rewindTo(std::span<const TokenId> tokens) {
  size_t shared = 0, most = std::min(fed.size(), tokens.size());
  while (shared < most && fed[shared] == tokens[shared])
    ++shared;
  // The last token is read again: its scores are wanted.
  if (shared == tokens.size() && shared)
    --shared;
  std::vector<TokenId> before = fed;
  truncate(shared);
  Status status = feed(tokens.subspan(shared));
  if (!status.ok())
    fed = std::move(before);
  return status;
}

void Session::truncate(size_t length) {
  fed.resize(std::min(length, fed.size()));
  scores = {};
}

} // namespace tenon::llm
