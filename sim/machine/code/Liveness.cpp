// Which registers are live where, per thread. A write under a guard does not end
// the life of the old value, except for reads under the same guard in the block.
//
// What is live at the entry is read on some path before it was written: those are
// the registers whose validity is tracked (definite assignment, the other way).
#include "sim/machine/code/Draft.h"
#include <unordered_map>
#include <unordered_set>

namespace tenon::sim {
namespace {

using Bits = std::vector<uint64_t>;

struct BlockSets {
  Bits uses, kills;
};

uint32_t guardOf(const DraftOp &op) {
  for (const DraftUse &use : op.uses)
    if (use.field == Field::Guard)
      return use.reg << 1 | op.guardNegated;
  return noIndex;
}

void scan(const DraftFunction &function, const DraftBlock &block, BlockSets &sets) {
  auto has = [](const Bits &bits, uint32_t r) { return bits[r >> 6] >> (r & 63) & 1; };
  auto put = [](Bits &bits, uint32_t r) { bits[r >> 6] |= 1ull << (r & 63); };
  std::unordered_map<uint32_t, uint32_t> guardedWrites; // register -> its guard
  for (uint32_t i = block.first; i < block.last; ++i) {
    const DraftOp &op = function.ops[i];
    uint32_t guard = op.guarded ? guardOf(op) : noIndex;
    for (const DraftUse &use : op.uses) {
      if (use.write || has(sets.kills, use.reg))
        continue;
      auto it = guardedWrites.find(use.reg);
      if (it == guardedWrites.end() || it->second != guard || use.field == Field::Guard)
        put(sets.uses, use.reg);
    }
    for (const DraftUse &use : op.uses) {
      if (!use.write)
        continue;
      if (guard == noIndex)
        put(sets.kills, use.reg);
      else
        guardedWrites[use.reg] = guard;
      std::erase_if(guardedWrites, [&](auto &entry) { return entry.second >> 1 == use.reg; });
    }
  }
}

} // namespace

Liveness findLiveness(const Draft &draft, const DraftFunction &function,
                      const std::vector<DraftBlock> &blocks) {
  size_t words = draft.registers.size() / 64 + 1;
  std::vector<BlockSets> sets(blocks.size(), {Bits(words, 0), Bits(words, 0)});
  for (size_t b = 0; b < blocks.size(); ++b)
    scan(function, blocks[b], sets[b]);
  Liveness result;
  result.liveOut.assign(blocks.size(), Bits(words, 0));
  result.liveIn = result.liveOut;
  bool changed = true;
  while (changed) {
    changed = false;
    for (size_t b = blocks.size(); b-- > 0;) {
      Bits &out = result.liveOut[b];
      for (uint32_t s : blocks[b].successors)
        for (size_t w = 0; w < words; ++w)
          out[w] |= result.liveIn[s][w];
      for (size_t w = 0; w < words; ++w) {
        uint64_t in = sets[b].uses[w] | (out[w] & ~sets[b].kills[w]);
        changed |= in != result.liveIn[b][w];
        result.liveIn[b][w] = in;
      }
    }
  }
  std::unordered_set<uint32_t> preset(draft.presetRegisters.begin(), draft.presetRegisters.end());
  for (uint32_t r = 0; r < draft.registers.size(); ++r)
    if (!blocks.empty() && result.liveIn[0][r >> 6] >> (r & 63) & 1 && !preset.count(r))
      result.maybeUnset.push_back(r);
  return result;
}

} // namespace tenon::sim
