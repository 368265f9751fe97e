//===- AssignOrders.cpp - the order of tensors in memory ------------------===//
//
// Kernels are visited in program order. For each:
//   1. operands have the order that their producer chose;
//   2. results: the dimension along which the lanes of all products that read it
//      run goes last (the keys of attention); else the one that only the weight
//      of the heaviest product depends on; without a product, the order of the
//      operand that is most like the result;
//   3. weights: the dimension over which the result's lanes run goes last, the
//      reduced ones before it in the order in which the other operand walks, those
//      of a batch or of groups first.
// Only then are the orders written on the kernels: a weight may be read by a
// kernel that comes before the one that chooses its order. Orders are only
// strides: every kernel is right with any of them, if all agree.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/SymbolSizes.h"
#include "passes/tile/Irregular.h"
#include "passes/tile/PackedProduct.h"
#include "passes/tile/Passes.h"
#include "passes/tile/Schedule.h"

using namespace mlir;
namespace tenon {

#define GEN_PASS_DEF_ASSIGNORDERSPASS
#include "passes/tile/Passes.h.inc"

namespace {
using Order = SmallVector<int64_t>;

bool isRowMajor(ArrayRef<int64_t> order) {
  for (auto [i, dim] : llvm::enumerate(order))
    if (int64_t(i) != dim)
      return false;
  return true;
}

/// An order (empty: row-major) with one dimension moved to the end.
Order moveLast(ArrayRef<int64_t> order, int64_t rank, int64_t last) {
  Order result;
  for (int64_t i = 0; i < rank; ++i)
    if (int64_t dim = order.empty() ? i : order[i]; dim != last)
      result.push_back(dim);
  result.push_back(last);
  return result;
}

class OrderAssigner {
public:
  OrderAssigner(ModuleOp module) : module(module), ranges(module), sizes(module) {}

  void run() {
    module.walk([&](ReadOp read) {
      if (!isFree(read.getResult()))
        fixedWeights.insert(read.getWeightAttr());
    });
    for (WeightOp weight : module.getOps<WeightOp>())
      if (fixedWeights.contains(FlatSymbolRefAttr::get(weight.getSymNameAttr())))
        weight.removeOrderAttr();
    module.walk([&](KernelOp kernel) { choose(kernel); });
    module.walk([&](KernelOp kernel) { write(kernel); });
  }

private:
  /// A value whose bytes only kernels touch.
  /// (Those of irregular operations know row-major order only.)
  static bool isFree(Value value) {
    auto isRegular = [](Operation *op) {
      auto kernel = dyn_cast_or_null<KernelOp>(op);
      return kernel && !irregularOp(kernel) && !isPackedProduct(kernel);
    };
    bool isMade = value.getDefiningOp<ReadOp>() || isRegular(value.getDefiningOp());
    return isMade && llvm::all_of(value.getUsers(), isRegular);
  }

  WeightOp weightOf(Value value) {
    auto read = value.getDefiningOp<ReadOp>();
    if (!read || fixedWeights.contains(read.getWeightAttr()))
      return {};
    return SymbolTable::lookupNearestSymbolFrom<WeightOp>(read, read.getWeightAttr());
  }

  /// A small constant of several elements, which can be laid out anew.
  static ConstantOp constantOf(Value value) {
    auto constant = value.getDefiningOp<ConstantOp>();
    auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
    bool hasBytes = elements && !elements.isSplat() &&
                    elements.getElementType().getIntOrFloatBitWidth() % 8 == 0;
    return hasBytes ? constant : ConstantOp();
  }

  bool isWeight(Value value) { return weightOf(value) || constantOf(value); }

  Order orderOf(Value value) {
    if (WeightOp weight = weightOf(value)) {
      auto order = weight.getOrder();
      return order ? Order(*order) : Order();
    }
    auto it = orders.find(value);
    return it == orders.end() ? Order() : it->second;
  }

