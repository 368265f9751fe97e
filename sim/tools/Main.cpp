// tenon-sim: runs CUDA programs, or single PTX kernels, on simulated GPUs.
#include "sim/tools/Options.h"

#include "sim/machine/GpuSpec.h"
#include "sim/machine/Options.h"

#include <algorithm>

namespace tenon::sim::tools {

void SimOptions::addTo(CLI::App &app) {
  app.add_option("--gpu", gpu, "simulated GPU: a100 a10 h100 h200 l40s b200 rtx4090 rtx5090 fictional")
      ->check([](const std::string &name) {
        return findGpuSpec(name) ? std::string() : "unknown GPU '" + name + "'";
      });
  app.add_option("--gpus", gpus, "number of GPUs")->check(CLI::Range(0, 64));
  app.add_option("--seed", seed, "seed of every choice");
  app.add_option("--order", order, "completion of asynchronous engines: eager, lazy, random")
      ->check([](const std::string &name) {
        return findOrder(name) ? std::string() : "unknown order '" + name + "'";
      });
  app.add_option("--checks", checks, "all, none, or a list such as race_shared,leak or all,-leak")
      ->check([](const std::string &list) {
        std::string unknown;
        return Checks::parse(list, unknown) ? std::string() : "unknown check '" + unknown + "'";
      });
  app.add_option("--report", report, "write findings as JSON to this file");
  app.add_option("--threads", threads, "host threads per launch (0: all)");
  app.add_flag_callback("--mma-fast", [this] { fastMma = true; }, "matrix products as plain f32 chains");
}

std::vector<std::string> takeProgram(std::vector<std::string> &words) {
  if (words.empty() || (words[0] != "run" && words[0] != "profile"))
    return {};
  size_t at = 1;
  while (at < words.size() && words[at].starts_with("-") && words[at] != "--") {
    bool flag = words[at] == "--mma-fast" || words[at] == "--json" || words[at] == "-h" ||
                words[at] == "--help" || words[at].find('=') != std::string::npos;
    at += flag ? 1 : 2;
  }
  at = std::min(at, words.size());
  std::vector<std::string> program(words.begin() + static_cast<ptrdiff_t>(at), words.end());
  words.resize(at);
  if (!program.empty() && program[0] == "--")
    program.erase(program.begin());
  return program;
}

} // namespace tenon::sim::tools

int main(int argc, char **argv) {
  using namespace tenon::sim::tools;
  CLI::App app("Run CUDA programs on simulated GPUs and check them", "tenon-sim");
  app.require_subcommand(1);
  int status = 0;
  std::vector<std::string> words(argv + 1, argv + argc);
  std::vector<std::string> program = takeProgram(words);
  std::reverse(words.begin(), words.end()); // as CLI11 wants them
  addRun(app, program, status);
  addProfile(app, program, status);
  addLaunch(app, status);
  addInfo(app, status);
  try {
    app.parse(words);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception &error) {
    std::cerr << "tenon-sim: " << error.what() << "\n";
    return 1;
  }
  return status;
}
