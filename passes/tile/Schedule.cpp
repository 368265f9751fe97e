//===- Schedule.cpp - how a kernel is cut into blocks and tiles -----------===//
//
// Steps:
//   1. Root variables (RootVariables.cpp).
//   2. Inner variables: those on which some reduction does not depend.
//   3. The variable along which vectors lie (VectorVariable.cpp).
//   4. The variable along which rows lie (RowVariable.cpp).
//   5. Staging: what would be computed again; chunks: enough work for a block
//      (BlockShape.cpp).
//   6. Block order: what consecutive blocks share stays in cache (BlockOrder.cpp).
//
//===----------------------------------------------------------------------===//

#include "passes/tile/ScheduleSteps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace tenon {

static SmallVector<int64_t> orderAt(std::optional<ArrayAttr> orders, unsigned index) {
  if (!orders)
    return {};
  return SmallVector<int64_t>(cast<DenseI64ArrayAttr>((*orders)[index]).asArrayRef());
}

BufferOrders operandOrders(KernelOp kernel) {
  BufferOrders orders;
  for (BlockArgument argument : kernel.getBody().getArguments())
    orders[argument] = orderAt(kernel.getOperandOrders(), argument.getArgNumber());
  return orders;
}

SmallVector<int64_t> resultOrder(KernelOp kernel, unsigned result) {
  return orderAt(kernel.getResultOrders(), result);
}

Schedule narrowed(Schedule schedule, const TileTarget &target) {
  if (schedule.vectorWidth > target.lanes * 3)
    schedule.vectorWidth = target.lanes * (schedule.vectorWidth % (target.lanes * 2) == 0 ? 2 : 1);
  int64_t vectors = std::max<int64_t>(1, llvm::divideCeil(schedule.vectorWidth, target.lanes));
  int64_t most = std::max<int64_t>(1, (target.registers - vectors - 1) / vectors);
  int64_t parts = llvm::divideCeil(schedule.rowWidth, most);
  schedule.rowWidth = llvm::divideCeil(schedule.rowWidth, parts);
  return schedule;
}

Schedule chooseSchedule(ArrayRef<Value> values, ArrayRef<int64_t> storeOrder,
                        const BufferOrders &orders, const FactorRanges &ranges,
                        const SymbolSizes &sizes, const TileTarget &target) {
  Schedule schedule = chooseRoots(values, storeOrder, orders, ranges);
  Demand demand = demandFor(schedule, values, orders, ranges);
  markInner(schedule, demand, sizes);
  DimExpr store = storeOffset(schedule, values.front().getType(), storeOrder, ranges);
  chooseVectors(schedule, demand, store, sizes, target);
  chooseRows(schedule, demand, sizes, target, store.getContext());
  markStaged(schedule, demand, sizes);
  if (!target.hasThreads)
    markStagedMaps(schedule, demand, sizes);
  chooseChunks(schedule, demand, sizes, target.blockPoints);
  chooseBlockOrder(schedule, demand, sizes);
  schedule.canOverlap = !target.hasThreads;
  return schedule;
}

} // namespace tenon
