//===- ReduceOps.cpp - reductions, contractions, irregular operations -----===//
//
// Rules and verifiers in the order of ReduceOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/Indexed.h"
#include "dialects/tenon/Tenon.h"

using namespace mlir;
using llvm::enumerate;
using llvm::zip;
using llvm::map_to_vector;
using llvm::is_contained;
using llvm::count;
using llvm::interleaveComma;
namespace tenon {

static LogicalResult verifyDimIndex(Operation *op, int64_t dim, Type type) {
  int64_t rank = cast<RankedTensorType>(type).getRank();
  if (dim >= 0 && dim < rank)
    return success();
  return op->emitOpError() << "dimension " << dim << " is not below the rank " << rank;
}

static SmallVector<DimExpr> dropDim(Type type, int64_t dim) {
  SmallVector<DimExpr> dims = getDims(type);
  dims.erase(dims.begin() + dim);
  return dims;
}

//===----------------------------------------------------------------------===//
// Reduce
//===----------------------------------------------------------------------===//

void ReduceOp::build(OpBuilder &builder, OperationState &state, Combiner combiner, Value input,
                     ArrayRef<int64_t> dims) {
  SmallVector<DimExpr> kept;
  for (auto [i, dim] : enumerate(tenon::getDims(input.getType())))
    if (!is_contained(dims, int64_t(i)))
      kept.push_back(dim);
  build(builder, state, makeTensorType(kept, getElementTypeOrSelf(input.getType())), combiner,
        input, dims);
}

FactorRule ReduceOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  rule.combiner = getCombiner();
  Access &access = rule.operands.emplace_back();
  unsigned next = 0;
  for (auto [i, dim] : enumerate(tenon::getDims(getInput().getType()))) {
    bool reduced = is_contained(getDims(), int64_t(i));
    unsigned index = reduced ? rule.addFactor(dim, FactorKind::Reduction) : next++;
    access.index.push_back(DimExpr::factor(getContext(), index));
  }
  return rule;
}
Scalar ReduceOp::emitBody(BodyArgs args) { return args.operands[0]; }

LogicalResult ReduceOp::verify() {
  if (getCombiner() == Combiner::None)
    return emitOpError("needs a combiner");
  SmallVector<DimExpr> kept;
  for (auto [i, dim] : enumerate(tenon::getDims(getInput().getType())))
    if (!is_contained(getDims(), int64_t(i)))
      kept.push_back(dim);
  SmallVector<int64_t> sorted(getDims());
  llvm::sort(sorted);
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    return emitOpError("names a dimension twice");
  for (int64_t dim : getDims())
    if (failed(verifyDimIndex(getOperation(), dim, getInput().getType())))
      return failure();
  return detail::verifyDims(getOperation(), "result", getType(), kept);
}

//===----------------------------------------------------------------------===//
// Contract
//===----------------------------------------------------------------------===//

static SmallVector<ArrayRef<int64_t>> factorLists(ArrayAttr attrs) {
  return map_to_vector(attrs, [](Attribute attr) {
    return cast<DenseI64ArrayAttr>(attr).asArrayRef();
  });
}

/// The extent of each factor; a static 1 gives way (broadcast batch sizes).
/// Nothing if a list does not fit its operand or sizes clash.
static std::optional<SmallVector<DimExpr>> factorExtents(TypeRange operands,
                                                         ArrayRef<ArrayRef<int64_t>> lists) {
  SmallVector<DimExpr> extents;
  for (auto [type, list] : zip(operands, lists)) {
    SmallVector<DimExpr> dims = getDims(type);
    if (dims.size() != list.size())
      return std::nullopt;
    for (auto [factor, dim] : zip(list, dims)) {
      if (factor < 0 || factor > 64)
        return std::nullopt;
      if (extents.size() <= size_t(factor))
        extents.resize(factor + 1, DimExpr::constant(type.getContext(), 1));
      extents[factor] = broadcastDim(extents[factor], dim);
      if (!extents[factor])
        return std::nullopt;
    }
  }
  return extents;
}

