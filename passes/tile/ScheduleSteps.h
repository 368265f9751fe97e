//===- ScheduleSteps.h - the steps of choosing a schedule -------*- C++ -*-===//
//
// In the order in which chooseSchedule takes them; each fills in its part of the
// schedule from what evaluating the stored values demands.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_TILE_SCHEDULESTEPS_H
#define TENON_PASSES_TILE_SCHEDULESTEPS_H

#include "passes/tile/Schedule.h"

namespace tenon {

/// What evaluating the values at the schedule's index touches.
Demand demandFor(const Schedule &schedule, llvm::ArrayRef<mlir::Value> values,
                 const BufferOrders &orders, const FactorRanges &ranges);
/// The element of memory that the schedule's index is stored at.
DimExpr storeOffset(const Schedule &schedule, mlir::Type type, llvm::ArrayRef<int64_t> order,
                    FactorRanges ranges);

Schedule chooseRoots(llvm::ArrayRef<mlir::Value> values, llvm::ArrayRef<int64_t> storeOrder,
                     const BufferOrders &orders, const FactorRanges &ranges);
void markInner(Schedule &schedule, Demand &demand, const SymbolSizes &sizes);
void chooseVectors(Schedule &schedule, Demand &demand, DimExpr store, const SymbolSizes &sizes,
                   const TileTarget &target);
void chooseRows(Schedule &schedule, Demand &demand, const SymbolSizes &sizes,
                const TileTarget &target, mlir::MLIRContext *context);
void markStaged(Schedule &schedule, Demand &demand, const SymbolSizes &sizes);
void markStagedMaps(Schedule &schedule, Demand &demand, const SymbolSizes &sizes);
void chooseChunks(Schedule &schedule, Demand &demand, const SymbolSizes &sizes, double blockPoints);
void chooseBlockOrder(Schedule &schedule, Demand &demand, const SymbolSizes &sizes);

} // namespace tenon

#endif // TENON_PASSES_TILE_SCHEDULESTEPS_H
