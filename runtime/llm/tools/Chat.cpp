// tenon chat: a conversation in a terminal, or a message a line from a pipe.
#include "runtime/llm/tools/Tool.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace tenon;
using namespace tenon::llm;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char *program = "tenon chat";
constexpr const char *help = "/reset forgets the conversation, /save FILE writes it as JSON, "
                             "/quit (or Ctrl-D) ends; Ctrl-C stops an answer\n";

struct Options : ToolOptions {
  std::string system;
};

class Conversation {
public:
  explicit Conversation(const Options &options) : options(options) {}

  Status open() {
    TENON_TRY(checkText("the system's text", options.system));
    TENON_TRY(LanguageModel::open(options.bundle, model));
    TENON_TRY(Session::open(model, {options.threads}, session));
    reset();
    std::string text; // a template that is missing or wrong is said now
    Json probe = messages;
    probe.push_back({{"role", "user"}, {"content", "?"}});
    return model->prompt(probe, text);
  }

  void reset() {
    messages = Json::array();
    if (!options.system.empty())
      messages.push_back({{"role", "system"}, {"content", options.system}});
  }

  /// Shows the answer; after an error the conversation is as before the message.
  Status ask(const std::string &message) {
    TENON_TRY(checkText("the message", message));
    Json before = messages;
    messages.push_back({{"role", "user"}, {"content", message}});
    Answer answer;
    Status status = reply(answer);
    if (!status.ok())
      messages = std::move(before);
    else
      messages.push_back({{"role", "assistant"}, {"content", answer.text}});
    return status;
  }

  Status save(const std::string &path) const { return writeFile(path, messages.dump(2) + "\n"); }

private:
  Status reply(Answer &answer) {
    std::string prompt;
    TENON_TRY(model->prompt(messages, prompt));
    std::vector<TokenId> tokens = model->tokenizer().encode(prompt, {.addSpecial = false});
    Status written;
    takeInterrupt();
    auto show = [&](std::string_view text) {
      written = print(text);
      return written.ok() && !takeInterrupt();
    };
    TENON_TRY(generate(session, tokens, options.generate, show, answer));
    TENON_TRY(std::move(written));
    return print("\n");
  }

  const Options &options;
  std::shared_ptr<const LanguageModel> model;
  Session session;
  Json messages;
};

/// A line without its end; false at the end of input. Ctrl-C gives an empty line.
bool readLine(std::string &line) {
  line.clear();
  for (int c; (c = std::getchar()) != EOF;) {
    if (c == '\n')
      return true;
    line += static_cast<char>(c);
  }
  if (takeInterrupt()) {
    std::clearerr(stdin);
    line.clear();
    return true;
  }
  return !line.empty();
}

/// Commands of a terminal; false for a message.
bool command(Conversation &conversation, const std::string &line, bool &ends, Status &status) {
  if (line.empty() || line[0] != '/')
    return false;
  std::string name = line.substr(0, line.find(' '));
  std::string rest = name.size() < line.size() ? line.substr(name.size() + 1) : "";
  if (name == "/quit")
    ends = true;
  else if (name == "/reset")
    conversation.reset();
  else if (name == "/save" && !rest.empty())
    status = conversation.save(rest);
  else
    status = print(help);
  return true;
}

Status talk(const Options &options) {
  Conversation conversation(options);
  TENON_TRY(conversation.open());
  bool terminal = ::isatty(STDIN_FILENO);
  catchInterrupts();
  if (terminal)
    TENON_TRY(print(help));
  Status last;
  std::string line;
  for (bool ends = false; !ends;) {
    if (terminal)
      TENON_TRY(print("> "));
    if (!readLine(line))
      break;
    Status status;
    if (line.empty() || command(conversation, line, ends, status)) {
      if (!status.ok())
        report(program, status);
      continue;
    }
    status = conversation.ask(line);
    if (status.ok())
      continue;
    // Nobody is left to talk to; other errors leave the conversation usable.
    if (status.error().code == TENON_IO)
      return status;
    report(program, status);
    last = Status(status.error().code, "not every message was answered");
  }
  return terminal ? Status() : std::move(last);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Talks with a language model.", program);
  Options options;
  addBundle(app, options);
  app.add_option("--system", options.system, "what the model is told before the conversation")
      ->option_text("TEXT");
  addSampling(app, options);
  addThreads(app, options);
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  return runTool(program, [&] { return talk(options); });
}
