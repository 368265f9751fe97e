//===- PackedProducts.cpp - products that read packed weights -------------===//

#include "passes/fuse/PackedProducts.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
namespace tenon {
namespace {

/// The body of a function in place of a call of it.
static Value cloneBody(OpBuilder &builder, FuncOp function, ValueRange arguments) {
  IRMapping mapping;
  Block &body = function.getBody().front();
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  return mapping.lookup(body.getTerminator()->getOperand(0));
}

/// What a product is of, if it is of a packed weight.
struct Match {
  unsigned weight = 0; ///< the operand's number
  CallOp call;
  SmallVector<ReshapeOp> reshapes; ///< between call and product, the nearest to the call last
  SmallVector<int64_t> factors;    ///< of the result with the rows first
};

class PackedProductsPass : public PassWrapper<PackedProductsPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PackedProductsPass)
  explicit PackedProductsPass(bool formsKernels = true) : formsKernels(formsKernels) {}

  StringRef getArgument() const override { return "tenon-packed-products"; }
  StringRef getDescription() const override { return "kernels for products of packed weights"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<TenonDialect>();
  }

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    table = &symbols;
    SmallVector<ContractOp> products;
    if (formsKernels)
      getOperation().walk([&](ContractOp product) {
        if (!unpackOf(product->getParentOfType<FuncOp>()))
          products.push_back(product);
      });
    for (ContractOp product : products)
      if (std::optional<Match> match = matchProduct(product))
        formKernel(product, *match);
    placeBodies();
  }

