// tenon perplexity: how well a model expects a text. The text is read in windows of the
// context; every token but a window's first is scored by those before it in the window.
#include "runtime/llm/tools/Tool.h"

#include <cmath>
#include <nlohmann/json.hpp>

using namespace tenon;
using namespace tenon::llm;

namespace {

constexpr const char *program = "tenon perplexity";
/// Tokens of a run: their scores are all in memory.
constexpr size_t piece = 64;

struct Options : ToolOptions {
  std::string file;
  size_t window = 0;
  bool json = false;
};

class Meter {
public:
  explicit Meter(Session &session) : session(session) {}

  Status read(std::span<const TokenId> window) {
    session.truncate(0);
    for (size_t at = 0; at < window.size(); at += piece) {
      std::span<const float> rows;
      std::span<const TokenId> part = window.subspan(at, std::min(piece, window.size() - at));
      TENON_TRY(session.feedEach(part, rows));
      size_t width = session.model().vocabulary();
      for (size_t i = 0; i < part.size() && at + i + 1 < window.size(); ++i)
        TENON_TRY(add(rows.subspan(i * width, width), window[at + i + 1]));
    }
    return {};
  }

  size_t count() const { return scored; }
  double perplexity() const { return std::exp(-sum / static_cast<double>(scored)); }

private:
  Status add(std::span<const float> row, TokenId next) {
    std::vector<TokenProbability> none;
    if (bestToken(row) == noToken)
      return Status(TENON_EXECUTION, "the model scored no token with a number");
    sum += logProbability(row, next, 0, none);
    ++scored;
    return {};
  }

  Session &session;
  double sum = 0;
  size_t scored = 0;
};

Status run(const Options &options) {
  std::string text;
  std::shared_ptr<const LanguageModel> model;
  Session session;
  TENON_TRY(readFile(options.file, text));
  TENON_TRY(checkText("'" + options.file + "'", text));
  TENON_TRY(LanguageModel::open(options.bundle, model));
  TENON_TRY(Session::open(model, {options.threads}, session));
  std::vector<TokenId> tokens = model->tokenizer().encode(text, {.parseSpecial = false});
  if (tokens.size() < 2)
    return Status(TENON_INVALID_ARGUMENT, "'" + options.file + "' has " +
                                              std::to_string(tokens.size()) +
                                              " tokens, expected at least 2");
  size_t window = options.window ? std::min(options.window, model->context()) : model->context();
  Meter meter(session);
  for (size_t at = 0; at + 1 < tokens.size(); at += window)
    TENON_TRY(meter.read(std::span(tokens).subspan(at, std::min(window, tokens.size() - at))));
  nlohmann::ordered_json report = {{"tokens", meter.count()}, {"perplexity", meter.perplexity()}};
  return print(options.json ? report.dump() + "\n"
                            : std::to_string(meter.perplexity()) + " over " +
                                  std::to_string(meter.count()) + " tokens\n");
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Measures how well a model expects a text.", program);
  Options options;
  addBundle(app, options);
  app.add_option("--file", options.file, "the text")->required()->option_text("FILE");
  app.add_option("--window", options.window, "tokens of a window (default: the context)")
      ->check(CLI::Range(2, 1 << 30))
      ->option_text("N");
  app.add_flag("--json", options.json, "a report instead of a line");
  addThreads(app, options);
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  return runTool(program, [&] { return run(options); });
}
