//===- FoldWeights.cpp - weights joined from others, at compile time ------===//
//
// Exporters put weights together in the graph: gates of a recurrent layer cut
// and concatenated in another order, halves of a projection. A view of one
// weight costs nothing, but a concatenation would be computed in every run, and
// nobody could choose its layout. So:
//   1. A value is *moved* if it is a weight, or a view of moved values whose
//      elements are all theirs.
//   2. A moved value below a concatenation that something else than a moved
//      value reads, and that is not larger than the weights it comes from, is
//      computed into bytes of the store and becomes a weight.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include "dialects/spmd/Spmd.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace tenon {

namespace {
class WeightFolder {
public:
  WeightFolder(ModuleOp module, WeightStore &store) : module(module), table(module), store(store) {}

  void run() {
    SmallVector<FactorRuleInterface> candidates;
    module.walk([&](FactorRuleInterface op) {
      if (op->getNumResults() == 1 && isFrontier(op))
        candidates.push_back(op);
    });
    for (FactorRuleInterface op : candidates)
      fold(op);
  }

private:
  /// What a moved value comes from; nothing if it is none.
  struct Source {
    bool isMoved = false, isJoined = false;
    llvm::SetVector<Operation *> weights;
  };

  const Source &sourceOf(Value value) {
    if (auto it = sources.find(value); it != sources.end())
      return *it->second;
    auto source = std::make_unique<Source>(findSource(value));
    return *(sources[value] = std::move(source));
  }

  Source findSource(Value value) {
    Source source;
    if (auto read = value.getDefiningOp<ReadOp>()) {
      auto weight = table.lookup<WeightOp>(read.getWeight());
      if (spmd::getSplit(weight))
        return source; // its bytes differ from rank to rank
      source.isMoved = true;
      source.weights.insert(weight);
      return source;
    }
    auto op = value.getDefiningOp<FactorRuleInterface>();
    if (!op || !movesOnly(op))
      return source;
    source.isMoved = true;
    source.isJoined = isa<ConcatOp>(op);
    for (Value operand : op->getOperands()) {
      const Source &from = sourceOf(operand);
      source.isMoved &= from.isMoved;
      source.isJoined |= from.isJoined;
      source.weights.insert_range(from.weights);
    }
    return source;
  }

  /// A view all of whose elements are elements of an operand.
  static bool movesOnly(FactorRuleInterface op) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (!op.isView() || op->getNumOperands() == 0 || !type.hasStaticShape() ||
        type.getElementTypeBitWidth() % 8 != 0)
      return false;
    FactorRule rule = op.getFactorRule();
    bool isFixed = llvm::all_of(rule.operands, [&](const Access &access) {
      return llvm::all_of(access.index,
                          [](DimExpr expr) { return expr.getKind() != DimKind::Operand; }) &&
             (access.guards.empty() || isa<ConcatOp>(op));
    });
    return isFixed && llvm::all_of(rule.factors, [](const Factor &factor) {
             return factor.kind == FactorKind::Parallel;
           });
  }

  static int64_t bytesOf(Type type) {
    int64_t bytes = elementBytes(type);
    for (int64_t size : cast<RankedTensorType>(type).getShape())
      if (llvm::MulOverflow(bytes, size, bytes))
        return std::numeric_limits<int64_t>::max();
    return bytes;
  }

  bool isFrontier(FactorRuleInterface op) {
    constexpr int64_t kMostBytes = 64 << 20;
    const Source &source = sourceOf(op->getResult(0));
    if (!source.isMoved || !source.isJoined)
      return false;
    int64_t bytes = 0, own = bytesOf(op->getResult(0).getType());
    for (Operation *weight : source.weights)
      bytes += bytesOf(cast<WeightOp>(weight).getType());
    return own > 0 && own <= std::min(bytes, kMostBytes) &&
           llvm::any_of(op->getUsers(), [&](Operation *user) {
             return user->getNumResults() != 1 || !sourceOf(user->getResult(0)).isMoved;
           });
  }

