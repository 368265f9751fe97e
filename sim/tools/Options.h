// Options that the commands of tenon-sim share: which GPUs, which checks.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace tenon::sim::tools {

struct SimOptions {
  std::string gpu = "a100", order = "eager", checks = "all", report;
  unsigned gpus = 1, threads = 0;
  uint64_t seed = 0;
  bool fastMma = false;

  void addTo(CLI::App &app);
};

/// The program that run and profile start, with its arguments: everything from
/// the first word that is no option of ours on (or behind `--`). Taken off the
/// command line before it is parsed, since the program's options are its own.
std::vector<std::string> takeProgram(std::vector<std::string> &words);

/// Each adds its command; the callback sets `status`, the program's exit status.
void addRun(CLI::App &app, const std::vector<std::string> &program, int &status);
void addProfile(CLI::App &app, const std::vector<std::string> &program, int &status);
void addInfo(CLI::App &app, int &status);
void addLaunch(CLI::App &app, int &status);

} // namespace tenon::sim::tools
