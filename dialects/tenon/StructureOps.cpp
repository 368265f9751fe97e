//===- StructureOps.cpp - functions, weights, states, control flow --------===//
//
// Parsers and verifiers in the order of StructureOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/Detail.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using llvm::enumerate;
using llvm::zip;
using llvm::append_range;
namespace tenon {

static LogicalResult verifyTypes(Operation *op, StringRef what, TypeRange actual,
                                 TypeRange expected) {
  if (actual.size() != expected.size())
    return op->emitOpError() << what << " count is " << actual.size() << ", expected "
                             << expected.size();
  for (auto [i, pair] : enumerate(zip(actual, expected)))
    if (std::get<0>(pair) != std::get<1>(pair))
      return op->emitOpError() << what << " " << i << " has type " << std::get<0>(pair)
                               << ", expected " << std::get<1>(pair);
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> arguments, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag, std::string &) {
    return builder.getFunctionType(arguments, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false, getFunctionTypeAttrName(result.name), buildType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void FuncOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false,
                                           getFunctionTypeAttrName(), getArgAttrsAttrName(),
                                           getResAttrsAttrName());
}

LogicalResult FuncOp::verify() {
  if (getBody().empty() || !llvm::hasSingleElement(getBody()))
    return emitOpError("needs a body of one block");
  for (Type type : getFunctionType().getInputs())
    if (!isa<RankedTensorType>(type))
      return emitOpError() << "argument has type " << type << ", expected a ranked tensor";
  return success();
}

static std::string nameOr(DictionaryAttr attrs, unsigned index) {
  if (attrs)
    if (auto name = attrs.getAs<StringAttr>("tenon.name"))
      return name.str();
  return std::to_string(index);
}
std::string FuncOp::getInputName(unsigned index) {
  return nameOr(getArgAttrDict(index), index);
}
std::string FuncOp::getOutputName(unsigned index) {
  return nameOr(getResultAttrDict(index), index);
}

LogicalResult ReturnOp::verify() {
  return verifyTypes(getOperation(), "result", getOperandTypes(),
                     cast<FuncOp>((*this)->getParentOp()).getResultTypes());
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto callee = symbols.lookupNearestSymbolFrom<FuncOp>(*this, getCalleeAttr());
  if (!callee)
    return emitOpError() << "calls '" << getCallee() << "', which is no function";
  if (failed(verifyTypes(getOperation(), "operand", getOperandTypes(), callee.getArgumentTypes())))
    return failure();
  return verifyTypes(getOperation(), "result", getResultTypes(), callee.getResultTypes());
}

//===----------------------------------------------------------------------===//
// Weights, states, constants
//===----------------------------------------------------------------------===//

/// Reports an order that is neither empty nor a permutation of the dimensions.
static LogicalResult verifyOrder(Operation *op, const Twine &what, ArrayRef<int64_t> order,
                                 Type type, StringRef constraint) {
  int64_t rank = cast<RankedTensorType>(type).getRank();
  SmallVector<int64_t> sorted(order);
  llvm::sort(sorted);
  if (order.empty() || llvm::equal(sorted, llvm::seq<int64_t>(0, rank)))
    return success();
  auto diagnostic = op->emitOpError() << what << " [";
  llvm::interleaveComma(order, diagnostic);
  return diagnostic << "] is no permutation of " << rank << " dimensions [" << constraint << "]";
}

LogicalResult WeightOp::verify() {
  // weight_c1
  if (!cast<RankedTensorType>(getType()).hasStaticShape())
    return emitOpError() << "has type " << getType() << ", expected a static shape [weight_c1]";
  // weight_c2
  if (getStore().getOffset() < 0 || getStore().getSize() < 0)
    return emitOpError("store range is negative [weight_c2]");
  // weight_c3
  return verifyOrder(getOperation(), "order", getOrder().value_or(ArrayRef<int64_t>()), getType(),
                     "weight_c3");
}

template <typename SymbolOp, typename Op>
static LogicalResult verifyReference(Op op, FlatSymbolRefAttr name, Type type,
                                     SymbolTableCollection &symbols) {
  auto target = symbols.lookupNearestSymbolFrom<SymbolOp>(op, name);
  if (!target)
    return op.emitOpError() << "names '" << name.getValue() << "', which is not declared";
  if (target.getType() != type)
    return op.emitOpError() << "has type " << type << ", but '" << name.getValue() << "' is "
                            << target.getType();
  return success();
}
LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyReference<WeightOp>(*this, getWeightAttr(), getType(), symbols);
}
LogicalResult LoadStateOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyReference<StateOp>(*this, getStateAttr(), getType(), symbols);
}
LogicalResult StoreStateOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyReference<StateOp>(*this, getStateAttr(), getValue().getType(), symbols);
}

