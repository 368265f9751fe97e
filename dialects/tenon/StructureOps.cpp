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

LogicalResult WeightOp::verify() {
  if (!cast<RankedTensorType>(getType()).hasStaticShape())
    return emitOpError() << "has type " << getType() << ", expected a static shape";
  if (getStore().getOffset() < 0 || getStore().getSize() < 0)
    return emitOpError("store range is negative");
  return success();
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

LogicalResult KernelOp::verify() {
  if (failed(verifyTypes(getOperation(), "argument", getBody().getArgumentTypes(),
                         getOperandTypes())))
    return failure();
  return verifyYield(getOperation(), getBody(), getResultTypes());
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
