//===- PackPanels.cpp - weights of products in panels ---------------------===//
//
// A product reads its weight a few vectors of columns at a time, through all
// rows. Row-major, each step is in another page of memory; in panels it is one
// stream:
//
//   w[k][n]  ->  w[n / 32][k][n mod 32]
//
// The split is an ordinary view: the weight gets a dimension more and an order
// in which the number of the panel comes first, and a reshape in the kernel
// names its elements as before. Where no panel divides a long dimension (the words
// of a vocabulary) the last one is filled up with zeros, and a slice in the kernel
// leaves them out. Steps:
//   1. For each weight, what every read of it allows: a dimension of the result
//      must move along the weight's last dimension (in memory), from the
//      beginning of a panel on. A gather takes any element as well from a panel.
//   2. The widest panel that all reads allow.
//   3. The weight, its reads and the kernels' arguments get the new type.
//
//===----------------------------------------------------------------------===//

#include "dialects/spmd/Spmd.h"
#include "passes/tile/Irregular.h"
#include "passes/tile/PackedProduct.h"
#include "passes/tile/Passes.h"
#include "passes/tile/Schedule.h"

using namespace mlir;
namespace tenon {

#define GEN_PASS_DEF_PACKPANELSPASS
#include "passes/tile/Passes.h.inc"

namespace {
/// Two vectors of the longest registers, or one, or what divides other numbers of
/// columns (1000, 200, 72); the first that fits is taken.
constexpr int64_t kPanelWidths[] = {32, 16, 40, 24};
/// So many panels, and the zeros in the last one do not count.
constexpr int64_t kLeastToFill = 64;

/// What is known of one weight.
struct Candidate {
  SmallVector<ReadOp> reads;
  SmallVector<int64_t> widths{std::begin(kPanelWidths), std::end(kPanelWidths)};
  bool isProduct = false;
};

class PanelPacker {
public:
  PanelPacker(ModuleOp module) : module(module), ranges(module) {}

  void run() {
    for (WeightOp weight : module.getOps<WeightOp>())
      if (cast<RankedTensorType>(weight.getType()).getRank() >= 2)
        candidates[weight];
    module.walk([&](ReadOp read) { addRead(read); });
    module.walk([&](KernelOp kernel) { visit(kernel); });
    for (auto &[weight, candidate] : candidates)
      if (candidate.isProduct)
        if (int64_t width = widthFor(cast<WeightOp>(weight), candidate))
          pack(cast<WeightOp>(weight), candidate, width);
  }

private:
  /// The first width that divides the dimension, else one that does not; 0: none.
  static int64_t widthFor(WeightOp weight, const Candidate &candidate) {
    int64_t size = cast<RankedTensorType>(weight.getType()).getDimSize(lastDim(weight));
    const auto *exact =
        llvm::find_if(candidate.widths, [&](int64_t width) { return size % width == 0; });
    if (exact != candidate.widths.end())
      return *exact;
    bool canFill = !spmd::getSplit(weight) && !candidate.widths.empty() &&
                   candidate.widths.front() == kPanelWidths[0] &&
                   size >= kLeastToFill * kPanelWidths[0];
    return canFill ? kPanelWidths[0] : 0;
  }

  static int64_t lastDim(WeightOp weight) {
    auto order = weight.getOrder();
    return order && !order->empty() ? order->back()
                                    : cast<RankedTensorType>(weight.getType()).getRank() - 1;
  }

  /// The weight that a value is; null if none, or none with two dimensions.
  WeightOp weightOf(Value value) {
    auto read = value.getDefiningOp<ReadOp>();
    auto weight = read ? SymbolTable::lookupNearestSymbolFrom<WeightOp>(read, read.getWeightAttr())
                       : WeightOp();
    return weight && candidates.contains(weight) ? weight : WeightOp();
  }

  void addRead(ReadOp read) {
    WeightOp weight = weightOf(read.getResult());
    if (!weight)
      return;
    Candidate &candidate = candidates[weight];
    candidate.reads.push_back(read);
    bool isRegular = llvm::all_of(read.getResult().getUsers(), [](Operation *user) {
      auto kernel = dyn_cast<KernelOp>(user);
      return kernel && !irregularOp(kernel) && !isPackedProduct(kernel);
    });
    if (!isRegular)
      candidate.widths.clear();
  }

  void visit(KernelOp kernel) {
    if (irregularOp(kernel) || isPackedProduct(kernel) || llvm::none_of(kernel.getInputs(), [&](Value input) {
          return bool(weightOf(input));
        }))
      return;
    BufferOrders orders = operandOrders(kernel);
    auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
    for (Value value : yield.getResults())
      visitResult(kernel, value, orders);
  }

  void visitResult(KernelOp kernel, Value value, const BufferOrders &orders) {
    SmallVector<DimExpr> dims = getDims(value.getType()), index;
    for (auto [i, dim] : llvm::enumerate(dims))
      index.push_back(dim.isConstant(1) ? DimExpr::constant(value.getContext(), 0)
                                        : DimExpr::factor(value.getContext(), i));
    Demand demand(ranges, dims, orders);
    demand.visit(value, index);
    for (const MemoryRead &read : demand.getReads()) {
      auto argument = cast<BlockArgument>(read.buffer);
      if (WeightOp weight = weightOf(kernel.getInputs()[argument.getArgNumber()]))
        visitRead(weight, demand, read, dims.size());
    }
  }

