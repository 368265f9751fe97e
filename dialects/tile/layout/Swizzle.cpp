//===- Swizzle.cpp - Shared memory without bank conflicts ---------*- C++ -*-===//
//
// Shared memory has 32 banks of 4 bytes; lanes of one phase of an access that touch
// different words of one bank wait for each other. With accesses of 2^v elements, a
// phase has as many lanes as fill the 128 bytes of all banks.
//
//   1. Vector: elements that are neighbours in a thread of both layouts, at most 16
//      bytes.
//      Elements narrower than a bank share one with others: lanes' neighbours.
//   2. Lanes in conflict are those whose elements differ by an offset that is a
//      multiple of 128 bytes. So the elements at such offsets must form a space H that
//      meets neither layout's space of (vector, lanes of a phase): H is built of sums
//      e + f of vectors outside one and outside the other.
//   3. Banks: any complement of both.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/layout/Layout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <map>

namespace tenon::tile {

using llvm::ArrayRef;
using llvm::SmallVector;

static constexpr unsigned kBankBytes = 128;

static bool isIn(uint64_t vector, ArrayRef<uint64_t> space) {
  return BitMatrix(space, 64).solve(vector).has_value();
}

static SmallVector<uint64_t> joined(ArrayRef<uint64_t> a, ArrayRef<uint64_t> b) {
  SmallVector<uint64_t> all(a);
  all.append(b.begin(), b.end());
  return basisOf(all);
}

/// The lanes whose accesses of so many bytes are one phase: the lowest lane bits.
static SmallVector<uint64_t> phaseLanes(const Layout &layout, unsigned accessBytes) {
  unsigned count = llvm::Log2_32(std::max(1u, kBankBytes / std::max(accessBytes, 4u)));
  ArrayRef<uint64_t> lanes = layout.laneBasis();
  return basisOf(lanes.take_front(std::min<size_t>(count, lanes.size())));
}

/// A space as large as possible, up to \p wanted, that meets neither \p a nor \p b.
static SmallVector<uint64_t> apartFrom(SmallVector<uint64_t> a, SmallVector<uint64_t> b,
                                       unsigned bits, unsigned wanted) {
  SmallVector<uint64_t> chosen;
  while (chosen.size() < wanted) {
    uint64_t found = 0;
    SmallVector<uint64_t> outsideA = complement(a, bits), outsideB = complement(b, bits);
    SmallVector<uint64_t> candidates = joined(outsideA, outsideB);
    for (uint64_t e : outsideA)
      for (uint64_t f : outsideB)
        candidates.push_back(e ^ f);
    for (uint64_t candidate : candidates)
      if (candidate && !isIn(candidate, a) && !isIn(candidate, b)) {
        found = candidate;
        break;
      }
    if (!found)
      break;
    chosen.push_back(found);
    a.push_back(found);
    b.push_back(found);
  }
  return chosen;
}

SharedLayout swizzleFor(const Layout &writer, const Layout &reader, unsigned elementBytes) {
  unsigned bits = writer.map().rows();
  SmallVector<uint64_t> vector = intersection(writer.registerBasis(), reader.registerBasis());
  vector.truncate(std::min<size_t>(vector.size(), llvm::Log2_32(16 / elementBytes)));
  unsigned vectorBits = vector.size(), accessBytes = elementBytes << vectorBits;
  for (uint64_t lane : writer.laneBasis()) // lanes that meet in one word do not wait
    if (elementBytes << vector.size() < 4 && !isIn(lane, vector))
      vector.push_back(lane);
  unsigned rowBits = std::min(bits, llvm::Log2_32(kBankBytes / elementBytes));
  SmallVector<uint64_t> segments =
      apartFrom(joined(vector, phaseLanes(writer, accessBytes)),
                joined(vector, phaseLanes(reader, accessBytes)), bits, bits - rowBits);
  // Where conflicts cannot be avoided, any rest will do.
  SmallVector<uint64_t> known = joined(vector, segments);
  SmallVector<uint64_t> rest = complement(known, bits);
  while (segments.size() < bits - rowBits)
    segments.push_back(rest.pop_back_val());
  SmallVector<uint64_t> columns(vector);
  columns.append(rest);
  columns.append(segments);
  return {BitMatrix(columns, bits), vectorBits};
}

int64_t bankConflicts(const SharedLayout &shared, const Layout &threads, unsigned elementBytes) {
  BitMatrix offsets = shared.offsets();
  unsigned accessBytes = elementBytes << shared.vectorBits;
  int64_t lanes = std::min<int64_t>(int64_t(1) << threads.laneBits(),
                                    kBankBytes / std::max(accessBytes, 4u));
  std::map<uint64_t, SmallVector<uint64_t>> words;
  int64_t most = 1;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    uint64_t element = threads.map().apply(uint64_t(lane) << threads.registerBits());
    uint64_t offset = offsets.apply(element) * elementBytes;
    SmallVector<uint64_t> &bank = words[offset / accessBytes * accessBytes % kBankBytes / 4];
    if (!llvm::is_contained(bank, offset / 4))
      bank.push_back(offset / 4);
    most = std::max<int64_t>(most, bank.size());
  }
  return most;
}

} // namespace tenon::tile
