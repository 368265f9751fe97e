//===- Packed.h - packed blocks as planes -----------------------*- C++ -*-===//
//
// Files interleave the fields of a packed block: a scale, then its numbers. A
// bundle keeps the same bits as planes, one tensor per field, so that the graph
// can say what they mean with ordinary operations and nothing is widened:
//
//   Q4_1, w[r, 32 b + 16 h + j]  =  ((quants[r,b,j] >> 4 h) & 15) * scale[r,b] + min[r,b]
//
// Sizes stay: Q4_1 has 20 bytes a block before and after. The 6-bit scales of
// the K types become bytes: Q4_K and Q5_K have 148 and 180 bytes for 144 and 176.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_WEIGHTS_PACKED_H
#define TENON_FRONTENDS_WEIGHTS_PACKED_H

#include "frontends/weights/WeightFile.h"

namespace tenon {

/// One field of all blocks: [blocks, width] elements of `bits` bits.
struct Plane {
  const char *name;
  enum Type { F16, U8, I8 } type;
  int64_t width;
  std::vector<char> bytes;
};

/// The planes of a tensor's blocks, in the order of the type's formula
/// (frontends/language/PackedValues.cpp). \p bytes are whole blocks.
std::vector<Plane> unpackPlanes(StorageType type, llvm::ArrayRef<char> bytes);

} // namespace tenon

#endif // TENON_FRONTENDS_WEIGHTS_PACKED_H
