//===- Assets.cpp - what travels in a bundle beside the model -------------===//

#include "compiler/driver/Assets.h"
#include "runtime/llm/tokenizer/Tokenizer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
namespace tenon {

using bundle::Asset;

static constexpr uint64_t kMaxAsset = uint64_t(1) << 30;

static Asset assetOf(StringRef name, StringRef bytes) {
  return {name.str(), std::vector<uint8_t>(bytes.begin(), bytes.end())};
}

static bool has(ArrayRef<Asset> assets, StringRef name) {
  return any_of(assets, [&](const Asset &asset) { return asset.name == name; });
}

static Status addTokenizer(const llm::TokenizerParts &parts, std::vector<Asset> &assets) {
  std::string image;
  TENON_TRY(llm::buildImage(parts, image));
  assets.push_back(assetOf("tokenizer", image));
  return {};
}

static Status addGiven(StringRef given, std::vector<Asset> &assets) {
  auto [name, path] = given.split('=');
  if (name.empty() || path.empty() || has(assets, name))
    return Status(TENON_INVALID_ARGUMENT,
                  "expected --asset NAME=FILE with a name once, got '" + given.str() + "'");
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return Status(TENON_IO, "cannot read '" + path.str() + "': " + file.getError().message());
  if ((*file)->getBufferSize() > kMaxAsset)
    return Status(TENON_INVALID_ARGUMENT, "asset '" + path.str() + "' has more than 1 GiB");
  StringRef bytes = (*file)->getBuffer();
  if (name != "tokenizer") {
    assets.push_back(assetOf(name, bytes));
    return {};
  }
  llm::TokenizerParts parts;
  if (Status status = llm::readTokenizerJson({bytes.data(), bytes.size()}, parts); !status.ok())
    return Status(TENON_INVALID_ARGUMENT, "'" + path.str() + "': " + status.error().message);
  return addTokenizer(parts, assets);
}

/// The tokenizer of a GGUF file that has one of a kind that is known; otherwise the
/// bundle goes without, and says so where it is asked for.
static Status addFromWeights(const WeightFile &file, std::vector<Asset> &assets) {
  if (!has(assets, "tokenizer") && file.list("tokenizer.ggml.tokens")) {
    llm::TokenizerParts parts;
    Status status = readGgufTokenizer(file, parts);
    if (status.ok())
      status = addTokenizer(parts, assets);
    if (!status.ok())
      return Status(TENON_INVALID_ARGUMENT,
                    "'" + file.path().str() + "': " + status.error().message +
                        " (--asset tokenizer=tokenizer.json gives another)");
  }
  if (!has(assets, "chat_template"))
    if (std::optional<MetaValue> text = file.meta("tokenizer.chat_template"))
      if (auto *words = std::get_if<std::string>(&*text))
        assets.push_back(assetOf("chat_template", *words));
  return {};
}

Status collectAssets(ArrayRef<std::string> given, StringRef weights, std::vector<Asset> &assets) {
  for (const std::string &asset : given)
    TENON_TRY(addGiven(asset, assets));
  if (weights.empty())
    return {};
  WeightStore store;
  auto file = WeightFile::open(weights, store);
  if (!file)
    return Status(TENON_IO, toString(file.takeError()));
  return addFromWeights(**file, assets);
}

} // namespace tenon
