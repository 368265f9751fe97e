// Basic blocks of a draft function and who follows whom.
#include "sim/machine/code/Draft.h"
#include <algorithm>

namespace tenon::sim {

std::vector<DraftBlock> findBlocks(const DraftFunction &function) {
  uint32_t count = uint32_t(function.ops.size());
  std::vector<bool> starts(count + 1, false);
  starts[0] = true;
  for (uint32_t label : function.labels)
    starts[label] = true;
  for (uint32_t i = 0; i < count; ++i)
    if (function.ops[i].endsBlock())
      starts[i + 1] = true;
  std::vector<DraftBlock> blocks;
  std::vector<uint32_t> blockAt(count + 1, noIndex);
  for (uint32_t i = 0; i < count; ++i) {
    if (starts[i])
      blocks.push_back({i, i, {}});
    blockAt[i] = uint32_t(blocks.size() - 1);
    blocks.back().last = i + 1;
  }
  for (DraftBlock &block : blocks) {
    const DraftOp &end = function.ops[block.last - 1];
    if (end.fallsThrough() && block.last < count)
      block.successors.push_back(blockAt[block.last]);
    if (end.label != noIndex)
      block.successors.push_back(blockAt[function.labels[end.label]]);
    if (end.table >= 0)
      for (uint32_t label : function.tables[size_t(end.table)])
        block.successors.push_back(blockAt[function.labels[label]]);
  }
  return blocks;
}

} // namespace tenon::sim
