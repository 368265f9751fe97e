// tenon tokenize: text to the numbers of its tokens, and back.
#include "runtime/llm/tools/Tool.h"

#include <charconv>

using namespace tenon;
using namespace tenon::llm;

namespace {

constexpr const char *program = "tenon tokenize";

struct Options : ToolOptions {
  std::string text, file;
  bool decode = false, special = true;
};

Status encode(const Tokenizer &tokenizer, const Options &options) {
  TENON_TRY(checkText("the text", options.text));
  std::string line;
  for (TokenId id : tokenizer.encode(options.text, {.addSpecial = options.special}))
    line += (line.empty() ? "" : " ") + std::to_string(id);
  return print(line + "\n");
}

Status decode(const Tokenizer &tokenizer, const std::string &text) {
  std::vector<TokenId> ids;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    while (at < end && (std::isspace(static_cast<unsigned char>(*at)) || *at == ','))
      ++at;
    if (at == end)
      break;
    TokenId id = 0;
    auto [rest, error] = std::from_chars(at, end, id);
    if (error != std::errc() || !tokenizer.vocabulary().has(id))
      return Status(TENON_INVALID_ARGUMENT,
                    "'" + std::string(at, std::find(at, end, ' ')) + "' is no token, expected 0 to " +
                        std::to_string(tokenizer.vocabulary().size() - 1));
    ids.push_back(id);
    at = rest;
  }
  return print(tokenizer.decode(ids, /*skipSpecial=*/false) + "\n");
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Shows the tokens of a text.", program);
  Options options;
  addBundle(app, options);
  CLI::Option *text = app.add_option("TEXT", options.text, "the text, or with --decode numbers");
  app.add_option("--file", options.file, "a file instead of TEXT")->excludes(text)->option_text("FILE");
  app.add_flag("--decode", options.decode, "numbers to text");
  app.add_flag("--special,!--no-special", options.special,
               "with the tokens that the model wants around a text (default)");
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  return runTool(program, [&]() -> Status {
    if (!options.file.empty())
      TENON_TRY(readFile(options.file, options.text));
    std::shared_ptr<const LanguageModel> model;
    TENON_TRY(LanguageModel::open(options.bundle, model));
    TENON_TRY(model->needTokenizer());
    return options.decode ? decode(model->tokenizer(), options.text)
                          : encode(model->tokenizer(), options);
  });
}
