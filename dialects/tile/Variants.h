//===- Variants.h - several functions for one kernel ------------*- C++ -*-===//
//
// A kernel may have, right behind its first `tile.func`, others with the same
// grid in tiles for other vector registers. A code generator takes the one that
// names its lanes, else the first.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TILE_VARIANTS_H
#define TENON_DIALECTS_TILE_VARIANTS_H

#include "llvm/ADT/StringRef.h"

namespace tenon::tile {

/// Attributes of such a function: lanes of f32 it is for, the kernel's name.
inline constexpr llvm::StringLiteral kLanesAttr = "tile.lanes", kKernelAttr = "tile.kernel";

} // namespace tenon::tile

#endif // TENON_DIALECTS_TILE_VARIANTS_H
