//===- EmitElementwise.cpp - arith and math operations ------------*- C++ -*-===//
//
// An operation on tiles is the same operation on each of their pieces; on splats
// it is done once, on scalars. `index` is i64, so its casts vanish or become
// integer extensions and truncations.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/emit/TileEmitter.h"

using namespace mlir;

namespace tenon::tile {

/// The layout of an operation: that of its first operand that is not a scalar.
static TileLayout commonLayout(ArrayRef<const Fragments *> operands, int64_t width) {
  for (const Fragments *operand : operands)
    if (!operand->isScalar())
      return operand->layout;
  return TileLayout({}, width);
}

/// An index cast between integers of the width that the types have here.
static Value castInteger(VectorBuilder &builder, Value value, Type type, bool isSigned) {
  unsigned from = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
  unsigned to = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (from == to)
    return value;
  if (from > to)
    return arith::TruncIOp::create(builder, type, value);
  if (isSigned)
    return arith::ExtSIOp::create(builder, type, value);
  return arith::ExtUIOp::create(builder, type, value);
}

/// \p op on values of one lane count.
static SmallVector<Value> emitOn(VectorBuilder &builder, Operation &op, ArrayRef<Value> operands,
                                 TypeRange types) {
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    return {castInteger(builder, operands[0], types[0], isa<arith::IndexCastOp>(op))};
  OperationState state(op.getLoc(), op.getName());
  state.addOperands(operands);
  state.addTypes(types);
  state.addAttributes(op.getAttrs());
  Operation *created = builder.create(state);
  // Which zero is larger is not specified (as in NumPy): one instruction, not six.
  if (isa<arith::MaximumFOp, arith::MinimumFOp>(created)) {
    auto flags = cast<arith::ArithFastMathInterface>(created).getFastMathFlagsAttr().getValue();
    created->setAttr("fastmath", arith::FastMathFlagsAttr::get(op.getContext(),
                                                               flags | arith::FastMathFlags::nsz));
  }
  return llvm::to_vector_of<Value>(created->getResults());
}

LogicalResult TileEmitter::emitElementwise(Operation &op) {
  if (!op.hasTrait<OpTrait::Elementwise>())
    return op.emitError("cannot compile '") << op.getName() << "' for a CPU";
  SmallVector<const Fragments *> operands;
  for (Value operand : op.getOperands())
    operands.push_back(&fragments(operand));
  TileLayout layout = commonLayout(operands, width);
  SmallVector<SmallVector<Piece>> results(op.getNumResults());
  // Splats of the same scalars give the same result: found again by the operands.
  std::map<std::vector<void *>, SmallVector<Value>> onScalars;

  for (int64_t index = 0; index < layout.pieces(); ++index) {
    bool splat = llvm::all_of(operands, [&](auto *from) { return (*from)[index].splat; });
    int64_t lanes = splat ? 1 : layout.chunkOf(index).lanes;
    SmallVector<Value> pieces;
    std::vector<void *> key;
    for (const Fragments *from : operands) {
      pieces.push_back(vectorOf((*from)[index], lanes));
      key.push_back(pieces.back().getAsOpaquePointer());
    }
    SmallVector<Value> created = splat ? onScalars[key] : SmallVector<Value>();
    if (created.empty()) {
      SmallVector<Type> types;
      for (Type type : op.getResultTypes())
        types.push_back(vectorType(elementOf(type), lanes));
      created = emitOn(builder, op, pieces, types);
      if (splat)
        onScalars[key] = created;
    }
    for (auto [result, value] : llvm::zip(results, created))
      result.push_back({value, splat});
  }
  for (auto [value, pieces] : llvm::zip(op.getResults(), results))
    define(value, layout, std::move(pieces));
  return success();
}

/// A constant tile: one scalar if all elements are equal, else vectors.
LogicalResult TileEmitter::emitConstant(arith::ConstantOp op) {
  Type element = elementOf(op.getType());
  auto asElement = [&](Attribute attr) -> TypedAttr {
    if (auto integer = dyn_cast<IntegerAttr>(attr))
      return builder.getIntegerAttr(
          element, integer.getValue().sextOrTrunc(element.getIntOrFloatBitWidth()));
    return cast<TypedAttr>(attr);
  };
  auto scalarOf = [&](Attribute attr) {
    return arith::ConstantOp::create(builder, asElement(attr)).getResult();
  };
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense) {
    if (isa<RankedTensorType>(op.getType()))
      return op.emitError("has a constant that is neither a splat nor dense");
    return defineScalar(op, scalarOf(op.getValue())), success();
  }
  TileLayout layout = layoutOf(op.getType());
  if (dense.isSplat()) {
    SmallVector<Piece> pieces(layout.pieces(), {scalarOf(dense.getSplatValue<Attribute>()), true});
    return define(op, std::move(layout), std::move(pieces)), success();
  }
  auto elements = llvm::to_vector(dense.getValues<Attribute>());
  SmallVector<Piece> pieces;
  for (int64_t index = 0; index < layout.pieces(); ++index) {
    auto [begin, lanes] = layout.chunkOf(index);
    int64_t row = index / layout.chunks().size();
    SmallVector<Attribute> lane;
    for (Attribute attr : ArrayRef(elements).slice(row * layout.inner() + begin, lanes))
      lane.push_back(asElement(attr));
    if (lanes == 1)
      pieces.push_back({scalarOf(lane[0]), false});
    else
      pieces.push_back(
          {arith::ConstantOp::create(
               builder, DenseElementsAttr::get(VectorType::get({lanes}, element), lane)),
           false});
  }
  return define(op, std::move(layout), std::move(pieces)), success();
}

} // namespace tenon::tile
