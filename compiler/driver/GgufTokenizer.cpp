//===- GgufTokenizer.cpp - the tokenizer that a GGUF file carries ---------===//
//
// tokenizer.ggml.{model, pre, tokens, token_type, merges, *_token_id}. Kinds of
// tokens: 1 plain, 2 unknown, 3 control, 4 defined by a user, 5 unused, 6 a byte.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Assets.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
namespace tenon {

using llm::TokenId;

namespace {

class GgufTokenizer {
public:
  GgufTokenizer(const WeightFile &file, llm::TokenizerParts &out) : file(file), out(out) {}

  Status read() {
    std::string model = text("model"), pre = text("pre");
    if (model != "gpt2")
      return refuse("tokenizer model '" + model + "' is not supported, expected gpt2");
    std::optional<llm::PreTokenizer> splitter = llm::preTokenizerNamed(pre);
    if (!splitter)
      return refuse("pre-tokenizer '" + pre + "' is not supported");
    out.splitter = *splitter;
    out.wholePieces = *splitter == llm::PreTokenizer::Llama3;
    TENON_TRY(readTokens());
    TENON_TRY(readMerges());
    TENON_TRY(readId("unknown_token_id", out.unknown));
    TENON_TRY(readId("bos_token_id", out.begin));
    TENON_TRY(readId("eos_token_id", out.end));
    if (flag("add_bos_token") && out.begin != llm::noToken)
      out.prefix.push_back(out.begin);
    if (flag("add_eos_token") && out.end != llm::noToken)
      out.suffix.push_back(out.end);
    return readStops();
  }

private:
  static Status refuse(const std::string &message) {
    return Status(TENON_INVALID_ARGUMENT, message);
  }
  std::optional<MetaValue> meta(StringRef key) const {
    return file.meta(("tokenizer.ggml." + key).str());
  }
  std::string text(StringRef key) const {
    std::optional<MetaValue> value = meta(key);
    auto *words = value ? std::get_if<std::string>(&*value) : nullptr;
    return words ? *words : "";
  }
  bool flag(StringRef key) const {
    std::optional<MetaValue> value = meta(key);
    auto *truth = value ? std::get_if<bool>(&*value) : nullptr;
    return truth && *truth;
  }

  Status readId(StringRef key, TokenId &id) const {
    std::optional<MetaValue> value = meta(key);
    if (!value)
      return {};
    auto *number = std::get_if<int64_t>(&*value);
    if (!number || *number < 0 || *number >= int64_t(out.tokens.size()))
      return refuse("tokenizer.ggml." + key.str() + " is no token");
    id = static_cast<TokenId>(*number);
    return {};
  }

  Status readTokens() {
    const MetaList *tokens = file.list("tokenizer.ggml.tokens");
    const MetaList *kinds = file.list("tokenizer.ggml.token_type");
    size_t count = tokens ? tokens->texts.size() : 0;
    if (!count || count > llm::maxTokens || (kinds && kinds->numbers.size() != count))
      return refuse(std::to_string(count) + " tokens with " +
                    std::to_string(kinds ? kinds->numbers.size() : 0) + " types");
    for (size_t id = 0; id < count; ++id) {
      int kind = kinds ? static_cast<int>(kinds->numbers[id]) : 1;
      std::string_view text(tokens->texts[id].data(), tokens->texts[id].size());
      llm::Token &token = out.tokens.emplace_back();
      token.special = kind == 3;
      token.added = kind == 3 || kind == 4;
      if (token.added || !llm::bytesOfLevel(text, token.bytes))
        token.bytes = text;
    }
    return {};
  }

  Status readMerges() {
    const MetaList *merges = file.list("tokenizer.ggml.merges");
    if (!merges)
      return refuse("the file has no tokenizer.ggml.merges");
    for (StringRef merge : merges->texts) {
      auto [left, right] = merge.split(' ');
      auto &[a, b] = out.merges.emplace_back();
      if (!llm::bytesOfLevel(left.str(), a) || !llm::bytesOfLevel(right.str(), b))
        return refuse("merge '" + merge.take_front(100).str() + "' is of no bytes");
    }
    return {};
  }

  /// The end of text, and the control tokens with which published models end a turn.
  Status readStops() {
    TokenId turn = llm::noToken;
    TENON_TRY(readId("eot_token_id", turn));
    for (size_t id = 0; id < out.tokens.size(); ++id) {
      bool ends = StringSwitch<bool>(out.tokens[id].bytes)
                      .Cases({"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>"}, true)
                      .Cases({"<end_of_turn>", "<|endoftext|>", "<|end_of_text|>"}, true)
                      .Default(false);
      bool named = TokenId(id) == out.end || TokenId(id) == turn;
      if (named || (ends && out.tokens[id].special))
        out.stops.push_back(static_cast<TokenId>(id));
    }
    return {};
  }

  const WeightFile &file;
  llm::TokenizerParts &out;
};

} // namespace

Status readGgufTokenizer(const WeightFile &file, llm::TokenizerParts &parts) {
  return GgufTokenizer(file, parts).read();
}

} // namespace tenon
