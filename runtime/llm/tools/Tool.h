// What the commands of language models share: options, reports, a signal.
#pragma once

#include "runtime/llm/generate/Generator.h"
#include "runtime/support/CommandLine.h"

namespace tenon::llm {

struct ToolOptions {
  std::string bundle;
  int threads = 0;
  GenerateOptions generate;
};

void addBundle(CLI::App &app, ToolOptions &options);
void addThreads(CLI::App &app, ToolOptions &options);
void addSampling(CLI::App &app, ToolOptions &options);

/// Prints "PROGRAM: error: MESSAGE"; the exit status.
int report(const char *program, const Status &status);
/// Runs a command's body: no exception leaves it.
int runTool(const char *program, const std::function<Status()> &body);

/// Fails with the position of the first byte that is no UTF-8.
Status checkText(std::string_view what, std::string_view text);
/// Writes to standard output at once; fails where nobody reads it or the disk is full.
Status print(std::string_view text);
Status readFile(const std::string &path, std::string &text);
/// The file holds the whole text or what it held before.
Status writeFile(const std::string &path, std::string_view text);

/// Catches Ctrl-C from here on: it sets a flag instead of ending the program.
void catchInterrupts();
/// Whether Ctrl-C came since the last call.
bool takeInterrupt();

} // namespace tenon::llm
