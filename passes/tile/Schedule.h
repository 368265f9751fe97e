//===- Schedule.h - how a kernel is cut into blocks and tiles ---*- C++ -*-===//
//
// What the generator decides before it emits: the root variables (dimensions of
// the stored value, adjacent ones merged where every access allows), which of
// them run over blocks and which inside of one, and the tile.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_SCHEDULE_H
#define TENON_PASSES_TILE_SCHEDULE_H

#include "dialects/tenon/SymbolSizes.h"
#include "passes/tile/Demand.h"

namespace tenon {

/// What the tile generator knows of a device.
struct TileTarget {
  /// f32 lanes of a vector register and number of registers.
  int64_t lanes = 16;
  int64_t registers = 32;
  /// About how many operations a block should be worth.
  int64_t blockPoints = 16384;
  /// Lanes are threads: their number is a power of two, and no element may be
  /// stored twice, even alike.
  bool hasThreads = false;
};

struct Schedule {
  /// Root variables, from outermost to innermost.
  llvm::SmallVector<DimExpr> extents;
  /// The index of the stored values over the root variables, per dimension.
  llvm::SmallVector<DimExpr> index;
  /// Walked inside of a block, because something in it does not depend on them.
  llvm::SmallVector<bool> inner;
  /// The variable whose lanes fill vectors, and the one whose values fill rows
  /// of the tile; -1 if none.
  int vectorVariable = -1, rowVariable = -1;
  int64_t vectorWidth = 1, rowWidth = 1;
  /// Rows of tiles are values of variables inside of a block (a product below a
  /// reduction): no root variable has them.
  bool innerRows = false;
  /// A last tile may start earlier instead of being partial.
  bool canOverlap = true;
  /// Vectors may not: they are read from panels, and begin where a panel does.
  bool isInPanels = false;
  /// Values kept in scratch memory.
  llvm::DenseSet<mlir::Value> staged;
  /// How many values of each root variable one block takes.
  llvm::SmallVector<int64_t> chunk;
  /// The variables over blocks; consecutive blocks differ in the last.
  llvm::SmallVector<unsigned> blockOrder;

  /// Number of blocks along a variable.
  DimExpr blocks(unsigned variable) const {
    return inner[variable] ? DimExpr::constant(extents[variable].getContext(), 1)
                           : extents[variable].ceilDiv(chunk[variable]);
  }
};

/// The same blocks in tiles for fewer and shorter registers: a kernel has one
/// grid for all CPUs.
Schedule narrowed(Schedule schedule, const TileTarget &target);

/// Divides root variable \p at into d = d' * divisor + phase.
Schedule splitVariable(const Schedule &schedule, unsigned at, int64_t divisor);
/// Raises \p divisor to the constant by which a variable is divided in a part of an
/// expression.
void findDivisor(DimExpr expr, DimExpr variable, int64_t &divisor);

/// The memory orders of a kernel's operands (by block argument).
BufferOrders operandOrders(KernelOp kernel);
/// The memory order of one result; empty for row-major.
llvm::SmallVector<int64_t> resultOrder(KernelOp kernel, unsigned result);

/// Chooses the schedule for storing \p values, which have equal dimensions.
/// \p storeOrder is the memory order of the first.
Schedule chooseSchedule(llvm::ArrayRef<mlir::Value> values, llvm::ArrayRef<int64_t> storeOrder,
                        const BufferOrders &orders, const FactorRanges &ranges,
                        const SymbolSizes &sizes, const TileTarget &target);

} // namespace tenon

#endif // TENON_PASSES_TILE_SCHEDULE_H
