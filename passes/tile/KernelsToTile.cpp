//===- KernelsToTile.cpp - tile functions from fused kernels --------------===//
//
// For each kernel:
//   1. group its results by their dimensions: a group shares one loop nest;
//   2. choose a schedule per group; the grid is the sum of the groups' blocks;
//   3. emit a function that finds its group by the block's number and runs the
//      group's nest;
//   4. for a product, emit another with the same blocks in tiles for CPUs with
//      fewer registers.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/Schedules.h"
#include "dialects/tile/Variants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/tile/Irregular.h"
#include "passes/tile/Nest.h"
#include "passes/tile/PackedProduct.h"
#include "passes/tile/Passes.h"
#include "passes/tile/gpu/ContractNest.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
namespace tenon {

#define GEN_PASS_DEF_KERNELSTOTILEPASS
#include "passes/tile/Passes.h.inc"

namespace {
/// Results of one shape, stored by one loop nest.
struct Group {
  SmallVector<unsigned> results;
  Schedule schedule;
  DimExpr blocks;
  /// Instead of the schedule, where a GPU computes a product.
  std::optional<ContractPlan> contract;
};

class KernelGenerator {
public:
  KernelGenerator(KernelOp kernel, const FactorRanges &ranges, const SymbolSizes &sizes,
                  ArrayRef<StringRef> symbols, ArrayRef<TileTarget> targets, Type products)
      : kernel(kernel), ranges(ranges), sizes(sizes), symbols(symbols), targets(targets),
        products(products) {}

  LogicalResult generate(OpBuilder &builder) {
    for (Type type : kernel->getOperandTypes())
      views.push_back(viewOf(type));
    for (Type type : kernel->getResultTypes())
      views.push_back(viewOf(type));
    if (hasOnlyEmptyResults())
      return addEmptyBody(tile::FuncOp::create(builder, kernel.getLoc(), kernel.getName(), views,
                                               DimExpr::constant(kernel.getContext(), 0),
                                               symbols)),
             success();
    if (isPackedProduct(kernel))
      return generatePackedProduct(builder, kernel, views, symbols);
    if (Operation *op = irregularOp(kernel))
      return generateIrregular(builder, kernel, op, views, ranges, symbols);
    chooseGroups();
    auto func = createFunc(builder, kernel.getName());
    if (failed(emitBody(func)))
      return failure();
    for (const TileTarget &target : targets.drop_front())
      if (failed(generateVariant(builder, func, target)))
        return failure();
    return success();
  }

private:
  tile::FuncOp createFunc(OpBuilder &builder, const Twine &name) {
    DimExpr grid = DimExpr::constant(kernel.getContext(), 0);
    for (const Group &group : groups)
      grid = grid + group.blocks;
    return tile::FuncOp::create(builder, kernel.getLoc(), name.str(), views, ranges.simplify(grid),
                                symbols);
  }

  /// The messages of checks belong to a kernel, whatever its code: with checks
  /// there is one code for all.
  LogicalResult generateVariant(OpBuilder &builder, tile::FuncOp base, const TileTarget &target) {
    bool hasRows =
        llvm::any_of(groups, [](const Group &group) { return group.schedule.rowWidth > 1; });
    bool hasChecks =
        base.walk([](tile::CheckOp) { return WalkResult::interrupt(); }).wasInterrupted();
    if (!hasRows || hasChecks)
      return success();
    std::vector<Group> wide = groups;
    for (Group &group : groups)
      group.schedule = narrowed(group.schedule, target);
    auto func = createFunc(builder, base.getSymName() + "." + Twine(target.lanes));
    func->setAttr(tile::kLanesAttr, builder.getI64IntegerAttr(target.lanes));
    func->setAttr(tile::kKernelAttr, base.getSymNameAttr());
    LogicalResult result = emitBody(func);
    groups = std::move(wide);
    return result;
  }

  static Type viewOf(Type type) {
    return tile::ViewType::get(storageType(getElementTypeOrSelf(type)));
  }
  /// Such a kernel is never run, and its index arithmetic would divide by zero.
  bool hasOnlyEmptyResults() {
    return llvm::all_of(kernel->getResultTypes(), isEmpty);
  }
  static bool isEmpty(Type type) {
    return llvm::any_of(getDims(type), [](DimExpr dim) { return dim.isConstant(0); });
  }
  YieldOp yield() { return cast<YieldOp>(kernel.getBody().front().getTerminator()); }

  void chooseGroups() {
    for (auto [i, value] : llvm::enumerate(yield().getResults())) {
      if (isEmpty(value.getType()))
        continue;
      Group *home = nullptr;
      for (Group &group : groups)
        if (getDims(yield().getOperand(group.results.front()).getType()) ==
                getDims(value.getType()) &&
            resultOrder(kernel, group.results.front()) == resultOrder(kernel, i))
          home = &group;
      if (!home)
        home = &groups.emplace_back();
      home->results.push_back(i);
    }
    BufferOrders orders = operandOrders(kernel);
    for (Group &group : groups) {
      SmallVector<Value> values;
      for (unsigned result : group.results)
        values.push_back(yield().getOperand(result));
      SmallVector<int64_t> order = resultOrder(kernel, group.results.front());
      if (targets.front().hasThreads && groups.size() == 1)
        group.contract = planContraction(values, order, orders, ranges, sizes, products);
      if (group.contract) {
        group.blocks = group.contract->blocks();
        continue;
      }
      group.schedule =
          chooseSchedule(values, order, orders, ranges, sizes, targets.front());
      SmallVector<DimExpr> counts;
      for (unsigned i = 0; i < group.schedule.extents.size(); ++i)
        counts.push_back(group.schedule.blocks(i));
      group.blocks = product(kernel.getContext(), counts);
    }
  }

