//===- ShardPlan.cpp - which factor of each operation is shared -----------===//
//
// 1. A variable for each operation: its strategies, at the cost of computing.
// 2. A value with one use: the cost of converting it, for each pair of strategies.
// 3. A value with several uses: a variable of its own, the form that it is computed
//    in and one more that it may be kept in, so that a conversion that several
//    readers want is paid once.
// 4. The cheapest assignment (Solver.h).
//
//===----------------------------------------------------------------------===//

#include "passes/shard/Cost.h"
#include "passes/shard/Passes.h"
#include "passes/shard/Solver.h"
#include "llvm/Support/GlobPattern.h"

namespace tenon {
#define GEN_PASS_DEF_SHARDPLAN
#include "passes/shard/Passes.h.inc"
} // namespace tenon

using namespace mlir;
namespace tenon::shard {
namespace {

/// Weights whose names match are split along a dimension.
struct WeightRule {
  llvm::GlobPattern pattern;
  int64_t dim;
};

class Planner {
public:
  Planner(const Cost &cost, int64_t ranks, const FactorRanges &symbols,
          ArrayRef<WeightRule> rules)
      : cost(cost), ranks(ranks), symbols(symbols), rules(rules) {}

  LogicalResult run(Block &block) {
    for (Operation &op : block)
      if (failed(addOperation(&op)))
        return failure();
    for (BlockArgument argument : block.getArguments())
      addUses(argument, nullptr, 0);
    for (Operation &op : block)
      for (OpResult result : op.getResults())
        addUses(result, &op, result.getResultNumber());
    Solver::Solution solution = solver.solve();
    for (auto &[op, node] : nodes)
      setStrategy(op, node.strategies[solution.values[node.variable]]);
    return success();
  }

private:
  struct Node {
    SmallVector<Strategy> strategies;
    unsigned variable;
  };
  struct Use {
    Node *reader;
    int operand; ///< -1: read inside of a region of the reader, as a whole
  };

  LogicalResult addOperation(Operation *op) {
    Node &node = nodes[op];
    node.strategies = strategiesOf(op, ranks, symbols);
    if (auto read = dyn_cast<ReadOp>(op); read && failed(restrict(read, node.strategies)))
      return failure();
    SmallVector<double> costs;
    for (const Strategy &strategy : node.strategies)
      costs.push_back(cost.compute(op, strategy));
    node.variable = solver.addVariable(costs);
    return success();
  }

  /// Leaves the strategies that the user's rules allow.
  LogicalResult restrict(ReadOp read, SmallVectorImpl<Strategy> &strategies) {
    for (const WeightRule &rule : rules) {
      if (!rule.pattern.match(read.getWeight()))
        continue;
      llvm::erase_if(strategies, [&](const Strategy &s) { return s.factor != rule.dim; });
      if (strategies.empty())
        return read.emitError() << "weight '" << read.getWeight() << "' of type "
                                << read.getType() << " cannot be split along dimension "
                                << rule.dim << " into " << ranks << " equal parts";
      return success();
    }
    return success();
  }

  static Form wanted(const Use &use, unsigned strategy) {
    return use.operand < 0 ? Form() : use.reader->strategies[strategy].operands[use.operand];
  }

  SmallVector<Use> usesOf(Value value, Block *block) {
    SmallVector<Use> uses;
    for (OpOperand &use : value.getUses()) {
      Operation *reader = block->findAncestorOpInBlock(*use.getOwner());
      bool isOwn = reader == use.getOwner();
      uses.push_back({&nodes[reader], isOwn ? int(use.getOperandNumber()) : -1});
    }
    return uses;
  }

  /// Adds the costs of converting a value; no producer: it is there as a whole.
  void addUses(Value value, Operation *producer, unsigned number) {
    SmallVector<Use> uses = usesOf(value, value.getParentBlock());
    Type type = value.getType();
    if (!producer) {
      for (const Use &use : uses)
        addReader(use, type, {{Form(), Form()}}, solver.addVariable({0.0}));
      return;
    }
    Node &maker = nodes[producer];
    if (uses.size() == 1) {
      solver.addCost(maker.variable, uses[0].reader->variable, [&](unsigned a, unsigned b) {
        return cost.convert(type, maker.strategies[a].results[number], wanted(uses[0], b));
      });
      return;
    }
    if (!uses.empty())
      addShared(maker, number, type, uses);
  }

  static void insert(SmallVectorImpl<Form> &forms, Form form) {
    if (!llvm::is_contained(forms, form))
      forms.push_back(form);
  }

  /// The form in which a value is made, and a second one or the same again.
  using Forms = std::pair<Form, Form>;

  void addShared(Node &maker, unsigned number, Type type, ArrayRef<Use> uses) {
    SmallVector<Form> made, read;
    for (const Strategy &strategy : maker.strategies)
      insert(made, strategy.results[number]);
    for (const Use &use : uses)
      for (unsigned i = 0; i < use.reader->strategies.size(); ++i)
        insert(read, wanted(use, i));
    SmallVector<Forms> held;
    SmallVector<double> costs;
    for (Form first : made) {
      held.push_back({first, first});
      costs.push_back(0);
      for (Form second : read)
        if (double price = cost.convert(type, first, second); second != first) {
          held.push_back({first, second});
          costs.push_back(price);
        }
    }
    unsigned variable = solver.addVariable(costs);
    solver.addCost(maker.variable, variable, [&](unsigned a, unsigned v) {
      return maker.strategies[a].results[number] == held[v].first ? 0 : Cost::kImpossible;
    });
    for (const Use &use : uses)
      addReader(use, type, held, variable);
  }

  void addReader(const Use &use, Type type, ArrayRef<Forms> held, unsigned variable) {
    solver.addCost(variable, use.reader->variable, [&](unsigned v, unsigned b) {
      Form form = wanted(use, b);
      return std::min(cost.convert(type, held[v].first, form),
                      cost.convert(type, held[v].second, form));
    });
  }

  const Cost &cost;
  int64_t ranks;
  const FactorRanges &symbols;
  ArrayRef<WeightRule> rules;
  Solver solver;
  llvm::MapVector<Operation *, Node> nodes;
};

class ShardPlanPass : public impl::ShardPlanBase<ShardPlanPass> {
public:
  using ShardPlanBase::ShardPlanBase;

  void runOnOperation() override {
    spmd::MeshAttr mesh = spmd::getMesh(getOperation());
    int64_t ranks = mesh ? mesh.getSize(axis) : 0;
    if (!ranks) {
      getOperation().emitError() << "axis '" << axis << "' is not in the module's mesh";
      return signalPassFailure();
    }
    SmallVector<WeightRule> rules;
    if (failed(readRules(rules)))
      return signalPassFailure();
    FactorRanges symbols(getOperation());
    Cost cost({flops, memory, link, latency}, ranks, symbols.getSymbols());
    for (FuncOp func : getOperation().getOps<FuncOp>())
      if (func.isPublic() &&
          failed(Planner(cost, ranks, symbols, rules).run(func.getBody().front())))
        return signalPassFailure();
  }

private:
  LogicalResult readRules(SmallVectorImpl<WeightRule> &rules) {
    for (StringRef text : weights) {
      auto [pattern, number] = text.rsplit('=');
      int64_t dim;
      auto glob = llvm::GlobPattern::create(pattern);
      if (!glob || number.getAsInteger(10, dim) || dim < 0) {
        llvm::consumeError(glob.takeError());
        return getOperation().emitError() << "'" << text << "' is not PATTERN=DIM";
      }
      rules.push_back({std::move(*glob), dim});
    }
    return success();
  }
};

} // namespace
} // namespace tenon::shard
