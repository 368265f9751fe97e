//===- ShardPartition.cpp - a planned graph as one rank runs it -----------===//
//
// Operation by operation, in order: operands in the forms that its strategy wants,
// a copy of it with the types of one rank, and the form of its results noted down.
// Operations that every rank does as a whole stay as they are.
//
//===----------------------------------------------------------------------===//

#include "passes/shard/Passes.h"
#include "passes/shard/Reshard.h"

namespace tenon {
#define GEN_PASS_DEF_SHARDPARTITION
#include "passes/shard/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon::shard {
namespace {

class Partitioner {
public:
  Partitioner(ModuleOp module, StringRef axis, int64_t ranks)
      : module(module), table(module), axis(axis), ranks(ranks), symbols(module),
        builder(module.getContext()), resharder(builder, axis, ranks) {}

  LogicalResult run(Block &block) {
    for (BlockArgument argument : block.getArguments())
      forms[argument] = {{Form(), argument}};
    for (Operation &op : llvm::make_early_inc_range(block))
      if (failed(visit(&op)))
        return failure();
    for (Operation *op : llvm::reverse(divided))
      op->erase();
    return success();
  }

private:
  LogicalResult visit(Operation *op) {
    std::optional<Strategy> strategy = strategyOf(op, ranks, symbols);
    if (!strategy)
      return failure();
    op->removeAttr(kFactorName);
    op->removeAttr(kPartialName);
    builder.setInsertionPoint(op);
    if (strategy->factor < 0 && !strategy->isPartial) {
      keep(op);
      return success();
    }
    Operation *local = isa<ReadOp>(op) ? divideWeight(cast<ReadOp>(op), strategy->results[0])
                                       : divide(op, *strategy);
    for (auto [result, own, form] :
         llvm::zip_equal(op->getResults(), local->getResults(), strategy->results))
      forms[result] = {{form, own}};
    divided.push_back(op);
    return success();
  }

  /// Every rank does all of it, and of what its regions read.
  void keep(Operation *op) {
    op->walk([&](Operation *inner) {
      for (OpOperand &operand : inner->getOpOperands())
        if (forms.contains(operand.get()))
          operand.set(inForm(operand.get(), Form()));
    });
    for (Value result : op->getResults())
      forms[result] = {{Form(), result}};
  }

  Operation *divide(Operation *op, const Strategy &strategy) {
    SmallVector<Value> operands;
    for (auto [operand, form] : llvm::zip_equal(op->getOperands(), strategy.operands))
      operands.push_back(inForm(operand, form));
    Operation *local = builder.clone(*op);
    local->setOperands(operands);
    for (auto [result, form] : llvm::zip_equal(local->getResults(), strategy.results))
      result.setType(resharder.localType(result.getType(), form));
    if (auto constant = dyn_cast<ConstantOp>(local)) {
      auto splat = cast<DenseElementsAttr>(constant.getValue());
      constant.setValueAttr(splat.resizeSplat(cast<ShapedType>(constant.getType())));
    }
    return local;
  }

  /// A value in a form; each form of it is made once.
  Value inForm(Value value, Form form) {
    auto &known = forms[value];
    for (auto &[have, own] : known)
      if (have == form)
        return own;
    // From what costs no communication, if there is such.
    auto *from = llvm::find_if(known, [](auto &have) { return have.first.kind == Form::Replicated; });
    from = from == known.end() ? known.begin() : from;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(from->second);
    Value made = resharder.convert(from->second, value.getType(), from->first, form);
    forms[value].push_back({form, made});
    return made;
  }

  /// The rank's part of a weight.
  Operation *divideWeight(ReadOp read, Form form) {
    auto weight = table.lookup<WeightOp>(read.getWeight());
    std::string name = (read.getWeight() + "." + axis + Twine(form.dim)).str();
    if (!table.lookup(name))
      addPart(weight, name, form);
    Type type = resharder.localType(read.getType(), form);
    return ReadOp::create(builder, read.getLoc(), type,
                          FlatSymbolRefAttr::get(module.getContext(), name));
  }

  void addPart(WeightOp weight, StringRef name, Form form) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(weight);
    auto part = cast<WeightOp>(builder.clone(*weight));
    part.setSymName(name);
    part.setType(resharder.localType(weight.getType(), form));
    spmd::SplitAttr split = spmd::getSplit(weight);
    SmallVector<int64_t> dims;
    SmallVector<StringAttr> axes;
    if (split) {
      llvm::append_range(dims, split.getDims());
      llvm::append_range(axes, split.getAxes());
    }
    dims.push_back(form.dim);
    axes.push_back(builder.getStringAttr(axis));
    Type whole = split ? split.getWhole() : Type(weight.getType());
    part->setAttr(spmd::SpmdDialect::kSplitName,
                  spmd::SplitAttr::get(module.getContext(), whole, dims, axes));
    table.insert(part);
  }

  ModuleOp module;
  SymbolTable table;
  StringRef axis;
  int64_t ranks;
  FactorRanges symbols;
  OpBuilder builder;
  Resharder resharder;
  llvm::DenseMap<Value, SmallVector<std::pair<Form, Value>, 2>> forms;
  SmallVector<Operation *> divided;
};

class ShardPartitionPass : public impl::ShardPartitionBase<ShardPartitionPass> {
public:
  using ShardPartitionBase::ShardPartitionBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    spmd::MeshAttr mesh = spmd::getMesh(module);
    int64_t ranks = mesh ? mesh.getSize(axis) : 0;
    if (!ranks) {
      module.emitError() << "axis '" << axis << "' is not in the module's mesh";
      return signalPassFailure();
    }
    declareRank(module, ranks);
    for (FuncOp func : module.getOps<FuncOp>())
      if (func.isPublic() &&
          failed(Partitioner(module, axis, ranks).run(func.getBody().front())))
        return signalPassFailure();
  }

private:
  void declareRank(ModuleOp module, int64_t ranks) {
    SymbolRanges symbols(module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName));
    DimExpr rank = spmd::rankAlong(&getContext(), axis);
    symbols.add(rank.getSymbol(), {0, ranks - 1, 1});
    module->setAttr(TenonDialect::kSymbolsAttrName, symbols.getAttr(&getContext()));
  }
};

} // namespace
} // namespace tenon::shard
