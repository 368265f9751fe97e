//===- AssignOrders.cpp - the order of tensors in memory ------------------===//
//
// Kernels are visited in program order. For each:
//   1. operands have the order that their producer chose;
//   2. results: the dimension that only the weight of the heaviest product
//      depends on goes last; without a product, the order of the largest
//      operand of the same dimensions;
//   3. weights: the dimension over which the result's lanes run goes last, the
//      reduced ones before it in the order in which the other operand walks.
// Only then are the orders written on the kernels: a weight may be read by a
// kernel that comes before the one that chooses its order. Orders are only
// strides: every kernel is right with any of them, if all agree.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/SymbolSizes.h"
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

Order moveLast(int64_t rank, int64_t last) {
  Order order;
  for (int64_t i = 0; i < rank; ++i)
    if (i != last)
      order.push_back(i);
  order.push_back(last);
  return order;
}

class OrderAssigner {
public:
  OrderAssigner(ModuleOp module) : module(module), ranges(module), sizes(module) {}

  void run() {
    module.walk([&](ReadOp read) {
      if (!isFree(read.getResult()))
        fixedWeights.insert(read.getWeightAttr());
    });
    module.walk([&](KernelOp kernel) { choose(kernel); });
    module.walk([&](KernelOp kernel) { write(kernel); });
  }

private:
  /// A value whose bytes only kernels touch.
  static bool isFree(Value value) {
    return llvm::all_of(value.getUsers(), [](Operation *user) { return isa<KernelOp>(user); });
  }

  WeightOp weightOf(Value value) {
    auto read = value.getDefiningOp<ReadOp>();
    if (!read || fixedWeights.contains(read.getWeightAttr()))
      return {};
    return SymbolTable::lookupNearestSymbolFrom<WeightOp>(read, read.getWeightAttr());
  }

  Order orderOf(Value value) {
    if (WeightOp weight = weightOf(value)) {
      auto order = weight.getOrder();
      return order ? Order(*order) : Order();
    }
    auto it = orders.find(value);
    return it == orders.end() ? Order() : it->second;
  }

  void choose(KernelOp kernel) {
    Block &body = kernel.getBody().front();
    auto yield = cast<YieldOp>(body.getTerminator());
    BufferOrders buffers;
    for (auto [argument, operand] : llvm::zip(body.getArguments(), kernel.getInputs()))
      buffers[argument] = orderOf(operand);
    for (auto [result, value] : llvm::zip(kernel.getResults(), yield.getResults()))
      if (isFree(result) && cast<RankedTensorType>(value.getType()).getRank() > 1)
        orders[result] = chooseResult(kernel, value, buffers);
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

  Order chooseResult(KernelOp kernel, Value value, const BufferOrders &buffers) {
    SmallVector<DimExpr> dims = getDims(value.getType()), index;
    for (auto [i, dim] : llvm::enumerate(dims))
      index.push_back(dim.isConstant(1) ? DimExpr::constant(value.getContext(), 0)
                                        : DimExpr::factor(value.getContext(), i));
    Demand demand(ranges, dims, buffers);
    demand.visit(value, index);
    int heavy = heaviestProduct(demand);
    if (heavy < 0)
      return followOperand(kernel, value, buffers);
    int lanes = weightDimension(kernel, demand, heavy, dims.size());
    if (lanes < 0 || dims[lanes].isConstant(1)) {
      orderWeights(kernel, demand, heavy, -1);
      return followOperand(kernel, value, buffers);
    }
    // Fewer elements than lanes: better along another dimension.
    if (std::optional<int64_t> size = dims[lanes].asConstant(); size && *size < 16)
      return followOperand(kernel, value, buffers);
    Order order = moveLast(dims.size(), lanes);
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
        (weightOf(operandOf(kernel, read.buffer)) ? weight : other) = true;
      }
      if (weight)
        (other ? shared : own) = dim;
    }
    return own >= 0 ? own : shared;
  }

  /// Without lanes over a dimension of its own, a weight is walked as the other
  /// operand is.
  void orderWeights(KernelOp kernel, Demand &demand, int heavy, int lanes) {
    for (const MemoryRead &read : demand.getReads()) {
      WeightOp weight =
          read.reduction == heavy ? weightOf(operandOf(kernel, read.buffer)) : WeightOp();
      if (!weight || weight.getOrder() || read.index.size() < 2)
        continue;
      auto last = llvm::find_if(read.index, [&](DimExpr expr) {
        return lanes >= 0 && coefficientOf(expr, DimExpr::factor(kernel.getContext(), lanes)) == 1;
      });
      if (lanes >= 0 && last == read.index.end())
        continue;
      Order order = moveLast(read.index.size(), lanes < 0 ? -1 : last - read.index.begin());
      if (lanes < 0)
        order.pop_back();
      auto walked = [&](int64_t dim) { return walkStride(demand, heavy, read, dim); };
      std::stable_sort(order.begin(), order.end() - (lanes >= 0),
                       [&](int64_t a, int64_t b) { return walked(a) > walked(b); });
      if (!isRowMajor(order))
        weight.setOrder(order);
    }
  }

  /// How far the other operand moves when this dimension of the weight does.
  int64_t walkStride(Demand &demand, int heavy, const MemoryRead &weight, int64_t dim) {
    int64_t stride = 0;
    for (unsigned variable : demand.getReductions()[heavy].variables) {
      DimExpr leaf = DimExpr::factor(module.getContext(), variable);
      if (!dependsOn(weight.index[dim], leaf))
        continue;
      for (const MemoryRead &read : demand.getReads())
        if (read.reduction == heavy && read.buffer != weight.buffer)
          if (auto coefficient = coefficientOf(read.offset, leaf))
            stride = std::max(stride, *coefficient);
    }
    return stride;
  }

  Order followOperand(KernelOp kernel, Value value, const BufferOrders &buffers) {
    SmallVector<DimExpr> dims = getDims(value.getType());
    for (BlockArgument argument : kernel.getBody().getArguments()) {
      const Order &order = buffers.find(argument)->second;
      bool same = getDims(argument.getType()).size() == dims.size();
      if (same && !order.empty() && !weightOf(operandOf(kernel, argument)))
        return order;
    }
    return {};
  }

  ModuleOp module;
  DimRanges ranges;
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
