// What the commands of language models share.
#include "runtime/llm/tools/Tool.h"

#include "runtime/llm/text/Utf8.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace tenon::llm {

void addBundle(CLI::App &app, ToolOptions &options) {
  app.add_option("BUNDLE", options.bundle, "the .tenon file of a language model")->required();
}

void addThreads(CLI::App &app, ToolOptions &options) {
  app.add_option("--threads", options.threads, "threads (default: one for each processor)")
      ->check(CLI::Range(0, 4096))
      ->option_text("N");
}

void addSampling(CLI::App &app, ToolOptions &options) {
  SamplingOptions &sampling = options.generate.sampling;
  auto number = [&](const char *name, auto &value, const char *help) {
    app.add_option(name, value, help)->option_text("X");
  };
  number("--temperature", sampling.temperature, "0 takes the best token (default)");
  number("--top-k", sampling.topK, "draw among so many best tokens (default: all)");
  number("--top-p", sampling.topP, "draw among the best with this probability together");
  number("--min-p", sampling.minP, "leave out what has less than this share of the best one's");
  number("--typical", sampling.typical, "draw among the typical with this probability together");
  number("--repeat-penalty", sampling.repeat, "divides the scores of recent tokens (default 1)");
  number("--presence-penalty", sampling.presence, "taken off the scores of recent tokens");
  number("--frequency-penalty", sampling.frequency, "the same for each time they were there");
  number("--penalty-window", sampling.window, "how many tokens are recent (default 64)");
  number("--seed", sampling.seed, "seed of the draws (default 0)");
  app.add_option("--max-tokens", options.generate.maxTokens, "the longest answer, in tokens")
      ->option_text("N");
  app.add_option("--stop", options.generate.stops, "a text that ends an answer")
      ->allow_extra_args(false)
      ->option_text("TEXT");
}

int report(const char *program, const Status &status) {
  if (status.ok())
    return 0;
  const ErrorInfo &error = status.error();
  std::string node = error.node.empty() ? "" : error.node + ": ";
  std::fprintf(stderr, "%s: error: %s%s\n", program, node.c_str(), error.message.c_str());
  return error.code == TENON_NO_DEVICE ? 3 : 1;
}

int runTool(const char *program, const std::function<Status()> &body) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return report(program, body());
  } catch (const std::bad_alloc &) {
    return report(program, Status(TENON_OUT_OF_MEMORY, "out of memory"));
  } catch (const std::exception &error) {
    return report(program, Status(TENON_INTERNAL, error.what()));
  }
}

Status checkText(std::string_view what, std::string_view text) {
  size_t at = findInvalid(text);
  return at == std::string_view::npos
             ? Status()
             : Status(TENON_INVALID_ARGUMENT, std::string(what) + " is no UTF-8 at byte " +
                                                  std::to_string(at));
}

static Status systemError(const std::string &what) {
  return Status(TENON_IO, what + ": " + std::strerror(errno));
}

Status print(std::string_view text) {
  bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written && std::fflush(stdout) == 0 ? Status() : systemError("cannot write the answer");
}

Status readFile(const std::string &path, std::string &text) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(file), {});
  return file && !file.bad() ? Status() : systemError("cannot read '" + path + "'");
}

Status writeFile(const std::string &path, std::string_view text) {
  std::string beside = path + ".part";
  std::FILE *file = std::fopen(beside.c_str(), "wb");
  if (!file)
    return systemError("cannot write '" + beside + "'");
  bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  written = std::fflush(file) == 0 && written;
  int problem = errno;
  if (std::fclose(file) == 0 && written && std::rename(beside.c_str(), path.c_str()) == 0)
    return {};
  if (!written)
    errno = problem;
  Status status = systemError("cannot write '" + path + "'");
  std::remove(beside.c_str());
  return status;
}

static std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void catchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = true; };
  sigaction(SIGINT, &action, nullptr); // without SA_RESTART: a read in wait returns
}

bool takeInterrupt() { return interrupted.exchange(false); }

} // namespace tenon::llm
