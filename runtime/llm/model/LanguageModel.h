// A language model in a bundle: its entry points, its tokenizer, its chat template.
//
//   std::shared_ptr<const LanguageModel> model;
//   TENON_TRY(LanguageModel::open("smollm2.tenon", model));
//   std::string prompt;
//   TENON_TRY(model->prompt({{{"role", "user"}, {"content", "Hello"}}}, prompt));
//   std::vector<TokenId> tokens = model->tokenizer().encode(prompt, {.addSpecial = false});
//
// Does not change once it is open: any number of sessions and threads may share it.
// What a model's entry points must look like is in docs/language-models.md.
#pragma once

#include "runtime/llm/template/Template.h"
#include "runtime/llm/tokenizer/Tokenizer.h"
#include "runtime/support/FromApi.h"

#include <nlohmann/json_fwd.hpp>

namespace tenon::llm {

class LanguageModel {
public:
  static constexpr size_t missing = ~size_t{0};

  static Status open(const std::string &path, std::shared_ptr<const LanguageModel> &model);

  const std::string &path() const { return name; }
  tenon_bundle *bundle() const { return handle.get(); }
  /// Fails, with the remedy, where the bundle was compiled without a tokenizer.
  Status needTokenizer() const;
  /// Fails where the bundle has no entry points that continue a text.
  Status needEntries() const;
  const Tokenizer &tokenizer() const { return words; }

  /// The prompt for a conversation, a list of {"role", "content"}.
  Status prompt(const nlohmann::ordered_json &messages, std::string &text) const;

  /// Entry points; `missing` if there is none.
  size_t prefill() const { return prefillEntry; }
  size_t decode() const { return decodeEntry; }
  size_t logits() const { return logitsEntry; }
  /// How many tokens a sequence may have.
  size_t context() const { return positions; }
  size_t vocabulary() const { return logitCount; }

private:
  Status readTokenizer();
  Status readTemplate();
  Status readEntries();
  Status checkEntry(size_t entry, int rank);

  std::string name;
  std::shared_ptr<tenon_bundle> handle;
  Tokenizer words;
  Template chat;
  bool hasTokenizer = false, hasTemplate = false;
  std::string begin, end; ///< what templates know as bos_token and eos_token
  size_t prefillEntry = missing, decodeEntry = missing, logitsEntry = missing;
  size_t positions = 0, logitCount = 0;
};

} // namespace tenon::llm
