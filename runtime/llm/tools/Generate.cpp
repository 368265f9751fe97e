// tenon generate: continues a text, or answers a question.
#include "runtime/llm/tools/Tool.h"

#include <chrono>
#include <nlohmann/json.hpp>

using namespace tenon;
using namespace tenon::llm;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char *program = "tenon generate";

struct Options : ToolOptions {
  std::string prompt, system;
  bool chat = false, json = false;
};

Status tokensOf(const LanguageModel &model, const Options &options, std::vector<TokenId> &tokens) {
  TENON_TRY(checkText("the prompt", options.prompt));
  TENON_TRY(checkText("the system's text", options.system));
  std::string text = options.prompt;
  if (options.chat) {
    Json messages = Json::array();
    if (!options.system.empty())
      messages.push_back({{"role", "system"}, {"content", options.system}});
    messages.push_back({{"role", "user"}, {"content", options.prompt}});
    TENON_TRY(model.prompt(messages, text));
  }
  // A template has written the tokens at the beginning itself.
  tokens = model.tokenizer().encode(text, {.addSpecial = !options.chat});
  return tokens.empty() ? Status(TENON_INVALID_ARGUMENT, "the prompt has no token") : Status();
}

Json scoresOf(const Tokenizer &tokenizer, TokenId id, float logarithm) {
  return {{"id", id},
          {"token", replaceInvalid(tokenizer.bytes(id))},
          {"logprob", logarithm}};
}

Json reportOf(const LanguageModel &model, const Options &options,
              const std::vector<TokenId> &prompt, const Answer &answer, double load) {
  auto rate = [](size_t count, double seconds) { return seconds > 0 ? count / seconds : 0.0; };
  size_t decoded = answer.tokens.empty() ? 0 : answer.tokens.size() - 1;
  Json report = {{"text", answer.text},
                 {"tokens", answer.tokens},
                 {"prompt_tokens", prompt},
                 {"finish_reason", answer.finish},
                 {"timings",
                  {{"load_ms", load * 1e3},
                   {"prefill_tokens_per_s", rate(prompt.size(), answer.prefillSeconds)},
                   {"decode_tokens_per_s", rate(decoded, answer.decodeSeconds)}}}};
  if (!options.generate.wantsLogprobs)
    return report;
  report["logprobs"] = Json::array();
  for (const TokenScores &scores : answer.scores) {
    Json entry = scoresOf(model.tokenizer(), scores.id, scores.logarithm);
    entry["top"] = Json::array();
    for (const TokenProbability &other : scores.best)
      entry["top"].push_back(scoresOf(model.tokenizer(), other.id, other.logarithm));
    report["logprobs"].push_back(std::move(entry));
  }
  return report;
}

Status run(const Options &options) {
  auto start = std::chrono::steady_clock::now();
  std::shared_ptr<const LanguageModel> model;
  Session session;
  std::vector<TokenId> prompt;
  TENON_TRY(LanguageModel::open(options.bundle, model));
  TENON_TRY(Session::open(model, {options.threads}, session));
  double load = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  TENON_TRY(tokensOf(*model, options, prompt));
  Status written;
  Answer answer;
  catchInterrupts();
  auto show = [&](std::string_view text) {
    if (!options.json)
      written = print(text);
    return written.ok() && !takeInterrupt();
  };
  TENON_TRY(generate(session, prompt, options.generate, show, answer));
  TENON_TRY(std::move(written));
  return print(options.json ? reportOf(*model, options, prompt, answer, load).dump() + "\n" : "\n");
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Continues a text.", program);
  Options options;
  addBundle(app, options);
  app.add_option("--prompt", options.prompt, "the text")->required()->option_text("TEXT");
  app.add_flag("--chat", options.chat, "the prompt is a message: the model's template is applied");
  app.add_option("--system", options.system, "with --chat: what the model is told before")
      ->option_text("TEXT");
  addSampling(app, options);
  app.add_flag("--ignore-eos", options.generate.ignoreEnd, "go on after the end of an answer");
  CLI::Option *logprobs = app.add_option("--logprobs", options.generate.logprobs,
                                         "with --json: each token's logarithm of probability, and "
                                         "so many of the best")
                              ->option_text("N");
  app.add_flag("--json", options.json, "a report instead of the text");
  addThreads(app, options);
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  options.generate.wantsLogprobs = logprobs->count() > 0;
  if (!options.system.empty() && !options.chat)
    return misuse(app, "--system is a message: it needs --chat");
  if (options.generate.wantsLogprobs && !options.json)
    return misuse(app, "--logprobs goes into the report: it needs --json");
  return runTool(program, [&] { return run(options); });
}
