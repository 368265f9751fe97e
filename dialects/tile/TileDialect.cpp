//===- TileDialect.cpp - Registration, types, builders ------------*- C++ -*-===//
//
// Registers the dialect's types and operations and holds the builders that take
// strides as a mix of constants and values.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon::tile;

#include "dialects/tile/TileDialect.cpp.inc"
#include "dialects/tile/TileEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/tile/TileTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/tile/TileOps.cpp.inc"

void TileDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/tile/TileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/tile/TileOps.cpp.inc"
      >();
}

LogicalResult ViewType::verify(function_ref<InFlightDiagnostic()> emitError, Type element,
                               MemorySpace space) {
  if (element.isSignlessInteger() || isa<FloatType>(element))
    return success();
  return emitError() << "a view's elements are signless integers or floats, not " << element;
}

void LoadOp::build(OpBuilder &builder, OperationState &state, Type result, Value view, Value offset,
                   ArrayRef<OpFoldResult> strides, Value mask, Value fill) {
  SmallVector<Value> dynamic;
  SmallVector<int64_t> fixed;
  dispatchIndexOpFoldResults(strides, dynamic, fixed);
  build(builder, state, result, view, offset, dynamic, fixed, mask, fill);
}

void StoreOp::build(OpBuilder &builder, OperationState &state, Value value, Value view,
                    Value offset, ArrayRef<OpFoldResult> strides, Value mask) {
  SmallVector<Value> dynamic;
  SmallVector<int64_t> fixed;
  dispatchIndexOpFoldResults(strides, dynamic, fixed);
  build(builder, state, value, view, offset, dynamic, fixed, mask);
}

SmallVector<OpFoldResult> LoadOp::getMixedStrides() {
  return getMixedValues(getStaticStrides(), getStrides(), getContext());
}

SmallVector<OpFoldResult> StoreOp::getMixedStrides() {
  return getMixedValues(getStaticStrides(), getStrides(), getContext());
}

void ReduceOp::build(OpBuilder &builder, OperationState &state, ReduceKind kind, Value tile,
                     int64_t dim) {
  auto type = cast<RankedTensorType>(tile.getType());
  SmallVector<int64_t> shape(type.getShape());
  if (dim >= 0 && dim < type.getRank())
    shape[dim] = 1;
  build(builder, state, type.clone(shape), kind, tile, dim);
}