private:
  static StringAttr unpackOf(FuncOp function) {
    return function ? function->getAttrOfType<StringAttr>(kUnpackAttr) : StringAttr();
  }
  FuncOp calleeOf(CallOp call) { return table->lookup<FuncOp>(call.getCallee()); }

  std::optional<Match> matchProduct(ContractOp product) {
    if (product.getInputs().size() != 2)
      return std::nullopt;
    for (unsigned weight : {1u, 0u}) {
      Match match{weight, {}, {}, {}};
      Value value = product.getInputs()[weight];
      while (auto reshape = value.getDefiningOp<ReshapeOp>()) {
        match.reshapes.push_back(reshape);
        value = reshape.getInput();
      }
      match.call = value.getDefiningOp<CallOp>();
      if (match.call && unpackOf(calleeOf(match.call)) && isPanels(match.call) &&
          isRowsByColumns(product, match))
        return match;
    }
    return std::nullopt;
  }

  /// Every plane is [panels, blocks, width, 16].
  static bool isPanels(CallOp call) {
    return llvm::all_of(call.getInputs().getTypes(), [](Type type) {
      auto tensor = cast<RankedTensorType>(type);
      return tensor.getRank() == 4 && tensor.getDimSize(3) == 16;
    });
  }

  /// x[m..., k...] * w[n..., k...] -> y of m..., n... in any order, where k... is the
  /// weight's second dimension.
  bool isRowsByColumns(ContractOp product, Match &match) {
    ArrayRef<int64_t> w = factorsOf(product, match.weight), x = factorsOf(product, 1 - match.weight),
                      y = product.getResultFactors();
    auto isSummed = [&](int64_t factor) { return !llvm::is_contained(y, factor); };
    size_t rows = llvm::find_if(x, isSummed) - x.begin(),
           columns = llvm::find_if(w, isSummed) - w.begin();
    ArrayRef<int64_t> summed = w.drop_front(columns);
    match.factors.assign(x.begin(), x.begin() + rows);
    llvm::append_range(match.factors, w.take_front(columns));
    if (summed.empty() || x.drop_front(rows) != summed || !llvm::all_of(summed, isSummed) ||
        !std::is_permutation(y.begin(), y.end(), match.factors.begin(), match.factors.end()))
      return false;
    auto weight = cast<RankedTensorType>(product.getInputs()[match.weight].getType());
    int64_t depth = 1;
    for (int64_t size : weight.getShape().drop_front(columns))
      depth *= size;
    bool isFloat = product.getResult().getType().getElementType().isF32() &&
                   getElementTypeOrSelf(product.getInputs()[1 - match.weight].getType()).isF32();
    return isFloat && depth == cast<RankedTensorType>(match.call.getResult(0).getType()).getDimSize(1);
  }
  static ArrayRef<int64_t> factorsOf(ContractOp product, unsigned operand) {
    return cast<DenseI64ArrayAttr>(product.getOperandFactors()[operand]).asArrayRef();
  }

  void formKernel(ContractOp product, Match match) {
    OpBuilder builder(product);
    SmallVector<Value> operands{product.getInputs()[1 - match.weight]};
    llvm::append_range(operands, match.call.getInputs());
    NamedAttribute format(builder.getStringAttr(kPackedAttr), unpackOf(calleeOf(match.call)));
    auto kernel = KernelOp::create(builder, product.getLoc(), rowsFirst(product, match.factors),
                                   builder.getStringAttr("packed" + Twine(counter++)), operands,
                                   builder.getDictionaryAttr(format));
    Block &body = kernel.getBody().emplaceBlock();
    for (Value operand : operands)
      body.addArgument(operand.getType(), product.getLoc());
    fillBody(body, product, match);
    SmallVector<int64_t> order;
    for (int64_t factor : product.getResultFactors())
      order.push_back(llvm::find(match.factors, factor) - match.factors.begin());
    Value result = kernel.getResult(0);
    if (!llvm::is_sorted(order))
      result = TransposeOp::create(builder, product.getLoc(), result, order);
    product.getResult().replaceAllUsesWith(result);
    product.erase();
    for (ReshapeOp reshape : match.reshapes)
      if (reshape.use_empty())
        reshape.erase();
  }

  static Type rowsFirst(ContractOp product, ArrayRef<int64_t> factors) {
    SmallVector<DimExpr> dims = getDims(product.getResult().getType()), sorted;
    for (int64_t factor : factors)
      sorted.push_back(dims[llvm::find(product.getResultFactors(), factor) -
                            product.getResultFactors().begin()]);
    return makeTensorType(sorted, getElementTypeOrSelf(product.getResult().getType()));
  }

  /// What the kernel computes, in the words of before.
  void fillBody(Block &body, ContractOp product, Match &match) {
    OpBuilder builder = OpBuilder::atBlockEnd(&body);
    IRMapping mapping;
    mapping.map(match.call.getResult(0),
                cloneBody(builder, calleeOf(match.call), body.getArguments().drop_front()));
    mapping.map(product.getInputs()[1 - match.weight], body.getArgument(0));
    for (ReshapeOp reshape : llvm::reverse(match.reshapes))
      builder.clone(*reshape, mapping);
    auto clone = cast<ContractOp>(builder.clone(*product, mapping));
    clone.setResultFactors(match.factors);
    clone.getResult().setType(cast<RankedTensorType>(rowsFirst(product, match.factors)));
    YieldOp::create(builder, product.getLoc(), clone->getResults());
  }

  void placeBodies() {
    SmallVector<CallOp> calls;
    getOperation().walk([&](CallOp call) {
      if (unpackOf(calleeOf(call)))
        calls.push_back(call);
    });
    for (CallOp call : calls) {
      OpBuilder builder(call);
      if (!call.use_empty())
        call.getResult(0).replaceAllUsesWith(cloneBody(builder, calleeOf(call), call.getInputs()));
      call.erase();
    }
    for (FuncOp function : llvm::make_early_inc_range(getOperation().getOps<FuncOp>()))
      if (unpackOf(function))
        function.erase();
  }

  bool formsKernels;
  SymbolTable *table = nullptr;
  unsigned counter = 0;
};

} // namespace

std::unique_ptr<Pass> createPackedProducts(bool formsKernels) {
  return std::make_unique<PackedProductsPass>(formsKernels);
}

} // namespace tenon
