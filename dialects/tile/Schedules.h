//===- Schedules.h - what a generator tells a GPU's emitter -----*- C++ -*-===//
//
// Attributes by which a tile program says how a block of threads should carry it
// out. They change no meaning: a program without them is the same program.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TILE_SCHEDULES_H
#define TENON_DIALECTS_TILE_SCHEDULES_H

#include "llvm/ADT/StringRef.h"

namespace tenon::tile {

/// Of a load (i64): so many neighbours along the dimension of stride 1 lie at a
/// multiple of their size in memory and are masked together.
inline constexpr llvm::StringLiteral kVectorAttr = "tile.vector";

/// Of a function whose loops around a `tile.dot` are pipelines through shared memory
/// (array<i64>): rows, columns and depth of a step, warps along rows and columns,
/// steps held at once.
inline constexpr llvm::StringLiteral kPipelineAttr = "tile.pipeline";

/// Of a comparison in such a loop (unit): true in every step but the first.
inline constexpr llvm::StringLiteral kFirstOnlyAttr = "tile.first_only";

} // namespace tenon::tile

#endif // TENON_DIALECTS_TILE_SCHEDULES_H
