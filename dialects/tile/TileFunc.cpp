//===- TileFunc.cpp - tile.func: text form, builder, verifier -----*- C++ -*-===//
//
//   tile.func @name(%x: !tile.view<f32>, ..., %block: index)
//       grid(expression) symbols(["B", ...]) attributes {...} { body }
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace tenon::tile;
using tenon::DimExpr;
using tenon::DimExprAttr;

void FuncOp::build(OpBuilder &builder, OperationState &state, StringRef name, ArrayRef<Type> views,
                   DimExpr grid, ArrayRef<StringRef> symbols) {
  SmallVector<Type> inputs(views);
  inputs.push_back(builder.getIndexType());
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name),
                     TypeAttr::get(builder.getFunctionType(inputs, {})));
  state.addAttribute(getGridAttrName(state.name), grid.getAttr());
  state.addAttribute(getSymbolsAttrName(state.name), builder.getStrArrayAttr(symbols));
  Block &body = state.addRegion()->emplaceBlock();
  for (Type type : inputs)
    body.addArgument(type, state.location);
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Type> resultTypes;
  SmallVector<DictionaryAttr> resultAttrs;
  bool variadic = false;
  DimExprAttr grid;
  ArrayAttr symbols;
  Builder &builder = parser.getBuilder();
  if (parser.parseSymbolName(name, getSymNameAttrName(state.name), state.attributes) ||
      function_interface_impl::parseFunctionSignatureWithArguments(
          parser, /*allowVariadic=*/false, arguments, variadic, resultTypes, resultAttrs) ||
      parser.parseKeyword("grid") || parser.parseLParen() || parser.parseAttribute(grid) ||
      parser.parseRParen() || parser.parseKeyword("symbols") || parser.parseLParen() ||
      parser.parseAttribute(symbols) || parser.parseRParen() ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();

  SmallVector<Type> inputs;
  for (const OpAsmParser::Argument &argument : arguments)
    inputs.push_back(argument.type);
  state.addAttribute(getFunctionTypeAttrName(state.name),
                     TypeAttr::get(builder.getFunctionType(inputs, resultTypes)));
  state.addAttribute(getGridAttrName(state.name), grid);
  state.addAttribute(getSymbolsAttrName(state.name), symbols);
  call_interface_impl::addArgAndResultAttrs(builder, state, arguments, resultAttrs,
                                            getArgAttrsAttrName(state.name),
                                            getResAttrsAttrName(state.name));
  return parser.parseRegion(*state.addRegion(), arguments);
}

void FuncOp::print(OpAsmPrinter &p) {
  p << ' ';
  p.printSymbolName(getSymName());
  function_interface_impl::printFunctionSignature(p, *this, getArgumentTypes(),
                                                  /*isVariadic=*/false, getResultTypes());
  p << " grid(";
  p.printAttribute(getGrid());
  p << ") symbols(";
  p.printAttribute(getSymbolsAttr());
  p << ')';
  p.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getSymNameAttrName(), getFunctionTypeAttrName(), getGridAttrName(),
                            getSymbolsAttrName(), getArgAttrsAttrName(), getResAttrsAttrName()});
  p << ' ';
  p.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

/// func_c1: views in global memory, then one index.
static LogicalResult verifyArguments(FuncOp func) {
  ArrayRef<Type> types = func.getArgumentTypes();
  if (types.empty() || !types.back().isIndex())
    return func.emitOpError("expects the block's number, an index, as its last argument (func_c1)");
  for (auto [position, type] : llvm::enumerate(types.drop_back())) {
    auto view = dyn_cast<ViewType>(type);
    if (!view || view.getSpace() != MemorySpace::Global)
      return func.emitOpError("expects a view in global memory as argument ")
             << position << ", got " << type << " (func_c1)";
  }
  return success();
}

/// func_c3: \p size depends on symbols that \p func lists, and on nothing else.
static LogicalResult verifySize(FuncOp func, DimExprAttr size, Operation *at) {
  DimExpr expr(size);
  if (expr.isInvalid())
    return at->emitOpError("has a size that does not fit 64 bits (func_c3)");
  LogicalResult result = success();
  expr.walkLeaves([&](DimExpr leaf) {
    bool listed =
        leaf.isConstant() ||
        (leaf.isSymbol() &&
         llvm::is_contained(func.getSymbols().getAsValueRange<StringAttr>(), leaf.getSymbol()));
    if (!listed && succeeded(result))
      result = at->emitOpError("uses '")
               << leaf.str() << "', which '" << func.getSymName() << "' does not list (func_c3)";
  });
  return result;
}

LogicalResult DimOp::verify() {
  auto func = (*this)->getParentOfType<FuncOp>();
  return func ? verifySize(func, getExpr(), *this) : success();
}

LogicalResult ScratchOp::verify() {
  if (cast<ViewType>(getType()).getSpace() != MemorySpace::Scratch)
    return emitOpError("expects a view in scratch memory, got ") << getType();
  return verifySize(cast<FuncOp>((*this)->getParentOp()), getElements(), *this);
}

LogicalResult FuncOp::verify() {
  if (failed(verifyArguments(*this)))
    return failure();
  if (!getResultTypes().empty())
    return emitOpError("has results; a kernel stores them (func_c2)");
  if (failed(verifySize(*this, getGrid(), *this)))
    return failure();
  llvm::StringSet<> seen;
  for (StringAttr symbol : getSymbols().getAsRange<StringAttr>())
    if (!seen.insert(symbol.getValue()).second)
      return emitOpError("lists symbol '") << symbol.getValue() << "' twice (func_c4)";
  return success();
}
