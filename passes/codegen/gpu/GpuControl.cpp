//===- GpuControl.cpp - Loops, branches, checks and barriers ------*- C++ -*-===//
//
// Where barriers go: the state `hazards` says what the block may have done since its
// last one. At a loop's head everything the loop does may have happened; after a
// branch, what either arm does.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/GpuEmitter.h"
#include "passes/codegen/gpu/Pipeline.h"

using namespace mlir;

namespace tenon::tile {

static bool isScratch(Value view) {
  return cast<ViewType>(view.getType()).getSpace() == MemorySpace::Scratch;
}

GpuEmitter::Hazards GpuEmitter::effectsOf(Operation *op) {
  Hazards all;
  op->walk([&](Operation *inner) {
    if (auto load = dyn_cast<LoadOp>(inner))
      all.loaded |= isScratch(load.getView());
    else if (auto gather = dyn_cast<GatherOp>(inner))
      all.loaded |= isScratch(gather.getView());
    else if (auto store = dyn_cast<StoreOp>(inner))
      all.stored |= isScratch(store.getView());
    else if (auto scatter = dyn_cast<ScatterOp>(inner))
      all.stored |= isScratch(scatter.getView());
    else if (isa<ReduceOp>(inner))
      all.reduced = true;
  });
  return all;
}

void GpuEmitter::barrier() {
  hazards = {};
  if (threads == 1)
    return;
  if (threads == 32)
    NVVM::SyncWarpOp::create(builder, builder.integer(builder.getI32Type(), -1));
  else
    NVVM::Barrier0Op::create(builder);
}

void GpuEmitter::beforeScratch(bool isStore) {
  if (isStore ? hazards.loaded : hazards.stored)
    barrier();
  (isStore ? hazards.stored : hazards.loaded) = true;
}

LogicalResult GpuEmitter::emitFor(scf::ForOp op) {
  if (DotOp dot = distribution ? Pipeline::productOf(op) : DotOp())
    return Pipeline(*this, op, dot).run();
  hazards |= effectsOf(op);
  Hazards atHead = hazards;
  LogicalResult result = TileEmitter::emitFor(op);
  hazards = atHead;
  return result;
}

LogicalResult GpuEmitter::emitWhile(scf::WhileOp op) {
  hazards |= effectsOf(op);
  Hazards atHead = hazards;
  LogicalResult result = TileEmitter::emitWhile(op);
  hazards = atHead;
  return result;
}

/// Both arms start after a barrier, so that none relies on one in the other.
LogicalResult GpuEmitter::emitIf(scf::IfOp op) {
  Hazards effects = effectsOf(op);
  if (effects.any() && hazards.any())
    barrier();
  LogicalResult result = TileEmitter::emitIf(op);
  hazards |= effects;
  return result;
}

/// The block goes on if the condition holds in all of its threads.
LogicalResult GpuEmitter::emitCheck(CheckOp op) {
  Type i32 = builder.getI32Type();
  Value all = allOf(fragments(op.getCondition()));
  if (threads > 1) {
    auto kind = NVVM::BarrierReductionAttr::get(builder.getContext(), NVVM::BarrierReduction::AND);
    Value own = arith::ExtUIOp::create(builder, i32, all);
    Value together = NVVM::BarrierOp::create(builder, TypeRange{i32}, Value(), Value(), kind, own)
                         ->getResult(0);
    all = arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, together,
                                builder.integer(i32, 0));
    hazards = {};
  }
  checks.push_back(op.getMessageAttr());
  Block *next = newBlock();
  Value code = builder.integer(i32, checks.size());
  LLVM::CondBrOp::create(builder, all, next, ValueRange{}, failBlock, ValueRange{code});
  enter(next);
  return success();
}

LogicalResult GpuEmitter::emitConstant(arith::ConstantOp op) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (dense && !dense.isSplat() && innerSize(op.getType()) > 1)
    return op.emitError("has a constant whose elements differ and lie over threads");
  return TileEmitter::emitConstant(op);
}

} // namespace tenon::tile
