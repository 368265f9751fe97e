#include "runtime/comm/LocalGroup.h"

#include "runtime/comm/Reduce.h"

#include <algorithm>
#include <cstring>

namespace tenon {

namespace {

Status failed(std::string message) { return Status(TENON_EXECUTION, std::move(message)); }

const char *kindText(CollectiveKind kind) {
  static const char *const texts[] = {"all_reduce", "all_gather", "reduce_scatter", "all_to_all"};
  return texts[static_cast<uint32_t>(kind)];
}

std::string describe(const CollectiveRequest &request) {
  return std::string(kindText(request.kind)) + " of " + std::to_string(request.fromBytes) +
         " bytes of " + elementTypeText(request.type);
}

bool fits(const CollectiveRequest &a, const CollectiveRequest &b) {
  return a.kind == b.kind && a.reduction == b.reduction && a.type == b.type &&
         a.fromBytes == b.fromBytes && a.toBytes == b.toBytes;
}

/// What the sizes must be, given how many ranks meet.
bool hasItsSizes(const CollectiveRequest &request, int64_t ranks) {
  switch (request.kind) {
  case CollectiveKind::AllReduce:
    return request.fromBytes == request.toBytes;
  case CollectiveKind::AllGather:
    return request.toBytes / ranks == request.fromBytes && request.toBytes % ranks == 0;
  case CollectiveKind::ReduceScatter:
    return request.fromBytes / ranks == request.toBytes && request.fromBytes % ranks == 0;
  case CollectiveKind::AllToAll:
    return request.fromBytes == request.toBytes && request.fromBytes % ranks == 0;
  }
  return false;
}

} // namespace

/// One rank of a group.
class LocalGroup::Member : public Communicator {
public:
  Member(LocalGroup &group, uint32_t number) : group(group), number(number) {}

  uint32_t rank() const override { return number; }
  Status run(const RankLine &line, const CollectiveRequest &request) override;
  void abort(const std::string &reason) override;

private:
  void takeMine(const Meeting &meeting, uint32_t ranks, uint32_t index);

  LocalGroup &group;
  uint32_t number;
  std::vector<const char *> sources;
};

std::unique_ptr<Communicator> LocalGroup::join(uint32_t rank) {
  return std::make_unique<Member>(*this, rank);
}

LocalGroup::Meeting &LocalGroup::meeting(const RankLine &line) {
  Meeting &found = meetings[{line.stride, line.first}];
  found.requests.resize(line.size);
  found.isHere.resize(line.size);
  return found;
}

/// Waits until all ranks of the line have arrived as often as this one.
Status LocalGroup::arrive(std::unique_lock<std::mutex> &lock, Meeting &meeting,
                          const RankLine &line, uint32_t index) {
  meeting.isHere[index] = true;
  if (++meeting.arrived == line.size) {
    meeting.arrived = 0;
    std::fill(meeting.isHere.begin(), meeting.isHere.end(), false);
    ++meeting.round;
    changed.notify_all();
    return failure.empty() ? Status() : failed(failure);
  }
  uint64_t round = meeting.round;
  auto isOver = [&] { return meeting.round != round || !failure.empty(); };
  if (!changed.wait_for(lock, deadline, isOver)) {
    auto absent = std::find(meeting.isHere.begin(), meeting.isHere.end(), false);
    uint32_t missing = line.first + line.stride * uint32_t(absent - meeting.isHere.begin());
    failure = "rank " + std::to_string(missing) + " did not come to " +
              describe(meeting.requests[index]) + " within " +
              std::to_string(deadline.count()) + " s";
    changed.notify_all();
  }
  return meeting.round != round ? Status() : failed(failure);
}

/// Every rank fills its own result, from the buffers of all.
void LocalGroup::Member::takeMine(const Meeting &meeting, uint32_t ranks, uint32_t index) {
  const CollectiveRequest &mine = meeting.requests[index];
  if (mine.toBytes == 0)
    return;
  int64_t part = mine.fromBytes / ranks;
  switch (mine.kind) {
  case CollectiveKind::AllGather:
    for (uint32_t i = 0; i < ranks; ++i)
      std::memcpy(mine.to + i * mine.fromBytes, meeting.requests[i].from, mine.fromBytes);
    return;
  case CollectiveKind::AllToAll:
    for (uint32_t i = 0; i < ranks; ++i)
      std::memcpy(mine.to + i * part, meeting.requests[i].from + index * part, part);
    return;
  case CollectiveKind::AllReduce:
  case CollectiveKind::ReduceScatter:
    break;
  }
  sources.resize(ranks);
  for (uint32_t i = 0; i < ranks; ++i)
    sources[i] = meeting.requests[i].from;
  bool isScattered = mine.kind == CollectiveKind::ReduceScatter;
  reduce(mine.reduction, mine.type, sources.data(), ranks, isScattered ? index * part : 0, mine.to,
         mine.toBytes);
}

Status LocalGroup::Member::run(const RankLine &line, const CollectiveRequest &request) {
  if (!hasItsSizes(request, line.size))
    return failed(describe(request) + " into " + std::to_string(request.toBytes) +
                  " bytes does not fit " + std::to_string(line.size) + " ranks");
  uint32_t index = (number - line.first) / line.stride;
  std::unique_lock lock(group.mutex);
  Meeting &meeting = group.meeting(line);
  meeting.requests[index] = request;
  TENON_TRY(group.arrive(lock, meeting, line, index));
  for (uint32_t i = 0; i < line.size; ++i)
    if (!fits(meeting.requests[i], request))
      return failed("rank " + std::to_string(line.first + i * line.stride) + " asks for " +
                    describe(meeting.requests[i]) + " where rank " + std::to_string(number) +
                    " asks for " + describe(request));
  lock.unlock();
  takeMine(meeting, line.size, index);
  lock.lock();
  return group.arrive(lock, meeting, line, index);
}

void LocalGroup::Member::abort(const std::string &reason) {
  std::lock_guard lock(group.mutex);
  if (group.failure.empty())
    group.failure = "rank " + std::to_string(number) + " failed: " + reason;
  group.changed.notify_all();
}

} // namespace tenon