  void choose(KernelOp kernel) {
    if (isPackedProduct(kernel))
      return; // row-major, and its planes have their own order
    Block &body = kernel.getBody().front();
    auto yield = cast<YieldOp>(body.getTerminator());
    BufferOrders buffers;
    for (auto [argument, operand] : llvm::zip(body.getArguments(), kernel.getInputs()))
      buffers[argument] = orderOf(operand);
    for (auto [result, value] : llvm::zip(kernel.getResults(), yield.getResults()))
      if (cast<RankedTensorType>(value.getType()).getRank() > 1) {
        Order order = chooseResult(kernel, value, buffers, isFree(result));
        if (std::optional<int64_t> last = isFree(result) ? lanesOfReaders(result) : std::nullopt)
          order = moveLast(order, cast<RankedTensorType>(value.getType()).getRank(), *last);
        if (isRowMajor(order))
          order.clear();
        if (isFree(result))
          orders[result] = order;
      }
  }

  //===--------------------------------------------------------------------===//
  // What readers want
  //===--------------------------------------------------------------------===//

  /// The dimension of a value along which the lanes of every product that reads
  /// it run, if there is such a one.
  std::optional<int64_t> lanesOfReaders(Value value) {
    std::optional<int64_t> common;
    for (OpOperand &use : value.getUses()) {
      std::optional<int64_t> dim = lanesOfReader(use);
      if (!dim || (common && *common != *dim))
        return std::nullopt;
      common = dim;
    }
    return common;
  }

  /// Of a product without weights: rows of one operand, lanes of the other.
  std::optional<int64_t> lanesOfReader(OpOperand &use) {
    auto kernel = cast<KernelOp>(use.getOwner());
    Block &body = kernel.getBody().front();
    auto yield = cast<YieldOp>(body.getTerminator());
    RankedTensorType type = cast<RankedTensorType>(yield.getResults().front().getType());
    if (yield.getResults().size() != 1 || type.getRank() == 0)
      return std::nullopt;
    BufferOrders rowMajor;
    for (BlockArgument argument : body.getArguments())
      rowMajor[argument] = {};
    Demand demand = demandOf(yield.getResults().front(), rowMajor);
    int heavy = heaviestProduct(demand);
    if (heavy < 0 || weightDimension(kernel, demand, heavy, type.getRank()) >= 0)
      return std::nullopt;
    DimExpr lanes = DimExpr::factor(kernel.getContext(), type.getRank() - 1);
    std::optional<int64_t> wanted;
    for (const MemoryRead &read : demand.getReads()) {
      bool isOwn = read.buffer == body.getArgument(use.getOperandNumber());
      if (isOwn && read.reduction != heavy)
        return std::nullopt;
      if (read.reduction != heavy)
        continue;
      if (isOwn != dependsOn(read.offset, lanes))
        return std::nullopt;
      for (auto [dim, expr] : llvm::enumerate(read.index))
        if (isOwn && dependsOn(expr, lanes)) {
          if (wanted || coefficientOf(expr, lanes) != 1)
            return std::nullopt;
          wanted = dim;
        }
    }
    return wanted;
  }

  Demand demandOf(Value value, const BufferOrders &buffers) {
    SmallVector<DimExpr> dims = getDims(value.getType()), index;
    for (auto [i, dim] : llvm::enumerate(dims))
      index.push_back(dim.isConstant(1) ? DimExpr::constant(value.getContext(), 0)
                                        : DimExpr::factor(value.getContext(), i));
    Demand demand(ranges, dims, buffers);
    demand.visit(value, index);
    return demand;
  }

  void write(KernelOp kernel) {
    Builder builder(kernel.getContext());
    SmallVector<Attribute> operandAttrs, resultAttrs;
    for (Value operand : kernel.getInputs())
      operandAttrs.push_back(builder.getDenseI64ArrayAttr(orderOf(operand)));
    for (Value result : kernel.getResults())
      resultAttrs.push_back(builder.getDenseI64ArrayAttr(orderOf(result)));
    kernel.setOperandOrdersAttr(builder.getArrayAttr(operandAttrs));
    kernel.setResultOrdersAttr(builder.getArrayAttr(resultAttrs));
  }