  Block *addEmptyBody(tile::FuncOp func) {
    Block *entry = &func.getBody().front();
    OpBuilder builder = OpBuilder::atBlockEnd(entry);
    if (entry->empty() || !entry->back().hasTrait<OpTrait::IsTerminator>())
      tile::ReturnOp::create(builder, kernel.getLoc());
    return entry;
  }

  LogicalResult emitBody(tile::FuncOp func) {
    Block *entry = addEmptyBody(func);
    if (const auto &plan = groups.front().contract) {
      const ContractTile &tile = plan->tile;
      func->setAttr(tile::kPipelineAttr,
                    DenseI64ArrayAttr::get(func.getContext(), {tile.m, tile.n, tile.k, tile.warpsM,
                                                               tile.warpsN, tile.stages}));
    }
    return emitGroups(func, entry, 0, func.getBlockId());
  }

  /// if (block < blocks of this group) { its nest } else { the next groups }
  LogicalResult emitGroups(tile::FuncOp func, Block *block, unsigned at, Value number) {
    Group &group = groups[at];
    bool last = at + 1 == groups.size();
    OpBuilder builder(block, std::prev(block->end()));
    if (last)
      return emitGroup(func, block, group, number);
    Value count = sizeOf(builder, group.blocks);
    Value mine =
        arith::CmpIOp::create(builder, kernel.getLoc(), arith::CmpIPredicate::ult, number, count);
    Value rest = arith::SubIOp::create(builder, kernel.getLoc(), number, count);
    auto branch = scf::IfOp::create(builder, kernel.getLoc(), mine, /*withElseRegion=*/true);
    if (failed(emitGroup(func, branch.thenBlock(), group, number)))
      return failure();
    return emitGroups(func, branch.elseBlock(), at + 1, rest);
  }

  Value sizeOf(OpBuilder &builder, DimExpr expr) {
    if (expr.isConstant())
      return arith::ConstantIndexOp::create(builder, kernel.getLoc(), expr.getValue());
    return tile::DimOp::create(builder, kernel.getLoc(), expr);
  }

  LogicalResult emitGroup(tile::FuncOp func, Block *block, Group &group, Value number) {
    OpBuilder builder(block, std::prev(block->end()));
    int64_t widths[] = {group.schedule.rowWidth, group.schedule.vectorWidth};
    TileBuilder tiles(builder, kernel.getLoc(), ranges, widths);
    Evaluator evaluator(tiles, &func.getBody().front());
    Block &body = kernel.getBody().front();
    BufferOrders orders = operandOrders(kernel);
    for (BlockArgument argument : body.getArguments())
      evaluator.addBuffer(argument, {func.getViews()[argument.getArgNumber()], orders[argument]});
    evaluator.setStaged(group.schedule.staged);
    evaluator.setVectorDim(group.schedule.vectorWidth > 1 ? 1 : -1);
    evaluator.setInnerRowDim(group.schedule.innerRows ? 0 : -1);
    SmallVector<std::pair<Value, Value>> stores;
    for (unsigned result : group.results) {
      // The result's place is known by the kernel's own result value.
      Value target = kernel.getResult(result);
      evaluator.addBuffer(
          target, {func.getViews()[body.getNumArguments() + result], resultOrder(kernel, result)});
      stores.push_back({yield().getOperand(result), target});
    }
    if (group.contract)
      return emitContraction(tiles, evaluator, *group.contract, stores, number);
    return emitNest(tiles, evaluator, group.schedule, stores, number);
  }

  KernelOp kernel;
  const FactorRanges &ranges;
  const SymbolSizes &sizes;
  ArrayRef<StringRef> symbols;
  ArrayRef<TileTarget> targets; ///< the first decides the blocks
  Type products;                ///< in which products of f32 are multiplied on a GPU
  SmallVector<Type> views;
  std::vector<Group> groups;
};

std::optional<Type> productType(StringRef name, Builder builder) {
  return llvm::StringSwitch<std::optional<Type>>(name)
      .Case("f32", builder.getF32Type())
      .Case("f16", builder.getF16Type())
      .Case("bf16", builder.getBF16Type())
      .Default(std::nullopt);
}

struct KernelsToTilePass : impl::KernelsToTilePassBase<KernelsToTilePass> {
  using KernelsToTilePassBase::KernelsToTilePassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FactorRanges ranges(module);
    SymbolSizes sizes(module);
    SmallVector<StringRef> symbols;
    if (auto attr = module->getAttrOfType<SymbolsAttr>(TenonDialect::kSymbolsAttrName))
      for (StringAttr name : attr.getNames())
        symbols.push_back(name.getValue());
    SmallVector<KernelOp> kernels;
    module.walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    SmallVector<TileTarget> targets{{lanes, registers, blockPoints, hasThreads}};
    if (variantLanes > 0)
      targets.push_back({variantLanes, variantRegisters, blockPoints, hasThreads});
    std::optional<Type> type = productType(products, builder);
    if (!type) {
      module.emitError("unknown type of products '") << products << "', expected f32, f16 or bf16";
      return signalPassFailure();
    }
    for (KernelOp kernel : kernels)
      if (failed(KernelGenerator(kernel, ranges, sizes, symbols, targets, *type).generate(builder)))
        return signalPassFailure();
  }
};
} // namespace
} // namespace tenon
