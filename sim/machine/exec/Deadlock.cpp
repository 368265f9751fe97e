// Who waits for what, in words, for the report of a deadlock.
#include "sim/machine/exec/Launch.h"

namespace tenon::sim {
namespace {

std::string waitText(const Warp &warp, const WaitingSplit &w) {
  const Program &program = *warp.program;
  const Op *op = w.kind == WaitKind::Barrier ? w.split.pc - 1 : w.split.pc;
  std::string at = " at PTX line " + std::to_string(program.info[program.indexOf(op)].line);
  switch (w.kind) {
  case WaitKind::Barrier: {
    const NamedBarrier &b = warp.block->barriers[w.object];
    uint32_t expected = b.expected ? b.expected : warp.block->liveThreads;
    return "waits for barrier " + std::to_string(w.object) + " (" + std::to_string(b.arrived) +
           " of " + std::to_string(expected) + " threads)" + at;
  }
  case WaitKind::Meeting:
    return "waits for other lanes of its warp" + at;
  case WaitKind::Extended: {
    bool extended = HandlerId(op->handler) == HandlerId::Extended;
    return std::string("waits in ") +
           (extended ? program.extended[size_t(op->imm)]->name : "an instruction") + at;
  }
  default:
    return "waits" + at;
  }
}

} // namespace

std::string describeWaits(const Cluster &cluster) {
  std::string text;
  for (const auto &block : cluster.blocks)
    for (const Warp &warp : block->warps) {
      if (warp.finished || text.size() > 4000)
        continue;
      text += "block " + std::to_string(block->linear) + " warp " + std::to_string(warp.index) + " ";
      if (warp.waiting.empty())
        text += "polls memory at PTX line " +
                std::to_string(warp.program->info[warp.program->indexOf(warp.pc)].line);
      for (const WaitingSplit &w : warp.waiting)
        text += waitText(warp, w) + (&w == &warp.waiting.back() ? "" : ", ");
      text += "; ";
    }
  return text;
}

} // namespace tenon::sim
