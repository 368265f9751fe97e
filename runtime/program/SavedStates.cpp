// The states of a session as bytes, and back.
//
//   header   magic, version, number of states, hash of the bundle's metadata
//   entries  one per state in use: its number, rank, bytes and dimensions
//   data     the bytes of each, in the same order
//   hash     XXH3-128 of all before it
//
// restore() checks every number before it is used and the hash before anything
// changes; a state of another bundle is refused by the bundle's own hash.
#include "runtime/bundle/Format.h"
#include "runtime/program/StateStore.h"
#include "runtime/support/Checked.h"

#include <cstring>

namespace tenon {

using namespace bundle;

namespace {

constexpr char stateMagic[8] = {'T', 'N', 'S', 'T', 'A', 'T', 'E', '1'};
constexpr uint32_t maxRank = 64;

struct Header {
  char magic[8];
  uint32_t version, count;
  Hash bundle;
};
struct Entry {
  uint32_t state, rank;
  int64_t size;
};

/// Reads pieces of bytes that may end anywhere.
class Reader {
public:
  Reader(const uint8_t *data, uint64_t size) : data(data), left(size) {}
  const uint8_t *take(uint64_t bytes) {
    if (bytes > left)
      return nullptr;
    const uint8_t *piece = data;
    data += bytes;
    left -= bytes;
    return piece;
  }
  template <typename T> bool read(T &value) {
    const uint8_t *piece = take(sizeof value);
    if (piece)
      std::memcpy(&value, piece, sizeof value);
    return piece;
  }
  uint64_t rest() const { return left; }

private:
  const uint8_t *data;
  uint64_t left;
};

Status damaged(const std::string &why) {
  return Status(TENON_INVALID_ARGUMENT, "the saved state is damaged: " + why);
}

/// Whether the dimensions of a type make that many bytes.
bool hasSize(const std::vector<int64_t> &shape, ElementType type, int64_t size) {
  int64_t bytes = elementBytes(type);
  for (int64_t dim : shape)
    if (dim < 0 || !checkedMul(bytes, dim, bytes))
      return false;
  return bytes == size;
}

} // namespace

uint64_t StateStore::savedBytes() const {
  uint64_t total = sizeof(Header) + sizeof(Hash);
  for (const Slot &slot : slots)
    if (slot.size >= 0)
      total += sizeof(Entry) + slot.shape.size() * sizeof(int64_t) + slot.size;
  return total;
}

Status StateStore::save(Device &device, uint8_t *to) const {
  uint8_t *at = to;
  auto put = [&](const void *data, size_t size) {
    std::memcpy(at, data, size);
    at += size;
  };
  Header header{{}, 1, 0, file.identity()};
  std::memcpy(header.magic, stateMagic, sizeof stateMagic);
  for (const Slot &slot : slots)
    header.count += slot.size >= 0;
  put(&header, sizeof header);
  for (uint32_t i = 0; i < slots.size(); ++i) {
    const Slot &slot = slots[i];
    if (slot.size < 0)
      continue;
    Entry entry{i, uint32_t(slot.shape.size()), slot.size};
    put(&entry, sizeof entry);
    put(slot.shape.data(), slot.shape.size() * sizeof(int64_t));
  }
  for (const Slot &slot : slots)
    if (slot.size > 0) {
      TENON_TRY(device.download(at, slot.memory.data(), slot.size));
      at += slot.size;
    }
  Hash hash = hashBytes(to, at - to);
  put(&hash, sizeof hash);
  return {};
}

Status StateStore::restore(Device &device, const uint8_t *from, uint64_t size) {
  Reader reader(from, size);
  Header header;
  if (!reader.read(header) || std::memcmp(header.magic, stateMagic, sizeof stateMagic) != 0 || header.version != 1)
    return Status(TENON_INVALID_ARGUMENT, "this is no saved state of a session");
  if (!(header.bundle == file.identity()))
    return Status(TENON_INVALID_ARGUMENT, "the state was saved by a session of another bundle");
  if (header.count > slots.size())
    return damaged("it has " + std::to_string(header.count) + " states");
  struct Incoming {
    int64_t size = -1;
    std::vector<int64_t> shape;
    const uint8_t *data = nullptr;
  };
  std::vector<Incoming> incoming(slots.size());
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < header.count; ++i) {
    Entry entry;
    if (!reader.read(entry) || entry.state >= slots.size() || entry.rank > maxRank ||
        incoming[entry.state].size >= 0)
      return damaged("its table is wrong at entry " + std::to_string(i));
    Incoming &one = incoming[entry.state];
    one.shape.resize(entry.rank);
    const uint8_t *dims = reader.take(entry.rank * sizeof(int64_t));
    if (dims && entry.rank)
      std::memcpy(one.shape.data(), dims, entry.rank * sizeof(int64_t));
    const State &info = file.bundle().states[entry.state];
    if (!dims || entry.size < 0 || !hasSize(one.shape, info.type, entry.size))
      return damaged("state '" + info.name + "' has a wrong shape");
    one.size = entry.size;
    order.push_back(entry.state);
  }
  for (uint32_t state : order)
    if (!(incoming[state].data = reader.take(incoming[state].size)))
      return damaged("it ends early");
  Hash hash, expected = hashBytes(from, size - std::min<uint64_t>(size, sizeof hash));
  if (reader.rest() != sizeof hash || !reader.read(hash) || !(hash == expected))
    return damaged("its hash does not fit");
  for (uint32_t state : order)
    if (!slots[state].memory.reserve(device, incoming[state].size))
      return Status(TENON_OUT_OF_MEMORY, "no memory for state '" + file.bundle().states[state].name + "'");
  for (uint32_t i = 0; i < slots.size(); ++i) {
    if (incoming[i].size >= 0)
      TENON_TRY(device.upload(slots[i].memory.data(), incoming[i].data, incoming[i].size));
    slots[i].size = incoming[i].size;
    slots[i].shape = std::move(incoming[i].shape);
  }
  return {};
}

} // namespace tenon
