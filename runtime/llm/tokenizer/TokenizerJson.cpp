// Reading tokenizer.json, the format of Hugging Face's tokenizers, for byte-level BPE.
// Every part of the file is either understood or refused by name, so that no model
// is tokenized almost right.
#include "runtime/llm/tokenizer/Tokenizer.h"

#include <nlohmann/json.hpp>

namespace tenon::llm {

using Json = nlohmann::json;

/// Expressions that published files split by.
static std::optional<PreTokenizer> knownExpression(const std::string &text) {
  static const std::pair<const char *, PreTokenizer> known[] = {
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       PreTokenizer::Llama3},
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       PreTokenizer::Qwen2},
      {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
       PreTokenizer::Gpt2}};
  for (const auto &[expression, kind] : known)
    if (text == expression)
      return kind;
  return std::nullopt;
}

namespace {

class JsonReader {
public:
  explicit JsonReader(TokenizerParts &result) : out(result) {}

  Status read(const Json &json) {
    TENON_TRY(readModel(json.at("model")));
    TENON_TRY(readAdded(json.value("added_tokens", Json::array())));
    out.unknown = unknown.empty() ? noToken : find(unknown);
    if (!unknown.empty() && out.unknown == noToken)
      return refuse("the unknown token '" + unknown + "' is not in the vocabulary");
    TENON_TRY(readNormalizer(json.value("normalizer", Json())));
    TENON_TRY(readPreTokenizer(json.value("pre_tokenizer", Json())));
    return readPostProcessor(json.value("post_processor", Json()));
  }

private:
  static Status refuse(const std::string &message) {
    return Status(TENON_INVALID_ARGUMENT, "tokenizer: " + message);
  }

  Status place(int64_t id, Token token) {
    if (id < 0 || id >= static_cast<int64_t>(maxTokens))
      return refuse("token id " + std::to_string(id) + ", expected at most " +
                    std::to_string(maxTokens - 1));
    if (static_cast<size_t>(id) >= out.tokens.size())
      out.tokens.resize(id + 1);
    out.tokens[id] = std::move(token);
    return {};
  }

