// Ranks that are threads of one process: they meet in shared memory.
//
// Each publishes its request, waits for all, takes what is its own from the others'
// buffers, and waits again. Sums are made in the order of ranks, f16 and bf16 in
// f32, so that all ranks and all runs have the same bits.
#pragma once

#include "runtime/comm/Communicator.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace tenon {

class LocalGroup {
public:
  /// A rank that waits longer than the deadline gives up.
  LocalGroup(uint32_t ranks, std::chrono::duration<double> deadline)
      : ranks(ranks), deadline(deadline) {}

  uint32_t size() const { return ranks; }
  std::unique_ptr<Communicator> join(uint32_t rank);

private:
  class Member;
  /// Where the ranks of one line meet.
  struct Meeting {
    std::vector<CollectiveRequest> requests;
    std::vector<bool> isHere;
    uint32_t arrived = 0;
    uint64_t round = 0;
  };

  Meeting &meeting(const RankLine &line);
  Status arrive(std::unique_lock<std::mutex> &lock, Meeting &meeting, const RankLine &line,
                uint32_t index);

  uint32_t ranks;
  std::chrono::duration<double> deadline;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::pair<uint32_t, uint32_t>, Meeting> meetings; ///< by stride and first rank
  std::string failure; ///< why there are no more meetings
};

} // namespace tenon