  void visitRead(WeightOp weight, Demand &demand, const MemoryRead &read, unsigned rank) {
    Candidate &candidate = candidates[weight];
    bool isProduct =
        read.reduction >= 0 && isa<ContractOp>(demand.getReductions()[read.reduction].op);
    if (!isProduct && isGathered(read.index[lastDim(weight)]))
      return;
    llvm::erase_if(candidate.widths, [&](int64_t width) {
      return llvm::none_of(llvm::seq(rank), [&](unsigned dim) {
        return fits(weight, demand, read, DimExpr::factor(weight.getContext(), dim), width);
      });
    });
    candidate.isProduct |= isProduct;
  }

  /// At a position that a kernel reads from memory.
  static bool isGathered(DimExpr index) {
    bool isDynamic = false;
    index.walkLeaves([&](DimExpr leaf) { isDynamic |= leaf.getKind() == DimKind::Operand; });
    return isDynamic;
  }

  /// True if tiles along \p lanes can meet the beginnings of panels.
  bool fits(WeightOp weight, Demand &demand, const MemoryRead &read, DimExpr lanes,
            int64_t width) {
    int64_t last = lastDim(weight);
    int64_t size = cast<RankedTensorType>(weight.getType()).getDimSize(last);
    unsigned users = llvm::count_if(read.index,
                                    [&](DimExpr index) { return dependsOn(index, lanes); });
    DimExpr index = read.index[last];
    return users == 1 && coefficientOf(index, lanes) == 1 && size > width &&
           demand.getRanges().isMultipleOf(index - lanes, width);
  }

  /// The type with the last dimension (in memory) split, and its order.
  static std::pair<RankedTensorType, SmallVector<int64_t>> panelsOf(WeightOp weight,
                                                                    int64_t width) {
    auto type = cast<RankedTensorType>(weight.getType());
    int64_t last = lastDim(weight);
    SmallVector<int64_t> shape(type.getShape()), order{last};
    shape[last] = llvm::divideCeil(shape[last], width);
    shape.insert(shape.begin() + last + 1, width);
    SmallVector<int64_t> before = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
    if (auto own = weight.getOrder(); own && !own->empty())
      before.assign(own->begin(), own->end());
    for (int64_t dim : before)
      if (dim != last)
        order.push_back(dim < last ? dim : dim + 1);
    order.push_back(last + 1);
    return {RankedTensorType::get(shape, type.getElementType()), order};
  }

  void pack(WeightOp weight, Candidate &candidate, int64_t width) {
    auto [type, order] = panelsOf(weight, width);
    spmd::refineSplit(weight, lastDim(weight), width);
    weight.setType(type);
    weight.setOrder(order);
    for (ReadOp read : candidate.reads) {
      Type whole = read.getType();
      read.getResult().setType(type);
      for (OpOperand &use : read.getResult().getUses())
        nameAsBefore(cast<KernelOp>(use.getOwner()), use.getOperandNumber(), whole, order);
    }
  }

  void nameAsBefore(KernelOp kernel, unsigned number, Type whole, ArrayRef<int64_t> order) {
    SmallVector<Attribute> orders(kernel.getOperandOrders()->getValue());
    Builder attributes(kernel.getContext());
    orders[number] = attributes.getDenseI64ArrayAttr(order);
    kernel.setOperandOrdersAttr(attributes.getArrayAttr(orders));
    BlockArgument argument = kernel.getBody().getArgument(number);
    argument.setType(kernel.getInputs()[number].getType());
    OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
    auto panels = cast<RankedTensorType>(argument.getType());
    SmallVector<int64_t> filled(cast<RankedTensorType>(whole).getShape());
    filled[order.front()] = panels.getDimSize(order.front()) * panels.getDimSize(order.back());
    auto columns = RankedTensorType::get(filled, panels.getElementType());
    Operation *reshaped = ReshapeOp::create(builder, kernel.getLoc(), columns, argument);
    Value restored = withoutFilling(builder, reshaped->getResult(0), whole);
    argument.replaceAllUsesExcept(restored, reshaped);
  }

  static Value withoutFilling(OpBuilder &builder, Value columns, Type whole) {
    if (columns.getType() == whole)
      return columns;
    int64_t rank = cast<RankedTensorType>(whole).getRank();
    Attribute zero = DimExpr::constant(builder.getContext(), 0).getAttr();
    SmallVector<Attribute> starts(rank, zero);
    SmallVector<int64_t> steps(rank, 1);
    return SliceOp::create(builder, columns.getLoc(), whole, columns, builder.getArrayAttr(starts),
                           builder.getDenseI64ArrayAttr(steps));
  }

  ModuleOp module;
  FactorRanges ranges;
  llvm::MapVector<Operation *, Candidate> candidates;
};

struct PackPanelsPass : impl::PackPanelsPassBase<PackPanelsPass> {
  void runOnOperation() override { PanelPacker(getOperation()).run(); }
};
} // namespace
} // namespace tenon
