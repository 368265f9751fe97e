// tenon bench: latency of a bundle, and where its time goes.
//
// Runs for a while untouched for the latencies, then up to five times more with
// the profile on for the table of kernels and, of the last run, for the trace.
#include "runtime/tools/Model.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sys/resource.h>

using namespace tenon;
using namespace tenon::tools;
using nlohmann::json;

namespace {

constexpr const char *program = "tenon bench";

struct Options : ModelOptions {
  bool json = false, noProfile = false;
  std::string trace;
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
  double lastMs = 0, lastEnd = 0; ///< of the last run, the end in seconds of now()
};

/// One entry per launch, in order: the best time over the profiled runs, and when
/// it was in the last of them.
struct Profile {
  std::vector<KernelTime> launches;
  size_t next = 0;

  static void add(void *user, const tenon_launch_info *info) {
    Profile &profile = *static_cast<Profile *>(user);
    if (profile.next == profile.launches.size())
      profile.launches.push_back({info->kernel, info->nodes, info->flops, info->bytes});
    KernelTime &launch = profile.launches[profile.next++];
    launch.ms = std::min(launch.ms, info->ms);
    launch.lastMs = info->ms;
    launch.lastEnd = now();
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

/// The last profiled run in the format that Chrome's and Perfetto's viewers read
/// (Trace Event Format): complete events, times in microseconds.
json traceOf(const Model &model, const Profile &profile) {
  json events = json::array();
  auto name = [&](const char *what, int thread, const std::string &text) {
    events.push_back({{"name", what}, {"ph", "M"}, {"pid", 0}, {"tid", thread}, {"args", {{"name", text}}}});
  };
  name("process_name", 0, model.entryName());
  name("thread_name", 0, tenon_session_device(model.session()));
  if (profile.launches.empty())
    return {{"traceEvents", events}};
  const KernelTime &first = profile.launches.front();
  double origin = first.lastEnd - first.lastMs * 1e-3;
  for (const KernelTime &launch : profile.launches)
    events.push_back({{"name", launch.name},
                      {"cat", "kernel"},
                      {"ph", "X"},
                      {"pid", 0},
                      {"tid", 0},
                      {"ts", (launch.lastEnd - origin) * 1e6 - launch.lastMs * 1e3},
                      {"dur", launch.lastMs * 1e3},
                      {"args", {{"nodes", launch.nodes}, {"flops", launch.flops}, {"bytes", launch.bytes}}}});
  return {{"traceEvents", events}, {"displayTimeUnit", "ms"}};
}

Status writeTrace(const Model &model, const Profile &profile, const std::string &path) {
  std::ofstream file(path);
  file << traceOf(model, profile).dump(1, ' ', false, json::error_handler_t::replace) << "\n";
  file.close();
  return file ? Status() : Status(TENON_IO, "cannot write '" + path + "'");
}

/// "12.3 GFLOP/s, 4.5 GB/s" of what is known.
std::string rates(const json &kernel) {
  std::string text;
  double seconds = kernel["ms"].get<double>() * 1e-3;
  for (auto [key, unit] : {std::pair("flops", "GFLOP/s"), std::pair("bytes", "GB/s")}) {
    char number[48];
    if (kernel[key].is_null() || seconds <= 0)
      continue;
    std::snprintf(number, sizeof number, "%7.1f %s  ", kernel[key].get<double>() * 1e-9 / seconds, unit);
    text += number;
  }
  return text;
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
    std::printf("  %9.4f ms  %s%-24s %s\n", kernel["ms"].get<double>(), rates(kernel).c_str(),
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
  if (!options.trace.empty())
    TENON_TRY(writeTrace(model, profile, options.trace));
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
  CLI::Option *noProfile = app.add_flag("--no-profile", options.noProfile,
                                        "no times by kernel: they take up to five more runs");
  app.add_option("--trace", options.trace, "write a run for Chrome's trace viewer or Perfetto")
      ->excludes(noProfile)
      ->option_text("FILE");
  options.random = true;
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  try {
    return report(program, bench(options));
  } catch (const std::bad_alloc &) {
    return report(program, Status(TENON_OUT_OF_MEMORY, "out of memory"));
  }
}