  void fold(FactorRuleInterface op) {
    Value value = op->getResult(0);
    std::optional<std::vector<char>> bytes = compute(value);
    if (!bytes)
      return;
    OpBuilder builder(op);
    auto first = cast<WeightOp>(sourceOf(value).weights.front());
    auto size = static_cast<int64_t>(bytes->size());
    auto where = StoreAttr::get(op->getContext(), builder.getStringAttr(WeightStore::kOwned),
                                store.addBytes(std::move(*bytes)), size);
    OpBuilder atWeight(first);
    std::string name = (first.getSymName() + ".joined").str();
    auto weight = WeightOp::create(atWeight, op->getLoc(), name,
                                   cast<RankedTensorType>(value.getType()), where,
                                   StringAttr(), DenseI64ArrayAttr());
    table.insert(weight);
    auto read = ReadOp::create(builder, op->getLoc(), value.getType(),
                               FlatSymbolRefAttr::get(weight.getSymNameAttr()));
    value.replaceAllUsesWith(read);
    eraseUnused(op);
  }

  /// The row-major bytes of a moved value; nothing if those of a weight are not
  /// there (the error is reported when it is written).
  std::optional<std::vector<char>> compute(Value value) {
    if (auto read = value.getDefiningOp<ReadOp>()) {
      auto bytes = store.bytes(cast<WeightOp>(table.lookup(read.getWeight())).getStore());
      if (!bytes || int64_t(bytes->size()) != bytesOf(value.getType()))
        return std::nullopt;
      return std::vector<char>(bytes->begin(), bytes->end());
    }
    auto op = value.getDefiningOp<FactorRuleInterface>();
    std::vector<std::vector<char>> operands;
    for (Value operand : op->getOperands()) {
      std::optional<std::vector<char>> bytes = compute(operand);
      if (!bytes)
        return std::nullopt;
      operands.push_back(std::move(*bytes));
    }
    return move(op, operands);
  }

  static std::optional<std::vector<char>> move(FactorRuleInterface op,
                                               ArrayRef<std::vector<char>> operands) {
    FactorRule rule = op.getFactorRule();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    int64_t width = elementBytes(type);
    std::vector<char> result(bytesOf(type));
    SmallVector<int64_t> point(type.getRank(), 0);
    for (int64_t at = 0; at < int64_t(result.size()); at += width) {
      const char *from = find(op, rule, operands, point);
      if (!from)
        return std::nullopt;
      std::memcpy(result.data() + at, from, width);
      for (size_t dim = point.size(); dim-- > 0;) {
        if (++point[dim] < type.getDimSize(dim))
          break;
        point[dim] = 0;
      }
    }
    return result;
  }

  /// The element of an operand that the result has at a point.
  static const char *find(FactorRuleInterface op, const FactorRule &rule,
                          ArrayRef<std::vector<char>> operands, ArrayRef<int64_t> point) {
    auto valueOf = [&](DimExpr expr) {
      return expr.evaluate([&](DimExpr leaf) -> std::optional<int64_t> {
        return leaf.isFactor() ? std::optional(point[leaf.getValue()]) : std::nullopt;
      });
    };
    auto isWithin = [&](DimExpr expr, std::optional<int64_t> extent) {
      std::optional<int64_t> at = valueOf(expr);
      return at && extent && *at >= 0 && *at < *extent;
    };
    for (auto [k, access] : llvm::enumerate(rule.operands)) {
      auto type = cast<RankedTensorType>(op->getOperand(k).getType());
      bool isHere = llvm::all_of(access.guards, [&](const Guard &guard) {
        return isWithin(guard.index, valueOf(guard.extent));
      });
      int64_t offset = 0;
      for (auto [expr, size] : llvm::zip(access.index, type.getShape())) {
        isHere = isHere && isWithin(expr, size);
        offset = offset * size + valueOf(expr).value_or(0);
      }
      if (isHere)
        return operands[k].data() + offset * elementBytes(type);
    }
    return nullptr;
  }

  void eraseUnused(Operation *op) {
    if (!op->use_empty())
      return;
    SmallVector<Value> operands(op->getOperands());
    for (Value result : op->getResults())
      sources.erase(result);
    op->erase();
    for (Value operand : operands)
      if (Operation *maker = operand.getDefiningOp(); maker && sourceOf(operand).isMoved)
        eraseUnused(maker);
  }

  ModuleOp module;
  SymbolTable table;
  WeightStore &store;
  llvm::DenseMap<Value, std::unique_ptr<Source>> sources;
};
} // namespace

void foldWeights(ModuleOp module, WeightStore &store) { WeightFolder(module, store).run(); }

} // namespace tenon
