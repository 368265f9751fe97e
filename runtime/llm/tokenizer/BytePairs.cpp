// Merging. Short pieces, nearly all there are, by scanning for the best pair; long
// ones with a queue, so that a megabyte without a space takes no quadratic time.
#include "runtime/llm/tokenizer/BytePairs.h"

#include <algorithm>
#include <queue>

namespace tenon::llm {

const MergeSlot *BytePairs::find(TokenId left, TokenId right) const {
  size_t mask = merges.size() - 1;
  for (size_t at = hashOfPair(left, right) & mask; merges[at].result != noToken;
       at = (at + 1) & mask)
    if (merges[at].left == left && merges[at].right == right)
      return &merges[at];
  return nullptr;
}

void BytePairs::encode(std::string_view piece, std::vector<TokenId> &out) const {
  std::vector<TokenId> ids;
  ids.reserve(piece.size());
  for (char c : piece)
    if (TokenId id = bytes[static_cast<unsigned char>(c)]; id != noToken)
      ids.push_back(id);
  ids.size() <= 64 ? mergeShort(ids) : mergeLong(ids);
  out.insert(out.end(), ids.begin(), ids.end());
}

void BytePairs::mergeShort(std::vector<TokenId> &ids) const {
  // The merge of each neighbouring pair, kept up to date so that each is looked up once.
  std::vector<const MergeSlot *> pairs;
  for (size_t i = 0; i + 1 < ids.size(); ++i)
    pairs.push_back(find(ids[i], ids[i + 1]));
  while (!pairs.empty()) {
    size_t best = pairs.size();
    for (size_t i = 0; i < pairs.size(); ++i)
      if (pairs[i] && (best == pairs.size() || pairs[i]->rank < pairs[best]->rank))
        best = i;
    if (best == pairs.size())
      return;
    ids[best] = pairs[best]->result;
    ids.erase(ids.begin() + best + 1);
    pairs.erase(pairs.begin() + best);
    if (best < pairs.size())
      pairs[best] = find(ids[best], ids[best + 1]);
    if (best > 0)
      pairs[best - 1] = find(ids[best - 1], ids[best]);
  }
}

void BytePairs::mergeLong(std::vector<TokenId> &ids) const {
  struct Candidate {
    uint32_t rank;
    int left;
    TokenId leftId, rightId, result;
    bool operator<(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  std::vector<Symbol> symbols;
  for (size_t i = 0; i < ids.size(); ++i)
    symbols.push_back(
        {ids[i], static_cast<int>(i) - 1, i + 1 < ids.size() ? static_cast<int>(i) + 1 : -1});
  std::priority_queue<Candidate> queue;
  auto offer = [&](int left) {
    if (left < 0 || symbols[left].next < 0)
      return;
    TokenId a = symbols[left].id, b = symbols[symbols[left].next].id;
    if (const MergeSlot *merge = find(a, b))
      queue.push({merge->rank, left, a, b, merge->result});
  };
  for (size_t i = 0; i < symbols.size(); ++i)
    offer(static_cast<int>(i));
  while (!queue.empty()) {
    Candidate best = queue.top();
    queue.pop();
    Symbol &left = symbols[best.left];
    if (left.id != best.leftId || left.next < 0 || symbols[left.next].id != best.rightId)
      continue; // one of the two was merged meanwhile
    Symbol &right = symbols[left.next];
    left.id = best.result;
    right.id = noToken;
    left.next = right.next;
    if (left.next >= 0)
      symbols[left.next].previous = best.left;
    offer(best.left);
    offer(left.previous);
  }
  ids.clear();
  for (int at = symbols.empty() ? -1 : 0; at >= 0; at = symbols[at].next)
    ids.push_back(symbols[at].id);
}

} // namespace tenon::llm
