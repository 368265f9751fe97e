// tenon bench: latency of a bundle, and where its time goes.
//
// Runs for a while untouched for the latencies, then up to five times more with
// the profile on for the table of kernels.
#include "runtime/tools/Model.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sys/resource.h>

using namespace tenon;
using namespace tenon::tools;
using nlohmann::json;

namespace {

constexpr const char *program = "tenon bench";

struct Options : ModelOptions {
  bool json = false, noProfile = false;
  int runs = 0;
  double seconds = 2;
  int warmup = 3;
};

double now() {
  std::chrono::duration<double> time = std::chrono::steady_clock::now().time_since_epoch();
  return time.count();
}

struct KernelTime {
  std::string name, nodes;
  int64_t flops, bytes;
  double ms = 1e300;
};

/// One entry per launch, in order, with the best time over the profiled runs.
struct Profile {
  std::vector<KernelTime> launches;
  size_t next = 0;

  static void add(void *user, const tenon_launch_info *info) {
    Profile &profile = *static_cast<Profile *>(user);
    if (profile.next == profile.launches.size())
      profile.launches.push_back({info->kernel, info->nodes, info->flops, info->bytes});
    KernelTime &launch = profile.launches[profile.next++];
    launch.ms = std::min(launch.ms, info->ms);
  }
};

Status measure(Model &model, const Options &options, std::vector<double> &times) {
  for (int i = 0; i < options.warmup; ++i)
    TENON_TRY(model.run());
  double end = now() + options.seconds;
  do {
    double start = now();
    TENON_TRY(model.run());
    times.push_back((now() - start) * 1e3);
  } while (options.runs ? static_cast<int>(times.size()) < options.runs
                        : times.size() < 1000000 && now() < end);
  std::sort(times.begin(), times.end());
  return {};
}

Status takeProfile(Model &model, size_t measured, Profile &profile) {
  tenon_session_observe(model.session(), Profile::add, &profile);
  for (size_t i = 0; i < std::min<size_t>(measured, 5); ++i) {
    profile.next = 0;
    TENON_TRY(model.run());
  }
  tenon_session_observe(model.session(), nullptr, nullptr);
  return {};
}

json toJson(const Model &model, const std::vector<double> &times, const Profile &profile) {
  auto at = [&](double part) {
    return times[std::min(times.size() - 1, size_t(part * times.size()))];
  };
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  json kernels = json::array();
  auto known = [](int64_t value) { return value < 0 ? json() : json(value); };
  for (const KernelTime &launch : profile.launches)
    kernels.push_back({{"name", launch.name},
                       {"nodes", launch.nodes},
                       {"ms", launch.ms},
                       {"flops", known(launch.flops)},
                       {"bytes", known(launch.bytes)}});
  return {
      {"latency_ms", {{"min", times[0]}, {"median", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}}},
      {"runs", times.size()},
      {"threads", tenon_session_threads(model.session())},
      {"device", tenon_session_device(model.session())},
      {"peak_memory_bytes", int64_t{usage.ru_maxrss} * 1024},
      {"kernels", kernels}};
}

void print(const json &result) {
  const json &latency = result["latency_ms"];
  std::printf("%s: %zu runs\n", result["device"].get<std::string>().c_str(),
              result["runs"].get<size_t>());
  std::printf("latency ms: min %.3f, median %.3f, p90 %.3f, p99 %.3f\n",
              latency["min"].get<double>(), latency["median"].get<double>(),
              latency["p90"].get<double>(), latency["p99"].get<double>());
  std::printf("peak memory: %.1f MB\n", result["peak_memory_bytes"].get<double>() / 1e6);
  for (const json &kernel : result["kernels"])
    std::printf("  %9.4f ms  %-24s %s\n", kernel["ms"].get<double>(),
                kernel["name"].get<std::string>().c_str(),
                kernel["nodes"].get<std::string>().substr(0, 100).c_str());
}

/// CLI::Range lets a NaN pass.
std::string checkSeconds(const std::string &text) {
  double seconds = -1;
  bool good = CLI::detail::lexical_cast(text, seconds) && seconds >= 0 && seconds <= 1e6;
  return good ? "" : "expected 0 to 1000000 seconds, got '" + text + "'";
}

Status bench(const Options &options) {
  Model model;
  TENON_TRY(model.open(options));
  TENON_TRY(model.prepareInputs(options));
  std::vector<double> times;
  Profile profile;
  TENON_TRY(measure(model, options, times));
  if (!options.noProfile)
    TENON_TRY(takeProfile(model, times.size(), profile));
  json result = toJson(model, times, profile);
  if (options.json)
    std::puts(result.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  else
    print(result);
  return {};
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Measures a bundle; inputs that are not given are random.", program);
  Options options;
  addModelOptions(app, options);
  app.add_flag("--json", options.json, "print JSON");
  app.add_option("--runs", options.runs, "runs to measure, instead of a time")
      ->check(CLI::Range(1, 100000000))
      ->option_text("N");
  app.add_option("--seconds", options.seconds, "time to measure (default 2)")
      ->check(checkSeconds)
      ->option_text("S");
  app.add_option("--warmup", options.warmup, "runs before measuring (default 3)")
      ->check(CLI::Range(0, 100000))
      ->option_text("N");
  app.add_flag("--no-profile", options.noProfile,
               "no times by kernel: they take up to five more runs");
  options.random = true;
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  try {
    return report(program, bench(options));
  } catch (const std::bad_alloc &) {
    return report(program, Status(TENON_OUT_OF_MEMORY, "out of memory"));
  }
}