  Status readModel(const Json &model) {
    std::string type = model.value("type", "BPE");
    if (type != "BPE")
      return refuse("model type '" + type + "' is not supported, expected BPE");
    for (const char *option : {"byte_fallback", "fuse_unk"})
      if (model.value(option, false))
        return refuse(std::string("option '") + option + "' is not supported");
    for (const char *option : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (model.contains(option) && model[option].is_string() &&
          !model[option].get<std::string>().empty())
        return refuse(std::string("option '") + option + "' is not supported");
    if (model.contains("unk_token") && model["unk_token"].is_string())
      unknown = model["unk_token"].get<std::string>();
    out.wholePieces = model.value("ignore_merges", false);
    for (const auto &[text, id] : model.at("vocab").items()) {
      Token token;
      if (!bytesOfLevel(text, token.bytes))
        token.bytes = text; // no bytes: an added token's own text
      TENON_TRY(place(id.get<int64_t>(), std::move(token)));
    }
    for (const Json &merge : model.at("merges"))
      TENON_TRY(readMerge(merge));
    return {};
  }

  Status readMerge(const Json &merge) {
    std::string left, right;
    if (merge.is_string()) {
      std::string text = merge.get<std::string>();
      size_t space = text.find(' ');
      if (space == std::string::npos)
        return refuse("merge '" + text + "' has no two parts");
      left = text.substr(0, space);
      right = text.substr(space + 1);
    } else {
      left = merge.at(0).get<std::string>();
      right = merge.at(1).get<std::string>();
    }
    auto &[a, b] = out.merges.emplace_back();
    return bytesOfLevel(left, a) && bytesOfLevel(right, b)
               ? Status()
               : refuse("merge '" + left + " " + right + "' is of no bytes");
  }

  Status readAdded(const Json &list) {
    for (const Json &entry : list) {
      std::string content = entry.at("content").get<std::string>();
      for (const char *option : {"single_word", "lstrip", "rstrip"})
        if (entry.value(option, false))
          return refuse("token '" + content + "' has option '" + option +
                        "', which is not supported");
      if (content.empty())
        return refuse("an added token is empty");
      TENON_TRY(
          place(entry.at("id").get<int64_t>(), {content, entry.value("special", false), true}));
    }
    return {};
  }

  /// The token with these bytes, a plain one before others.
  TokenId find(std::string_view bytes) const {
    TokenId found = noToken;
    for (size_t id = out.tokens.size(); id-- > 0;)
      if (out.tokens[id].bytes == bytes && (found == noToken || !out.tokens[id].added))
        found = static_cast<TokenId>(id);
    return found;
  }

  Status readNormalizer(const Json &normalizer) {
    if (normalizer.is_null())
      return {};
    std::string type = normalizer.value("type", "");
    if (type == "Sequence" && normalizer.value("normalizers", Json::array()).empty())
      return {};
    out.composes = type == "NFC";
    return out.composes ? Status() : refuse("normalizer '" + type + "' is not supported");
  }

  /// One splitter, or a sequence of one and ByteLevel without its own.
  Status readPreTokenizer(const Json &splitter) {
    std::string type = splitter.is_null() ? "none" : splitter.value("type", "");
    if (type == "Sequence") {
      for (const Json &part : splitter.at("pretokenizers"))
        TENON_TRY(readPreTokenizer(part));
      return chosen ? Status() : refuse("the pre-tokenizer splits nothing");
    }
    if (type == "ByteLevel")
      return readByteLevel(splitter);
    if (type == "Digits" && splitter.value("individual_digits", false)) {
      digits = true;
      return {};
    }
    if (type == "Split" && splitter.at("pattern").contains("Regex")) {
      std::string expression = splitter["pattern"]["Regex"].get<std::string>();
      std::optional<PreTokenizer> kind = knownExpression(expression);
      if (!kind || splitter.value("invert", false) || splitter.value("behavior", "") != "Isolated")
        return refuse("the pre-tokenizer's expression is not known: " + expression);
      out.splitter = *kind;
      chosen = true;
      return {};
    }
    return refuse("pre-tokenizer '" + type + "' is not supported");
  }

  Status readByteLevel(const Json &level) {
    if (level.value("add_prefix_space", false))
      return refuse("option 'add_prefix_space' is not supported");
    if (!level.value("use_regex", true))
      return {};
    if (chosen)
      return refuse("the pre-tokenizer splits twice");
    out.splitter = digits ? PreTokenizer::Digits : PreTokenizer::Gpt2;
    chosen = true;
    return {};
  }

  Status readPostProcessor(const Json &processor) {
    std::string type = processor.is_null() ? "ByteLevel" : processor.value("type", "");
    if (type == "ByteLevel")
      return {};
    if (type == "Sequence") {
      for (const Json &part : processor.at("processors"))
        TENON_TRY(readPostProcessor(part));
      return {};
    }
    if (type != "TemplateProcessing")
      return refuse("post-processor '" + type + "' is not supported");
    bool before = true;
    for (const Json &piece : processor.at("single")) {
      if (piece.contains("Sequence")) {
        before = false;
        continue;
      }
      TokenId id = find(piece.at("SpecialToken").at("id").get<std::string>());
      if (id == noToken)
        return refuse("the post-processor names a token that there is not");
      (before ? out.prefix : out.suffix).push_back(id);
    }
    return {};
  }

  TokenizerParts &out;
  std::string unknown;
  bool digits = false, chosen = false;
};

} // namespace

Status readTokenizerJson(std::string_view json, TokenizerParts &parts) {
  try {
    return JsonReader(parts).read(Json::parse(json));
  } catch (const Json::exception &error) {
    return Status(TENON_INVALID_ARGUMENT, std::string("tokenizer: ") + error.what());
  }
}

} // namespace tenon::llm
