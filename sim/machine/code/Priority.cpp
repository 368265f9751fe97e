// The order in which splits run: reverse postorder, loops kept together.
//
// 1. Find back edges and the loops they close; give each block its loop depth.
// 2. Walk depth first, going into the successors of least loop depth first: loop
//    exits are finished early and so come late in the reverse postorder.
// Lanes that leave a loop then wait behind it until the last lane has left.
#include "sim/machine/code/Draft.h"
#include <algorithm>

namespace tenon::sim {
namespace {

struct Walk {
  const std::vector<DraftBlock> &blocks;
  std::vector<uint32_t> postorder;
  std::vector<uint8_t> state; // 0 new, 1 open, 2 done
  std::vector<std::pair<uint32_t, uint32_t>> backEdges;

  explicit Walk(const std::vector<DraftBlock> &blocks) : blocks(blocks), state(blocks.size(), 0) {}

  void run(const std::vector<uint32_t> &depth) {
    struct Entry {
      uint32_t block;
      std::vector<uint32_t> next;
      size_t at = 0;
    };
    auto enter = [&](uint32_t block) {
      Entry entry{block, blocks[block].successors};
      std::sort(entry.next.begin(), entry.next.end(),
                [&](uint32_t a, uint32_t b) {
                  return depth[a] != depth[b] ? depth[a] < depth[b] : a < b;
                });
      state[block] = 1;
      return entry;
    };
    std::vector<Entry> stack;
    stack.push_back(enter(0));
    while (!stack.empty()) {
      Entry &top = stack.back();
      if (top.at == top.next.size()) {
        state[top.block] = 2;
        postorder.push_back(top.block);
        stack.pop_back();
        continue;
      }
      uint32_t next = top.next[top.at++];
      if (state[next] == 1)
        backEdges.push_back({top.block, next});
      else if (state[next] == 0)
        stack.push_back(enter(next));
    }
  }
};

/// Blocks of the loop that the edge from `tail` back to `head` closes.
std::vector<uint32_t> loopBody(const std::vector<std::vector<uint32_t>> &predecessors,
                               uint32_t tail, uint32_t head) {
  std::vector<bool> in(predecessors.size(), false);
  std::vector<uint32_t> body{head}, work;
  in[head] = true;
  if (!in[tail]) {
    in[tail] = true;
    body.push_back(tail);
    work.push_back(tail);
  }
  while (!work.empty()) {
    uint32_t block = work.back();
    work.pop_back();
    for (uint32_t p : predecessors[block])
      if (!in[p]) {
        in[p] = true;
        body.push_back(p);
        work.push_back(p);
      }
  }
  return body;
}

/// Loops as lists of blocks; several back edges to one head are one loop.
std::vector<std::vector<uint32_t>> findLoops(const std::vector<DraftBlock> &blocks) {
  Walk walk(blocks);
  walk.run(std::vector<uint32_t>(blocks.size(), 0));
  std::vector<std::vector<uint32_t>> predecessors(blocks.size());
  for (uint32_t b = 0; b < blocks.size(); ++b)
    if (walk.state[b] == 2)
      for (uint32_t s : blocks[b].successors)
        predecessors[s].push_back(b);
  std::vector<std::pair<uint32_t, std::vector<uint32_t>>> byHead;
  for (auto [tail, head] : walk.backEdges) {
    std::vector<uint32_t> body = loopBody(predecessors, tail, head);
    auto it = std::find_if(byHead.begin(), byHead.end(), [&](auto &l) { return l.first == head; });
    if (it == byHead.end()) {
      byHead.push_back({head, body});
      continue;
    }
    for (uint32_t b : body)
      if (std::find(it->second.begin(), it->second.end(), b) == it->second.end())
        it->second.push_back(b);
  }
  std::vector<std::vector<uint32_t>> loops;
  for (auto &[head, body] : byHead)
    loops.push_back(std::move(body));
  return loops;
}

} // namespace

std::vector<uint32_t> priorityOrder(const std::vector<DraftBlock> &blocks) {
  std::vector<uint32_t> depth(blocks.size(), 0);
  for (const auto &loop : findLoops(blocks))
    for (uint32_t block : loop)
      ++depth[block];
  Walk walk(blocks);
  walk.run(depth);
  std::reverse(walk.postorder.begin(), walk.postorder.end());
  return walk.postorder;
}

bool loopHas(const DraftFunction &function, const std::vector<DraftBlock> &blocks,
             bool (*test)(const DraftOp &)) {
  for (const auto &loop : findLoops(blocks))
    for (uint32_t block : loop)
      for (uint32_t i = blocks[block].first; i < blocks[block].last; ++i)
        if (test(function.ops[i]))
          return true;
  return false;
}

} // namespace tenon::sim