void ContractOp::build(OpBuilder &builder, OperationState &state, ValueRange inputs,
                       ArrayRef<SmallVector<int64_t>> operandFactors,
                       ArrayRef<int64_t> resultFactors, Type elementType) {
  SmallVector<ArrayRef<int64_t>> lists(operandFactors.begin(), operandFactors.end());
  SmallVector<Attribute> attrs;
  for (ArrayRef<int64_t> list : lists)
    attrs.push_back(builder.getDenseI64ArrayAttr(list));
  SmallVector<DimExpr> dims;
  std::optional<SmallVector<DimExpr>> extents = factorExtents(inputs.getTypes(), lists);
  for (int64_t factor : resultFactors)
    dims.push_back(extents && size_t(factor) < extents->size()
                       ? (*extents)[factor]
                       : DimExpr::invalid(builder.getContext()));
  build(builder, state, makeTensorType(dims, elementType), inputs, builder.getArrayAttr(attrs),
        resultFactors);
}

FactorRule ContractOp::getFactorRule() {
  FactorRule rule = detail::resultFactors(getOperation());
  rule.combiner = Combiner::Add;
  SmallVector<ArrayRef<int64_t>> lists = factorLists(getOperandFactors());
  SmallVector<DimExpr> extents = *factorExtents(getInputs().getTypes(), lists);
  DenseMap<int64_t, unsigned> position;
  for (auto [i, factor] : enumerate(getResultFactors()))
    position[factor] = i;
  for (auto [input, list] : zip(getInputs(), lists)) {
    Access &access = rule.operands.emplace_back();
    for (auto [factor, dim] : zip(list, getDims(input.getType()))) {
      auto [it, isNew] = position.try_emplace(factor, rule.factors.size());
      if (isNew)
        rule.addFactor(extents[factor], FactorKind::Reduction);
      access.index.push_back(dim.isConstant(1) ? DimExpr::constant(getContext(), 0)
                                               : DimExpr::factor(getContext(), it->second));
    }
  }
  return rule;
}

Scalar ContractOp::emitBody(BodyArgs args) {
  Scalar result = args.operands[0];
  for (Scalar operand : args.operands.drop_front())
    result = result * operand;
  return result;
}

LogicalResult ContractOp::verify() {
  SmallVector<ArrayRef<int64_t>> lists = factorLists(getOperandFactors());
  if (lists.empty() || lists.size() != getInputs().size())
    return emitOpError("needs one list of factors per operand");
  std::optional<SmallVector<DimExpr>> extents = factorExtents(getInputs().getTypes(), lists);
  if (!extents)
    return emitOpError("factors do not fit the operands' shapes");
  SmallVector<DimExpr> dims;
  for (int64_t factor : getResultFactors()) {
    if (factor < 0 || factor >= int64_t(extents->size()) ||
        count(getResultFactors(), factor) != 1)
      return emitOpError() << "result factor " << factor << " is of no operand, or named twice";
    dims.push_back((*extents)[factor]);
  }
  return detail::verifyDims(getOperation(), "result", getType(), dims);
}

void ContractOp::print(OpAsmPrinter &printer) {
  auto list = [&](ArrayRef<int64_t> factors) {
    printer << '[';
    interleaveComma(factors, printer);
    printer << ']';
  };
  printer << " [";
  interleaveComma(factorLists(getOperandFactors()), printer, list);
  printer << "] -> ";
  list(getResultFactors());
  printer << ' ' << getInputs();
  printer.printOptionalAttrDict((*this)->getAttrs(), {"operandFactors", "resultFactors"});
  printer << " : ";
  printer.printFunctionalType(getOperation());
}