void ConstantOp::build(OpBuilder &builder, OperationState &state, ElementsAttr value) {
  build(builder, state, value.getType(), value);
}
OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
LogicalResult ConstantOp::verify() {
  if (getValue().getType() != getType())
    return emitOpError() << "value has type " << getValue().getType() << ", result "
                         << getType();
  return success();
}
LogicalResult DimOp::verify() {
  if (getType().getRank() != 0 || !getType().getElementType().isSignlessInteger(64))
    return emitOpError() << "has type " << getType() << ", expected tensor<i64>";
  return success();
}

LogicalResult BindOp::verify() {
  auto type = cast<RankedTensorType>(getValues().getType());
  if (!type.getElementType().isSignlessInteger(64) || !type.hasStaticShape() ||
      type.getNumElements() != int64_t(getNames().size()))
    return emitOpError() << "binds " << getNames().size() << " symbols to " << type;
  return success();
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

static LogicalResult verifyYield(Operation *op, Region &region, TypeRange expected) {
  auto yield = dyn_cast<YieldOp>(region.front().getTerminator());
  if (!yield)
    return op->emitOpError("region does not end in tenon.yield");
  return verifyTypes(op, "yielded value", yield.getOperandTypes(), expected);
}

void YieldOp::build(OpBuilder &, OperationState &) {}

static LogicalResult verifyOrders(Operation *op, StringRef what, ArrayAttr orders,
                                  TypeRange types) {
  if (!orders)
    return success();
  // kernel_c2
  if (orders.size() != types.size())
    return op->emitOpError() << "has " << orders.size() << " " << what << " orders, expected "
                             << types.size() << " [kernel_c2]";
  // kernel_c3
  for (auto [i, type] : enumerate(types))
    if (failed(verifyOrder(op, what + " order " + Twine(i), cast<DenseI64ArrayAttr>(orders[i]),
                           type, "kernel_c3")))
      return failure();
  return success();
}

LogicalResult KernelOp::verify() {
  // kernel_c1
  if (failed(verifyTypes(getOperation(), "argument", getBody().getArgumentTypes(),
                         getOperandTypes())) ||
      failed(verifyYield(getOperation(), getBody(), getResultTypes())))
    return failure();
  if (failed(verifyOrders(getOperation(), "operand", getOperandOrdersAttr(), getOperandTypes())))
    return failure();
  return verifyOrders(getOperation(), "result", getResultOrdersAttr(), getResultTypes());
}

static bool isScalarOf(Type type, unsigned width) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.hasStaticShape() && tensor.getNumElements() == 1 &&
         tensor.getElementType().isSignlessInteger(width);
}

LogicalResult IfOp::verify() {
  if (!isScalarOf(getCondition().getType(), 1))
    return emitOpError() << "condition has type " << getCondition().getType()
                         << ", expected one i1";
  if (failed(verifyYield(getOperation(), getThenRegion(), getResultTypes())))
    return failure();
  return verifyYield(getOperation(), getElseRegion(), getResultTypes());
}

LogicalResult LoopOp::verify() {
  if (!isScalarOf(getTripCount().getType(), 64) || !isScalarOf(getCondition().getType(), 1))
    return emitOpError("needs a trip count of one i64 and a condition of one i1");
  SmallVector<Type> arguments{getTripCount().getType()}, yielded{getCondition().getType()};
  append_range(arguments, getInits().getTypes());
  append_range(yielded, getInits().getTypes());
  if (failed(verifyTypes(getOperation(), "result", getResultTypes(), getInits().getTypes())) ||
      failed(verifyTypes(getOperation(), "argument", getBody().getArgumentTypes(), arguments)))
    return failure();
  return verifyYield(getOperation(), getBody(), yielded);
}

} // namespace tenon
