// tenon-sim run and profile: an unmodified program with our driver and runtime in
// front of the system's. The libraries get their options by environment
// variables and leave one report per process in a folder, which is merged here.
#include "sim/tools/Options.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenon::sim::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct ProgramOptions {
  SimOptions sim;
  std::vector<std::string> command;
  bool printJson = false;
};

/// A folder that goes away with the object.
struct ReportFolder {
  fs::path path;
  ReportFolder() {
    std::string name = (fs::temp_directory_path() / "tenon-sim-XXXXXX").string();
    if (!mkdtemp(name.data()))
      throw std::runtime_error("cannot make a folder for reports: " + std::string(std::strerror(errno)));
    path = name;
  }
  ~ReportFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

fs::path libraryFolder() {
  fs::path tool = fs::read_symlink("/proc/self/exe");
  for (fs::path candidate : {tool.parent_path() / "../lib/sim", tool.parent_path() / "../lib/tenon/sim"})
    if (fs::exists(candidate / "libcuda.so.1"))
      return fs::canonical(candidate);
  throw std::runtime_error("libcuda.so.1 of the simulator is not beside this program (../lib/sim)");
}

void setEnvironment(const SimOptions &o, const fs::path &reports) {
  auto set = [](const char *name, const std::string &value) { setenv(name, value.c_str(), 1); };
  std::string libraries = libraryFolder().string();
  if (const char *old = std::getenv("LD_LIBRARY_PATH"); old && *old)
    libraries += std::string(":") + old;
  set("LD_LIBRARY_PATH", libraries);
  set("TENON_SIM_GPU", o.gpu);
  set("TENON_SIM_GPUS", std::to_string(o.gpus));
  set("TENON_SIM_SEED", std::to_string(o.seed));
  set("TENON_SIM_ORDER", o.order);
  set("TENON_SIM_CHECKS", o.checks);
  set("TENON_SIM_THREADS", std::to_string(o.threads));
  set("TENON_SIM_MMA", o.fastMma ? "fast" : "exact");
  set("TENON_SIM_REPORT_DIR", reports.string());
}

/// The program's exit status; 128 + signal as shells say it.
int execute(const ProgramOptions &options, const fs::path &reports) {
  std::vector<char *> arguments;
  for (const std::string &word : options.command)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  libraryFolder(); // complains before the fork
  pid_t child = fork();
  if (child < 0)
    throw std::runtime_error("cannot start a process: " + std::string(std::strerror(errno)));
  if (child == 0) {
    setEnvironment(options.sim, reports);
    execvp(arguments[0], arguments.data());
    std::fprintf(stderr, "tenon-sim: cannot run '%s': %s\n", arguments[0], std::strerror(errno));
    _exit(127);
  }
  signal(SIGINT, SIG_IGN); // the program decides what an interrupt means
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// All lists `key` of the files that begin with `prefix`, one after the other.
json merge(const fs::path &folder, const std::string &prefix, const char *key) {
  json all = json::array();
  std::vector<fs::path> files;
  for (const auto &entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(prefix))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path &file : files) {
    std::ifstream stream(file);
    json report = json::parse(stream, nullptr, false);
    if (report.is_object() && report.contains(key))
      for (json &item : report[key])
        all.push_back(std::move(item));
  }
  return all;
}

void writeReport(const std::string &path, const json &findings) {
  std::ofstream file(path);
  file << json{{"findings", findings}}.dump(2) << "\n";
  if (!file)
    throw std::runtime_error("cannot write '" + path + "'");
}

int run(const ProgramOptions &options) {
  ReportFolder reports;
  int status = execute(options, reports.path);
  json findings = merge(reports.path, "findings-", "findings");
  if (!options.sim.report.empty())
    writeReport(options.sim.report, findings);
  if (!findings.empty())
    std::cerr << "tenon-sim: " << findings.size() << (findings.size() == 1 ? " finding\n" : " findings\n");
  return status == 0 && !findings.empty() ? 1 : status;
}

void printTable(const json &kernels) {
  std::printf("%-40s %8s %12s %12s %12s %12s %12s\n", "kernel", "launches", "alu+fma", "mma", "load+store",
              "sectors", "conflicts");
  for (const json &k : kernels) {
    const json &w = k["warp_instructions"];
    auto count = [](const json &j, const char *key) { return j.value(key, uint64_t(0)); };
    std::printf("%-40s %8llu %12llu %12llu %12llu %12llu %12llu\n",
                k.value("name", "").substr(0, 40).c_str(), (unsigned long long)count(k, "launches"),
                (unsigned long long)(count(w, "alu") + count(w, "fma")), (unsigned long long)count(w, "mma"),
                (unsigned long long)(count(w, "load") + count(w, "store")),
                (unsigned long long)(count(k, "global_sectors_read") + count(k, "global_sectors_written")),
                (unsigned long long)count(k, "bank_conflicts"));
  }
}

int profile(const ProgramOptions &options) {
  ReportFolder reports;
  int status = execute(options, reports.path);
  json kernels = merge(reports.path, "counters-", "kernels");
  if (options.printJson)
    std::cout << json{{"kernels", kernels}}.dump(2) << "\n";
  else
    printTable(kernels);
  return status;
}

void needProgram(const ProgramOptions &options) {
  if (options.command.empty())
    throw CLI::RequiredError("a program to run");
}

} // namespace

void addRun(CLI::App &app, const std::vector<std::string> &program, int &status) {
  auto options = std::make_shared<ProgramOptions>();
  options->command = program;
  CLI::App *command = app.add_subcommand("run", "run a program on simulated GPUs; status 1 if there are findings");
  options->sim.addTo(*command);
  command->footer("PROGRAM and its arguments follow the options");
  command->callback([options, &status] {
    needProgram(*options);
    status = run(*options);
  });
}

void addProfile(CLI::App &app, const std::vector<std::string> &program, int &status) {
  auto options = std::make_shared<ProgramOptions>();
  options->command = program;
  CLI::App *command = app.add_subcommand("profile", "run a program and print what its kernels did");
  command->add_flag("--json", options->printJson, "print counters as JSON");
  options->sim.addTo(*command);
  command->footer("PROGRAM and its arguments follow the options");
  command->callback([options, &status] {
    needProgram(*options);
    status = profile(*options);
  });
}

} // namespace tenon::sim::tools
