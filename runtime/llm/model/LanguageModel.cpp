// Opening a language model: assets by name, entry points by name and signature.
#include "runtime/llm/model/LanguageModel.h"

#include <cstring>
#include <nlohmann/json.hpp>

namespace tenon::llm {

namespace {

Status refuse(std::string message) { return Status(TENON_INVALID_ARGUMENT, std::move(message)); }

bool isType(const DLDataType &type, uint8_t code, uint8_t bits) {
  return type.code == code && type.bits == bits && type.lanes == 1;
}

/// The asset, or null where the bundle has none of that name.
Status findAsset(const tenon_bundle *bundle, const char *name, std::string_view &bytes) {
  const void *data = nullptr;
  size_t size = 0;
  Status status = fromApi(tenon_bundle_asset(bundle, name, &data, &size));
  if (status.ok())
    bytes = {static_cast<const char *>(data), size};
  else if (status.error().code == TENON_INVALID_ARGUMENT)
    return {};
  return status;
}

} // namespace

Status LanguageModel::open(const std::string &path, std::shared_ptr<const LanguageModel> &result) {
  auto model = std::make_shared<LanguageModel>();
  model->name = path;
  tenon_bundle *opened = nullptr;
  TENON_TRY(fromApi(tenon_bundle_open(path.c_str(), &opened)));
  model->handle.reset(opened, tenon_bundle_close);
  TENON_TRY(model->readTokenizer());
  TENON_TRY(model->readTemplate());
  TENON_TRY(model->readEntries());
  result = std::move(model);
  return {};
}

Status LanguageModel::readTokenizer() {
  std::string_view image;
  TENON_TRY(findAsset(bundle(), "tokenizer", image));
  if (!image.data())
    return {};
  if (Status status = Tokenizer::fromImage(image, handle, words); !status.ok())
    return Status(TENON_INVALID_BUNDLE, "'" + name + "': " + status.error().message);
  begin = words.bytes(words.begin());
  end = words.bytes(words.end());
  hasTokenizer = true;
  return {};
}

Status LanguageModel::readTemplate() {
  std::string_view text;
  TENON_TRY(findAsset(bundle(), "chat_template", text));
  if (!text.data())
    return {};
  TENON_TRY(Template::parse(text, chat));
  hasTemplate = true;
  return {};
}

/// "tokens" (or "token"), int32 with `rank` dimensions of a batch of one, "at", int32 of
/// the batch, "mask", bool [batch, T]; one output of floats.
Status LanguageModel::checkEntry(size_t entry, int rank) {
  std::string what = "entry point '" + std::string(tenon_bundle_entry_name(bundle(), entry)) + "' ";
  const tenon_tensor_info *tokens = tenon_bundle_input(bundle(), entry, 0),
                          *at = tenon_bundle_input(bundle(), entry, 1),
                          *mask = tenon_bundle_input(bundle(), entry, 2),
                          *output = tenon_bundle_output(bundle(), entry, 0);
  if (!tokens || !at || !mask || !output || tenon_bundle_input_count(bundle(), entry) != 3 ||
      tenon_bundle_output_count(bundle(), entry) != 1)
    return refuse(what + "is not (tokens, at, mask) -> logits");
  if (!isType(tokens->type, kDLInt, 32) || !isType(at->type, kDLInt, 32) ||
      !isType(mask->type, kDLBool, 8) || !isType(output->type, kDLFloat, 32) ||
      tokens->ndim != rank || at->ndim != 1 || mask->ndim != 2 || output->ndim < 2)
    return refuse(what + "is not (i32 tokens, i32[batch] at, bool[batch, T] mask) -> f32 logits");
  if (tokens->shape[0] != 1 || at->shape[0] != 1)
    return refuse(what + "takes a batch of " + std::to_string(tokens->shape[0]) +
                  ", expected 1");
  logitCount = static_cast<size_t>(output->shape[output->ndim - 1]);
  return {};
}

Status LanguageModel::readEntries() {
  for (size_t entry = 0; entry < tenon_bundle_entry_count(bundle()); ++entry) {
    std::string_view called = tenon_bundle_entry_name(bundle(), entry);
    size_t &place = called == "prefill"  ? prefillEntry
                    : called == "decode" ? decodeEntry
                                         : logitsEntry;
    if (called != "prefill" && called != "decode" && called != "logits")
      continue;
    place = entry;
    TENON_TRY(checkEntry(entry, called == "decode" ? 1 : 2));
    const tenon_symbol_info *size = tenon_bundle_symbol(bundle(), entry, 0);
    if (called == "prefill" && size)
      positions = static_cast<size_t>(size->max);
  }
  return {};
}

Status LanguageModel::needTokenizer() const {
  return hasTokenizer ? Status()
                      : refuse("'" + name + "' has no tokenizer (compile it from a GGUF file, or "
                                            "with --asset tokenizer=tokenizer.json)");
}

Status LanguageModel::needEntries() const {
  if (prefillEntry != missing && decodeEntry != missing && positions)
    return needTokenizer();
  return refuse("'" + name + "' is no model that continues a text: it has no entry points "
                             "prefill and decode");
}

Status LanguageModel::prompt(const nlohmann::ordered_json &messages, std::string &text) const {
  if (!hasTemplate)
    return refuse("'" + name + "' has no chat template (compile it from a GGUF file that has one, "
                               "or with --asset chat_template=FILE)");
  return chat.render({{"messages", messages},
                      {"add_generation_prompt", true},
                      {"bos_token", begin},
                      {"eos_token", end}},
                     text);
}

} // namespace tenon::llm
