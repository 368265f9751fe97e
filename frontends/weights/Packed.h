//===- Packed.h - packed blocks as planes -----------------------*- C++ -*-===//
//
// Files interleave the fields of a packed block: a scale, then its numbers. A
// bundle keeps the same bits as planes, one tensor per field, so that the graph
// can say what they mean with ordinary operations and nothing is widened:
//
//   Q4_1, w[r, 32 b + 16 h + 4 g + j]
//       = ((quants[r, b, g] >> (8 j + 4 h)) & 15) * scale[r, b] + min[r, b]
//
// Numbers are words of four bytes, each byte an unsigned code or part of one
// (Q8_0 is stored with 128 added). Rows lie in panels of 16, so that a vector
// takes one word or scale of 16 rows and a product walks each plane from its
// beginning to its end (passes/tile/PackedProduct.h):
//
//   [r, b, g] lies at [r / 16][b][g][r % 16]
//
// Sizes stay: Q4_1 has 20 bytes a block before and after. The 6-bit scales of
// the K types become bytes: Q4_K and Q5_K have 148 and 180 bytes for 144 and 176.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_WEIGHTS_PACKED_H
#define TENON_FRONTENDS_WEIGHTS_PACKED_H

#include "frontends/weights/WeightFile.h"

namespace tenon {

/// One field of all blocks: [rows / panel, blocks, width, panel] elements.
struct Plane {
  const char *name;
  enum Type { F16, U8, I8, U32 } type;
  int64_t width;
  std::vector<char> bytes;
};

/// How many rows of a tensor of these dimensions a panel has: 16, or 1 where its rows
/// are no multiple of that (or it has none).
int64_t panelRows(llvm::ArrayRef<int64_t> dims);

/// The planes of a tensor's blocks, in the order of the type's formula
/// (frontends/language/PackedValues.cpp). \p bytes are whole blocks, \p rowBlocks
/// of them in a row.
std::vector<Plane> unpackPlanes(StorageType type, llvm::ArrayRef<char> bytes, int64_t rowBlocks,
                                int64_t panel);

} // namespace tenon

#endif // TENON_FRONTENDS_WEIGHTS_PACKED_H
