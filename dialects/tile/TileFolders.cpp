//===- TileFolders.cpp - Foldings of tile operations --------------*- C++ -*-===//
//
// Constant sizes, splats and broadcasts of constants are constants, extraction undoes a splat.
//
//===----------------------------------------------------------------------===//
#include "dialects/tile/TileDialect.h"

using namespace mlir;
using namespace tenon::tile;
using tenon::DimExpr;

OpFoldResult DimOp::fold(FoldAdaptor adaptor) {
  if (auto value = DimExpr(getExpr()).asConstant())
    return IntegerAttr::get(getType(), *value);
  return {};
}

OpFoldResult SplatOp::fold(FoldAdaptor adaptor) {
  if (auto constant = dyn_cast_if_present<TypedAttr>(adaptor.getScalar()))
    return DenseElementsAttr::get(cast<ShapedType>(getType()), ArrayRef<Attribute>{constant});
  return {};
}

OpFoldResult ExtractOp::fold(FoldAdaptor adaptor) {
  if (auto constant = dyn_cast_if_present<SplatElementsAttr>(adaptor.getTile()))
    return constant.getSplatValue<Attribute>();
  if (auto splat = getTile().getDefiningOp<SplatOp>())
    return splat.getScalar();
  return {};
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getTile().getType() == getType())
    return getTile();
  if (auto constant = dyn_cast_if_present<SplatElementsAttr>(adaptor.getTile()))
    return constant.resizeSplat(cast<ShapedType>(getType()));
  return {};
}