ParseResult ContractOp::parse(OpAsmParser &parser, OperationState &result) {
  auto list = [&](SmallVectorImpl<int64_t> &factors) {
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
      return parser.parseInteger(factors.emplace_back());
    });
  };
  SmallVector<Attribute> operandFactors;
  SmallVector<int64_t> resultFactors;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  FunctionType type;
  auto one = [&]() -> ParseResult {
    SmallVector<int64_t> factors;
    if (list(factors))
      return failure();
    operandFactors.push_back(parser.getBuilder().getDenseI64ArrayAttr(factors));
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, one) || parser.parseArrow() ||
      list(resultFactors) || parser.parseOperandList(operands) ||
      parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(type) ||
      parser.resolveOperands(operands, type.getInputs(), loc, result.operands))
    return failure();
  result.addAttribute("operandFactors", parser.getBuilder().getArrayAttr(operandFactors));
  result.addAttribute("resultFactors", parser.getBuilder().getDenseI64ArrayAttr(resultFactors));
  result.addTypes(type.getResults());
  return success();
}

//===----------------------------------------------------------------------===//
// Irregular operations
//===----------------------------------------------------------------------===//

IrregularKind ArgReduceOp::getIrregularKind() { return IrregularKind::Row; }
std::optional<int64_t> ArgReduceOp::getOwnDim() { return getDim(); }

LogicalResult ArgReduceOp::verify() {
  if (getCombiner() != Combiner::Max && getCombiner() != Combiner::Min)
    return emitOpError("combiner must be max or min");
  if (failed(verifyDimIndex(getOperation(), getDim(), getInput().getType())))
    return failure();
  return detail::verifyDims(getOperation(), "result", getType(),
                            dropDim(getInput().getType(), getDim()));
}

IrregularKind ScanOp::getIrregularKind() { return IrregularKind::WholeRow; }
std::optional<int64_t> ScanOp::getOwnDim() { return getDim(); }

LogicalResult ScanOp::verify() {
  if (getCombiner() == Combiner::None)
    return emitOpError("needs a combiner");
  if (failed(verifyDimIndex(getOperation(), getDim(), getInput().getType())))
    return failure();
  return detail::verifyDims(getOperation(), "result", getType(), getDims(getInput().getType()));
}

IrregularKind ScatterOp::getIrregularKind() { return IrregularKind::Whole; }
/// What an update's own dimension names, unless the indices depend on it, too.
SmallVector<int64_t> ScatterOp::getIndependentDims() {
  SmallVector<int64_t> dims;
  for (auto [dim, source] : enumerate(getDataDims()))
    if (source < 0 && !is_contained(getIndexDims(), -1 - source))
      dims.push_back(dim);
  return dims;
}

LogicalResult ScatterOp::verify() {
  if (failed(detail::verifyIndexing(*this, getUpdates().getType().getRank())))
    return failure();
  if (getData().getType().getElementType() != getUpdates().getType().getElementType() ||
      getType().getElementType() != getUpdates().getType().getElementType())
    return emitOpError("data, updates and result have different element types");
  if (failed(detail::verifyIndexed(getOperation(), "updates", getUpdates().getType(),
                                   getData().getType(), getDataDims(), getIndices(),
                                   getIndexDims(), /*repeatsOne=*/false)))
    return failure();
  return detail::verifyDims(getOperation(), "result", getType(), getDims(getData().getType()));
}

IrregularKind SortOp::getIrregularKind() { return IrregularKind::WholeRow; }
std::optional<int64_t> SortOp::getOwnDim() { return getDim(); }

LogicalResult SortOp::verify() {
  if (failed(verifyDimIndex(getOperation(), getDim(), getInput().getType())))
    return failure();
  SmallVector<DimExpr> dims = getDims(getInput().getType());
  if (failed(detail::verifyDims(getOperation(), "values", getValues().getType(), dims)))
    return failure();
  return detail::verifyDims(getOperation(), "indices", getIndices().getType(), dims);
}

IrregularKind NonZeroOp::getIrregularKind() { return IrregularKind::Whole; }

LogicalResult NonZeroOp::verify() {
  SmallVector<DimExpr> dims = getDims(getInput().getType());
  DimExpr rank = DimExpr::constant(getContext(), dims.size());
  return detail::verifyDims(getOperation(), "positions", getPositions().getType(),
                            {product(getContext(), dims), rank});
}

} // namespace tenon
