//===- BlockOrder.cpp - which blocks follow each other --------------------===//
//
// What consecutive blocks share stays in cache: for a product, they walk along
// the operand that is cheaper to read again.
//
//===----------------------------------------------------------------------===//

#include "passes/tile/ScheduleSteps.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
namespace tenon {

namespace {
/// Chooses along which operand of a product consecutive blocks walk: the other
/// one is then read from memory once, and this one again by every step of the
/// other's, unless it stays in cache.
class BlockOrder {
public:
  BlockOrder(Schedule &schedule, Demand &demand, const SymbolSizes &sizes)
      : schedule(schedule), demand(demand), sizes(sizes) {}

  void choose() {
    for (unsigned i = 0; i < schedule.extents.size(); ++i)
      if (!schedule.inner[i])
        schedule.blockOrder.push_back(i);
    if (schedule.vectorVariable < 0 || schedule.rowVariable < 0 || !readsOfProduct())
      return;
    if (traffic(columns, rows) < traffic(rows, columns))
      std::stable_sort(schedule.blockOrder.begin(), schedule.blockOrder.end(),
                       [&](unsigned a, unsigned b) { return place(a) < place(b); });
  }

private:
  /// The reads of one side of the product, and the variables they move with.
  struct Side {
    SmallVector<const MemoryRead *> reads;
    llvm::BitVector variables;
  };

  /// Of the product with most points: reads that move with the lanes, and others.
  bool readsOfProduct() {
    int heavy = -1;
    double most = 0;
    for (auto [i, reduction] : llvm::enumerate(demand.getReductions())) {
      double points = 1;
      for (unsigned variable : reduction.variables)
        points *= size(variable);
      if (isa<ContractOp>(reduction.op) && points > most) {
        heavy = i;
        most = points;
      }
    }
    for (const MemoryRead &read : demand.getReads())
      if (heavy >= 0 && read.reduction == heavy)
        add(uses(read, schedule.vectorVariable) ? columns : rows, read);
    return !columns.reads.empty() && !rows.reads.empty();
  }

  void add(Side &side, const MemoryRead &read) {
    side.reads.push_back(&read);
    side.variables.resize(demand.getNumVariables());
    for (unsigned i = 0; i < demand.getNumVariables(); ++i)
      if (uses(read, i))
        side.variables.set(i);
  }

  /// Bytes moved where the blocks walk `fast` and then take a step of `slow`.
  double traffic(const Side &slow, const Side &fast) {
    constexpr double kNearBytes = 512 << 10, kFarBytes = 4 << 20, kFarPrice = 3;
    double bytes = footprint(fast, slow), again = steps(slow, fast) - 1;
    if (bytes <= kNearBytes)
      again = 0;
    return footprint(slow, fast) + bytes * (1 + again * (bytes > kFarBytes ? kFarPrice : 1));
  }

  /// What one side reads for one position of what both sides move with.
  double footprint(const Side &side, const Side &other) {
    double total = 0;
    for (const MemoryRead *read : side.reads) {
      double elements = 1, buffer = 1;
      for (unsigned i = 0; i < demand.getNumVariables(); ++i)
        if (uses(*read, i) && (i >= schedule.extents.size() || !other.variables.test(i)))
          elements *= size(i);
      for (DimExpr dim : getDims(read->buffer.getType()))
        buffer *= sizes.nominal(dim);
      total += 4 * std::min(elements, buffer);
    }
    return total;
  }

  double steps(const Side &side, const Side &other) {
    double blocks = 1;
    for (unsigned i : schedule.blockOrder)
      if (side.variables.test(i) && !other.variables.test(i))
        blocks *= sizes.nominal(schedule.blocks(i));
    return blocks;
  }

  /// Shared variables outermost, then those of the columns, then of the rows.
  unsigned place(unsigned variable) {
    if (columns.variables.test(variable))
      return rows.variables.test(variable) ? 0 : 1;
    return 2;
  }

  bool uses(const MemoryRead &read, unsigned variable) {
    return dependsOn(read.offset, DimExpr::factor(read.offset.getContext(), variable));
  }
  double size(unsigned variable) { return sizes.nominal(demand.getRanges().getExtent(variable)); }

  Schedule &schedule;
  Demand &demand;
  const SymbolSizes &sizes;
  Side columns, rows;
};
} // namespace

void chooseBlockOrder(Schedule &schedule, Demand &demand, const SymbolSizes &sizes) {
  BlockOrder(schedule, demand, sizes).choose();
}

} // namespace tenon
