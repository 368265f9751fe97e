// What a warp knows of other clusters, of its own launch and of others: for each a
// row of clocks by entity. Few warps ever learn anything; most maps are empty.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace tenon::sim {

/// Launch serial << 32 | cluster -> clock by entity.
using Knowledge = std::map<uint64_t, std::vector<uint32_t>>;

void joinKnowledge(Knowledge &to, const Knowledge &from);
void joinKnowledge(Knowledge &to, uint64_t key, const uint32_t *row, uint32_t count);

/// The part of a warp's race state that only strong accesses need.
struct WarpSync {
  Knowledge outside;               // what it has acquired from other clusters
  bool fenced = false;             // released rows: what it knew at its last fence
  std::vector<uint32_t> fenceRow;
  Knowledge fenceOutside;
  bool pending = false;            // read by strong reads; acquired at the next fence
  Knowledge pendingKnowledge;
};

} // namespace tenon::sim
