//===- Nest.h - the loops of a block around the evaluator -------*- C++ -*-===//
//
// Emits what one block does to store one group of values: finds the block's
// part of the root variables, loops over it tile by tile, and evaluates and
// stores the values in the middle. Tiles are whole: the last one of an extent that
// is no multiple of the width starts earlier.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_NEST_H
#define TENON_PASSES_TILE_NEST_H

#include "passes/tile/Evaluator.h"
#include "passes/tile/Schedule.h"

namespace tenon {

/// Emits the nest of \p schedule for block \p block (its number among the
/// schedule's own blocks). Fails after an error was reported.
mlir::LogicalResult emitNest(TileBuilder &tiles, Evaluator &evaluator, const Schedule &schedule,
                             llvm::ArrayRef<std::pair<mlir::Value, mlir::Value>> stores,
                             mlir::Value block);

} // namespace tenon

#endif // TENON_PASSES_TILE_NEST_H
