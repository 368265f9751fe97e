// Instruction counts come from executions of basic blocks times what each holds;
// memory counts from each instruction's own counters; both are given to lines.
#include "sim/machine/report/Lines.h"
#include <map>

namespace tenon::sim {
namespace {

using LineKey = std::pair<std::string, uint32_t>;

LineKey lineOf(const Program &program, uint32_t op) {
  const OpInfo &info = program.info[op];
  const auto &locations = program.module->locations;
  if (info.location == 0 || info.location >= locations.size())
    return {"", info.line};
  const ptx::Location &at = locations[info.location];
  bool known = at.file < program.module->files.size();
  return {known ? program.module->files[at.file] : "", at.line};
}

} // namespace

KernelCounters sumCounters(const Launch &launch, const std::vector<WorkerCounters> &counters) {
  const Program &program = *launch.program;
  KernelCounters total;
  total.name = launch.kernel->name;
  total.launches = 1;
  std::map<LineKey, LineCounters> lines;
  bool byLine = launch.machine->options().countLines;
  for (const WorkerCounters &c : counters) {
    total.blocks += c.blocks;
    total.warps += c.warps;
    for (size_t b = 0; b < program.blocks.size(); ++b) {
      const BasicBlock &block = program.blocks[b];
      uint64_t runs = c.full[b] + c.masked[b];
      if (!runs)
        continue;
      for (unsigned k = 0; k < instructionClassCount; ++k)
        total.instructions[k] += runs * block.mix[k];
      total.divergentInstructions += c.divergent[b] * block.instructions;
      total.threadInstructions += (c.full[b] * laneCount + c.lanes[b]) * block.instructions;
      for (uint32_t op : block.instructionOps)
        if (byLine)
          lines[lineOf(program, op)].instructions += runs;
    }
    for (size_t s = 0; s < program.sites.size(); ++s) {
      total.memory += c.sites[s];
      if (byLine)
        lines[lineOf(program, program.sites[s].op)].memory += c.sites[s];
    }
  }
  for (auto &[key, line] : lines) {
    line.file = key.first;
    line.line = key.second;
    total.lines.push_back(line);
  }
  return total;
}

} // namespace tenon::sim
