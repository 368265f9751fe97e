//===- ControlFlow.cpp - branches and loops of a program --------*- C++ -*-===//
//
// A branch writes its results where the other branch writes them, too. A loop
// keeps each carried tensor in one buffer; a round writes its successor beside
// it, and the runtime copies that back when the round is over.
//
//===----------------------------------------------------------------------===//
#include "passes/schedule/ProgramBuilder.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tenon {

/// Visits a region's block into another region; arenas made inside end there.
LogicalResult ProgramBuilder::visitBranch(Region &from, Region &to, ValueRange results) {
  OpBuilder::InsertionGuard guard(builder);
  size_t outside = arenas.size();
  builder.setInsertionPointToStart(&to.emplaceBlock());
  Block &block = from.front();
  Operation *yield = block.getTerminator();
  for (auto [value, buffer] : llvm::zip(yield->getOperands(), results))
    want(value, buffer, &block);
  LogicalResult visited = visitBlock(block);
  for (auto [value, buffer] : llvm::zip(yield->getOperands(), results))
    copyIfElsewhere(yield->getLoc(), value, buffer);
  arenas.resize(outside);
  return visited;
}

/// A call walks its function's body once more: launches are cheap, code is not.
LogicalResult ProgramBuilder::visit(CallOp op) {
  auto callee = table.lookup<FuncOp>(op.getCallee());
  if (!callee || is_contained(calls, callee))
    return op.emitError() << "'" << op.getCallee() << "' cannot be called here";
  Block &body = callee.getBody().front();
  callee.walk([&](Operation *inner) {
    for (Value result : inner->getResults())
      wanted.erase(result);
  });
  for (auto [argument, operand] : llvm::zip(body.getArguments(), op.getInputs())) {
    storage[argument] = bufferOf(operand);
    for (Operation *user : argument.getUsers())
      if (auto kernel = dyn_cast<KernelOp>(user); kernel && updatedInPlace(kernel) == argument)
        if (failed(checkUpdated(op, operand)))
          return failure();
  }
  Operation *returned = body.getTerminator();
  for (auto [value, result] : llvm::zip(returned->getOperands(), op.getResults()))
    if (Value buffer = wanted.lookup(result))
      want(value, buffer, &body);
  calls.push_back(callee);
  LogicalResult visited = visitBlock(body);
  calls.pop_back();
  for (auto [value, result] : llvm::zip(returned->getOperands(), op.getResults())) {
    Value buffer = wanted.lookup(result);
    if (buffer)
      copyIfElsewhere(op.getLoc(), value, buffer);
    storage[result] = buffer ? buffer : bufferOf(value);
  }
  return visited;
}

LogicalResult ProgramBuilder::visit(IfOp op) {
  SmallVector<Value> results;
  for (Value result : op.getResults())
    results.push_back(destination(result));
  auto branch = exec::IfOp::create(builder, op.getLoc(), bufferOf(op.getCondition()));
  bool good = succeeded(visitBranch(op.getThenRegion(), branch.getThen(), results));
  good &= succeeded(visitBranch(op.getElseRegion(), branch.getOtherwise(), results));
  return success(good);
}

/// The trip count as an expression: known, or bound from memory before the loop.
DimExpr ProgramBuilder::tripCount(LoopOp op) {
  Value count = op.getTripCount();
  APInt constant;
  if (matchPattern(count, m_ConstantInt(&constant)))
    return DimExpr::constant(op.getContext(), std::max<int64_t>(0, constant.getSExtValue()));
  if (auto dim = count.getDefiningOp<DimOp>())
    return DimExpr(dim.getExpr());
  std::string name = addSymbol("trips", 0, std::numeric_limits<int64_t>::max());
  auto type = cast<RankedTensorType>(count.getType()).getElementType();
  exec::BindOp::create(builder, op.getLoc(), name, bufferOf(count), 0, type);
  return DimExpr::symbol(op.getContext(), name);
}

bool ProgramBuilder::alwaysTrue(Value condition) {
  APInt constant;
  return matchPattern(condition, m_ConstantInt(&constant)) && constant.isOne();
}

LogicalResult ProgramBuilder::visit(LoopOp op) {
  DimExpr trips = tripCount(op);
  std::string counter = addSymbol("loop", 0, std::numeric_limits<int64_t>::max());
  Operation *yield = op.getBody().front().getTerminator();
  // The condition is carried like a tensor, before the others, unless it never
  // changes.
  bool endless = alwaysTrue(op.getCondition()) && alwaysTrue(yield->getOperand(0));
  SmallVector<Value> carried(1);
  if (!endless) {
    carried[0] = createPlace(op.getCondition().getType());
    copyIfElsewhere(op.getLoc(), op.getCondition(), carried[0]);
  }
  for (auto [init, result] : llvm::zip(op.getInits(), op.getResults())) {
    carried.push_back(destination(result));
    copyIfElsewhere(op.getLoc(), init, carried.back());
  }
  auto loop =
      exec::LoopOp::create(builder, op.getLoc(), counter, cast<DimExprAttr>(trips.getAttr()),
                           carried[0], ValueRange(), ValueRange());
  return visitBody(op, loop, carried);
}

LogicalResult ProgramBuilder::visitBody(LoopOp op, exec::LoopOp loop, ValueRange carried) {
  OpBuilder::InsertionGuard guard(builder);
  size_t outside = arenas.size();
  Block &block = op.getBody().front();
  builder.setInsertionPointToStart(&loop.getBody().emplaceBlock());
  BlockArgument round = block.getArgument(0);
  if (!round.use_empty()) {
    auto counter = DimExpr::symbol(op.getContext(), loop.getCounter());
    auto type = cast<RankedTensorType>(round.getType()).getElementType();
    exec::StoreOp::create(builder, op.getLoc(), cast<DimExprAttr>(counter.getAttr()),
                          destination(round), type);
  }
  for (auto [argument, buffer] : llvm::zip(block.getArguments().drop_front(), carried.drop_front()))
    storage[argument] = buffer;
  Operation *yield = block.getTerminator();
  SmallVector<Value> next(carried.size());
  for (auto [value, buffer, place] : llvm::zip(yield->getOperands(), carried, next))
    if (buffer)
      want(value, place = createPlace(value.getType()), &block);
  if (failed(visitBlock(block)))
    return failure();
  SmallVector<Value> from, to;
  for (auto [value, buffer, place] : llvm::zip(yield->getOperands(), carried, next)) {
    if (!buffer || bufferOf(value) == buffer)
      continue;
    copyIfElsewhere(yield->getLoc(), value, place);
    from.push_back(place);
    to.push_back(buffer);
  }
  loop.getFromMutable().assign(from);
  loop.getToMutable().assign(to);
  arenas.resize(outside);
  return success();
}

} // namespace tenon
