// What is known to have happened before an operation on a stream: for every
// stream the number of its last operation that is ordered before. The driver
// keeps one per stream, event and host thread, and joins them at waits.
//
//   launch on stream s:   op = tail[s] joined with the host's clock; n = ++count[s]
//                         after it tail[s] = op with {s: n}
//   event record, wait:   event = tail[s];  tail[t] joined with event
//   host synchronises:    host joined with tail[s]
#pragma once

#include <cstdint>
#include <map>

namespace tenon::sim {

class StreamClock {
public:
  /// Takes over all that `other` knows.
  void join(const StreamClock &other) {
    for (auto [stream, sequence] : other.last)
      tick(stream, sequence);
  }
  /// Operation `sequence` of `stream`, and all before it there, happened before.
  void tick(uint32_t stream, uint64_t sequence) {
    uint64_t &known = last[stream];
    if (sequence > known)
      known = sequence;
  }
  bool knows(uint32_t stream, uint64_t sequence) const {
    auto it = last.find(stream);
    return it != last.end() && it->second >= sequence;
  }

private:
  std::map<uint32_t, uint64_t> last;
};

/// Where an operation stands among all operations of all streams.
struct StreamPosition {
  uint32_t stream = 0;     // any number that names the stream, the same for its life
  uint64_t sequence = 0;   // 1, 2, ... within the stream; 0: after all that has ended
  StreamClock before;      // what is ordered before it
};

} // namespace tenon::sim