  /// A result that is not free is row-major; its product's weights may still be
  /// laid out for it.
  Order chooseResult(KernelOp kernel, Value value, const BufferOrders &buffers, bool isFree) {
    SmallVector<DimExpr> dims = getDims(value.getType());
    Demand demand = demandOf(value, buffers);
    int heavy = heaviestProduct(demand);
    if (heavy < 0)
      return followOperand(kernel, value, buffers);
    int lanes = weightDimension(kernel, demand, heavy, dims.size());
    if (lanes < 0) {
      orderWeights(kernel, demand, heavy, -1);
      return followOperand(kernel, value, buffers);
    }
    // Fewer elements than lanes: better along another dimension.
    if (std::optional<int64_t> size = dims[lanes].asConstant(); size && *size < 16)
      return followOperand(kernel, value, buffers);
    Order order = moveLast({}, dims.size(), lanes);
    if (isFree || isRowMajor(order))
      orderWeights(kernel, demand, heavy, lanes);
    return isRowMajor(order) ? Order() : order;
  }

  double points(Demand &demand, const ReductionDemand &reduction) {
    double total = 1;
    for (unsigned variable : reduction.variables)
      total *= sizes.nominal(demand.getRanges().getExtent(variable));
    return total;
  }

  int heaviestProduct(Demand &demand) {
    int heavy = -1;
    double most = 1;
    for (auto [i, reduction] : llvm::enumerate(demand.getReductions())) {
      if (!isa<ContractOp>(reduction.op) || points(demand, reduction) <= most)
        continue;
      heavy = i;
      most = points(demand, reduction);
    }
    return heavy;
  }

  Value operandOf(KernelOp kernel, Value buffer) {
    return kernel.getInputs()[cast<BlockArgument>(buffer).getArgNumber()];
  }

  /// The result dimension on which a weight of the product depends and, if there
  /// is one, no other operand does; the innermost of several.
  int weightDimension(KernelOp kernel, Demand &demand, int heavy, unsigned rank) {
    int own = -1, shared = -1;
    for (unsigned dim = 0; dim < rank; ++dim) {
      DimExpr leaf = DimExpr::factor(kernel.getContext(), dim);
      bool weight = false, other = false;
      for (const MemoryRead &read : demand.getReads()) {
        if (read.reduction != heavy || !dependsOn(read.offset, leaf))
          continue;
        (isWeight(operandOf(kernel, read.buffer)) ? weight : other) = true;
      }
      if (weight)
        (other ? shared : own) = dim;
    }
    return own >= 0 ? own : shared;
  }

  /// Without lanes over a dimension of its own, a weight is walked as the other
  /// operand is.
  void orderWeights(KernelOp kernel, Demand &demand, int heavy, int lanes) {
    llvm::MapVector<Value, Order> constants;
    for (const MemoryRead &read : demand.getReads()) {
      Value operand = operandOf(kernel, read.buffer);
      WeightOp weight = weightOf(operand);
      bool isFixed = weight ? weight.getOrder().has_value() : !constantOf(operand);
      if (read.reduction != heavy || isFixed || read.index.size() < 2)
        continue;
      std::optional<Order> order = orderFor(kernel, demand, heavy, lanes, read);
      if (!order || isRowMajor(*order))
        continue;
      if (weight)
        weight.setOrder(*order);
      else
        constants[read.buffer] = *order;
    }
    for (auto &[buffer, order] : constants)
      permuteConstant(kernel, cast<BlockArgument>(buffer), order);
  }

  std::optional<Order> orderFor(KernelOp kernel, Demand &demand, int heavy, int lanes,
                                const MemoryRead &read) {
    auto last = llvm::find_if(read.index, [&](DimExpr expr) {
      return lanes >= 0 && coefficientOf(expr, DimExpr::factor(kernel.getContext(), lanes)) == 1;
    });
    if (lanes >= 0 && last == read.index.end())
      return std::nullopt;
    Order order =
        moveLast({}, read.index.size(), lanes < 0 ? -1 : last - read.index.begin());
    if (lanes < 0)
      order.pop_back();
    auto walked = [&](int64_t dim) { return walkStride(demand, heavy, read, dim); };
    std::stable_sort(order.begin(), order.end() - (lanes >= 0),
                     [&](int64_t a, int64_t b) { return walked(a) > walked(b); });
    return order;
  }

