//===- Layers.cpp - rounds of a loop as calls of one function -------------===//
//
// After each round of a loop on constants:
//
//   1. its operations move into a private function; what they read from outside
//      (weights, states, the values of the round before) become its arguments,
//      what is used after the round its results;
//   2. the function is compared with those of the rounds before; an equal one is
//      called instead.
//
// So thirty layers that differ in their weights are one function called thirty
// times, and layers of two kinds are two.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace tenon::language {

/// Below this many operations a call is not worth its trouble.
constexpr size_t kLeastOperations = 4;

/// The operations of a round; reads of weights and states are the entry's.
static SmallVector<Operation *> operationsAfter(mlir::Block &block, Operation *before) {
  SmallVector<Operation *> round;
  if (block.empty())
    return round;
  for (Operation *op = before ? before->getNextNode() : &block.front(); op; op = op->getNextNode())
    if (!isa<ReadOp, LoadStateOp>(op))
      round.push_back(op);
  return round;
}

static llvm::SetVector<Value> operandsFromOutside(ArrayRef<Operation *> round) {
  llvm::DenseSet<Operation *> inside(round.begin(), round.end());
  llvm::SetVector<Value> outside;
  for (Operation *op : round)
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands()) {
        Operation *maker = operand.getDefiningOp();
        if (!maker)
          maker = operand.getParentBlock()->getParentOp();
        while (maker && !inside.contains(maker) && maker->getParentOp() != op->getParentOp())
          maker = maker->getParentOp();
        bool isInside = maker && inside.contains(maker);
        if (!isInside)
          outside.insert(operand);
      }
    });
  return outside;
}

void Elaborator::outlineRound(const Stmt &stmt, Operation *before, Scope &scope,
                              std::vector<FuncOp> &rounds) {
  mlir::Block &block = func.getBody().front();
  SmallVector<Operation *> round = operationsAfter(block, before);
  if (round.size() < kLeastOperations || llvm::any_of(round, llvm::IsaPred<BindOp, CheckOp>))
    return;
  llvm::SetVector<Value> inputs = operandsFromOutside(round);
  llvm::DenseSet<Operation *> inside(round.begin(), round.end());
  // What lives on: variables of the function and states.
  llvm::SetVector<Value *> places; // lists of two names may share their values
  std::function<void(Val &)> carry = [&](Val &val) {
    if (val.tensor && inside.contains(val.tensor.getDefiningOp()))
      places.insert(&val.tensor);
    if (val.parts)
      llvm::for_each(*val.parts, carry);
  };
  for (Scope *s = &scope; s; s = s->outer)
    for (auto &entry : s->names)
      carry(entry.second);
  SmallVector<Value *> carried = places.takeVector();
  llvm::sort(carried, [&](Value *a, Value *c) {
    return a->getDefiningOp()->isBeforeInBlock(c->getDefiningOp());
  });
  for (auto &[symbol, value] : states)
    if (inside.contains(value.getDefiningOp()))
      carried.push_back(&value);
  llvm::SetVector<Value> outputs;
  for (Value *value : carried)
    outputs.insert(*value);

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module->getBody());
  at(stmt.span);
  std::string name = func.getSymName().str() + "." + stmt.name + std::to_string(numRounds++);
  auto type = builder.getFunctionType(TypeRange(ValueRange(inputs.getArrayRef())),
                                      TypeRange(ValueRange(outputs.getArrayRef())));
  auto function = FuncOp::create(builder, b.location, name, type, builder.getStringAttr("private"),
                                 ArrayAttr(), ArrayAttr());
  mlir::Block &body = function.getBody().emplaceBlock();
  builder.setInsertionPointToEnd(&body);
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body.addArgument(input.getType(), input.getLoc()));
  for (Operation *op : round)
    builder.clone(*op, mapping);
  SmallVector<Value> returned;
  for (Value output : outputs)
    returned.push_back(mapping.lookup(output));
  ReturnOp::create(builder, b.location, returned);

  auto same = llvm::find_if(rounds, [&](FuncOp other) {
    return other.getFunctionType() == function.getFunctionType() &&
           OperationEquivalence::isRegionEquivalentTo(&other.getBody(), &function.getBody(),
                                                      OperationEquivalence::IgnoreLocations);
  });
  if (same != rounds.end()) {
    function.erase();
    function = *same;
  } else {
    rounds.push_back(function);
  }
  builder.setInsertionPointToEnd(&block);
  auto call = CallOp::create(builder, b.location, TypeRange(ValueRange(outputs.getArrayRef())),
                             function.getSymName(), inputs.getArrayRef());
  for (Value *value : carried) {
    size_t place = llvm::find(outputs, *value) - outputs.begin();
    *value = call.getResult(place);
  }
  for (Operation *op : llvm::reverse(round)) {
    op->dropAllUses();
    op->erase();
  }
}

} // namespace tenon::language
