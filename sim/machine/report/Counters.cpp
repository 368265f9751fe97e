// Adding counters up, and their JSON.
#include "sim/machine/report/Counters.h"
#include <nlohmann/json.hpp>

namespace tenon::sim {
namespace {

constexpr uint64_t MemoryCounters::*fields[] = {
    &MemoryCounters::globalSectorsRead, &MemoryCounters::globalSectorsWritten,
    &MemoryCounters::globalRequests,    &MemoryCounters::globalBytesRead,
    &MemoryCounters::globalBytesWritten, &MemoryCounters::sharedBytesRead,
    &MemoryCounters::sharedBytesWritten, &MemoryCounters::localBytesRead,
    &MemoryCounters::localBytesWritten, &MemoryCounters::sharedFillBytes,
    &MemoryCounters::bankConflicts,     &MemoryCounters::tensorFlops};
constexpr const char *names[] = {
    "global_sectors_read", "global_sectors_written", "global_requests",    "global_bytes_read",
    "global_bytes_written", "shared_bytes_read",     "shared_bytes_written", "local_bytes_read",
    "local_bytes_written", "shared_fill_bytes",      "bank_conflicts",     "tensor_flops"};
constexpr const char *classes[] = {"alu", "fma", "mma", "load", "store", "barrier", "other"};

void put(nlohmann::json &to, const MemoryCounters &memory, bool all) {
  for (size_t i = 0; i < std::size(fields); ++i)
    if (all || memory.*fields[i])
      to[names[i]] = memory.*fields[i];
}

nlohmann::json toJson(const KernelCounters &kernel) {
  nlohmann::json j{{"name", kernel.name},
                   {"launches", kernel.launches},
                   {"blocks", kernel.blocks},
                   {"warps", kernel.warps},
                   {"divergent_instructions", kernel.divergentInstructions},
                   {"thread_instructions", kernel.threadInstructions}};
  for (unsigned i = 0; i < instructionClassCount; ++i)
    j["warp_instructions"][classes[i]] = kernel.instructions[i];
  put(j, kernel.memory, true);
  j["lines"] = nlohmann::json::array();
  for (const LineCounters &line : kernel.lines) {
    nlohmann::json l{{"file", line.file}, {"line", line.line}, {"instructions", line.instructions}};
    put(l, line.memory, false);
    j["lines"].push_back(std::move(l));
  }
  return j;
}

} // namespace

MemoryCounters &MemoryCounters::operator+=(const MemoryCounters &other) {
  for (auto field : fields)
    this->*field += other.*field;
  return *this;
}

KernelCounters &KernelCounters::operator+=(const KernelCounters &other) {
  launches += other.launches;
  blocks += other.blocks;
  warps += other.warps;
  for (unsigned i = 0; i < instructionClassCount; ++i)
    instructions[i] += other.instructions[i];
  divergentInstructions += other.divergentInstructions;
  threadInstructions += other.threadInstructions;
  memory += other.memory;
  std::map<std::pair<std::string, uint32_t>, LineCounters> byLine;
  const std::vector<LineCounters> *lists[] = {&lines, &other.lines};
  for (const auto *list : lists)
    for (const LineCounters &line : *list) {
      LineCounters &sum = byLine[{line.file, line.line}];
      sum.file = line.file;
      sum.line = line.line;
      sum.instructions += line.instructions;
      sum.memory += line.memory;
    }
  lines.clear();
  for (auto &[key, line] : byLine)
    lines.push_back(std::move(line));
  return *this;
}

void CounterTable::add(const KernelCounters &counters) {
  std::lock_guard lock(mutex);
  KernelCounters &sum = byName[counters.name];
  sum.name = counters.name;
  sum += counters;
}

std::vector<KernelCounters> CounterTable::all() const {
  std::lock_guard lock(mutex);
  std::vector<KernelCounters> result;
  for (const auto &[name, counters] : byName)
    result.push_back(counters);
  return result;
}

void CounterTable::clear() {
  std::lock_guard lock(mutex);
  byName.clear();
}

std::string CounterTable::json() const {
  nlohmann::json kernels = nlohmann::json::array();
  for (const KernelCounters &kernel : all())
    kernels.push_back(toJson(kernel));
  return nlohmann::json{{"kernels", kernels}}.dump(2);
}

} // namespace tenon::sim