  /// Constants lie row-major: the elements are permuted, and a transpose inside
  /// of the kernel names them as before.
  void permuteConstant(KernelOp kernel, BlockArgument argument, const Order &order) {
    OpOperand &operand = kernel->getOpOperand(argument.getArgNumber());
    ConstantOp constant = constantOf(operand.get());
    auto elements = cast<DenseElementsAttr>(constant.getValue());
    ArrayRef<int64_t> shape = elements.getType().getShape();
    SmallVector<int64_t> inverse(order.size());
    SmallVector<DimExpr> dims;
    for (auto [at, dim] : llvm::enumerate(order)) {
      inverse[dim] = at;
      dims.push_back(DimExpr::constant(kernel.getContext(), shape[dim]));
    }
    RankedTensorType type = makeTensorType(dims, elements.getElementType());
    OpBuilder builder(kernel);
    auto moved = cast<ConstantOp>(builder.clone(*constant));
    moved.setValueAttr(DenseElementsAttr::getFromRawBuffer(
        RankedTensorType::get(type.getShape(), type.getElementType()), permute(elements, order)));
    moved.getResult().setType(type);
    operand.set(moved);
    builder.setInsertionPointToStart(&kernel.getBody().front());
    argument.setType(type);
    auto restored = TransposeOp::create(builder, constant.getLoc(), argument, inverse);
    argument.replaceAllUsesExcept(restored, restored);
    if (constant->use_empty())
      constant.erase();
  }

  static SmallVector<char> permute(DenseElementsAttr elements, const Order &order) {
    ArrayRef<int64_t> shape = elements.getType().getShape();
    size_t bytes = elements.getElementType().getIntOrFloatBitWidth() / 8;
    ArrayRef<char> raw = elements.getRawData();
    SmallVector<char> result;
    SmallVector<int64_t> at(order.size(), 0);
    for (int64_t i = 0; i < elements.getNumElements(); ++i) {
      int64_t offset = 0;
      for (auto [position, size] : llvm::zip(at, shape))
        offset = offset * size + position;
      result.append(raw.begin() + offset * bytes, raw.begin() + (offset + 1) * bytes);
      for (size_t k = order.size(); k-- > 0;) {
        if (++at[order[k]] < shape[order[k]])
          break;
        at[order[k]] = 0;
      }
    }
    return result;
  }

  /// How far the other operand moves when this dimension of the weight does; a
  /// dimension that the sum does not walk (of a batch or of groups) is outermost.
  int64_t walkStride(Demand &demand, int heavy, const MemoryRead &weight, int64_t dim) {
    int64_t stride = 0;
    bool isWalked = false;
    for (unsigned variable : demand.getReductions()[heavy].variables) {
      DimExpr leaf = DimExpr::factor(module.getContext(), variable);
      if (!dependsOn(weight.index[dim], leaf))
        continue;
      isWalked = true;
      for (const MemoryRead &read : demand.getReads())
        if (read.reduction == heavy && read.buffer != weight.buffer)
          if (auto coefficient = coefficientOf(read.offset, leaf))
            stride = std::max(stride, *coefficient);
    }
    return isWalked ? stride : std::numeric_limits<int64_t>::max();
  }

  /// The order of the operand that is most like the result: of its dimensions,
  /// else of its rank (concatenations, pools); the largest of several, and of
  /// equal ones one that is not row-major.
  Order followOperand(KernelOp kernel, Value value, const BufferOrders &buffers) {
    SmallVector<DimExpr> dims = getDims(value.getType());
    std::tuple<bool, int64_t, bool> most;
    Order best;
    for (BlockArgument argument : kernel.getBody().getArguments()) {
      SmallVector<DimExpr> own = getDims(argument.getType());
      if (own.size() != dims.size() || weightOf(operandOf(kernel, argument)))
        continue;
      const Order &order = buffers.find(argument)->second;
      int64_t elements = sizes.nominal(product(kernel.getContext(), own));
      std::tuple likeness(own == dims, elements, !order.empty());
      if (likeness > most)
        most = likeness, best = order;
    }
    return best;
  }

  ModuleOp module;
  FactorRanges ranges;
  SymbolSizes sizes;
  llvm::DenseMap<Value, Order> orders;
  /// Weights that something other than a kernel reads: row-major.
  llvm::DenseSet<Attribute> fixedWeights;
};

struct AssignOrdersPass : impl::AssignOrdersPassBase<AssignOrdersPass> {
  void runOnOperation() override { OrderAssigner(getOperation()).run(); }
};
} // namespace
} // namespace tenon
