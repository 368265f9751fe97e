//===- PackedCodes.cpp - packed weights as vectors of 16 rows -------------===//

#include "passes/tile/PackedCodes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
namespace tenon {

PackedCodes::PackedCodes(IrregularBuilder &emit, StringRef format, ArrayRef<Value> planes,
                         int64_t depth)
    : emit(emit), format(format), planes(planes), depth(depth) {
  perBlock = llvm::StringSwitch<int64_t>(format)
                 .Cases({"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"}, 32)
                 .Cases({"Q4_K", "Q5_K", "Q6_K"}, 256)
                 .Default(0);
  bias = llvm::StringSwitch<double>(format)
             .Case("Q4_0", 8)
             .Case("Q5_0", 16)
             .Case("Q8_0", 128)
             .Case("Q6_K", 32)
             .Default(0);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

static RankedTensorType lanesOf(Type element) {
  return RankedTensorType::get({PackedCodes::kLanes}, element);
}

Value PackedCodes::word(int64_t value) {
  auto type = lanesOf(emit.ir().getI32Type());
  auto attr = DenseElementsAttr::get(type, APInt(32, uint64_t(value), false, true));
  return arith::ConstantOp::create(emit.ir(), emit.getLoc(), attr);
}

Value PackedCodes::real(double value) {
  auto type = lanesOf(emit.ir().getF32Type());
  return arith::ConstantOp::create(emit.ir(), emit.getLoc(),
                                   DenseElementsAttr::get(type, float(value)));
}

Value PackedCodes::splat(Value index) {
  Type word = emit.ir().getI32Type();
  Value scalar = arith::IndexCastOp::create(emit.ir(), emit.getLoc(), word, index);
  return tile::SplatOp::create(emit.ir(), emit.getLoc(), lanesOf(word), scalar);
}

Value PackedCodes::div(Value a, int64_t b) {
  return arith::DivUIOp::create(emit.ir(), emit.getLoc(), a, emit.index(b));
}
Value PackedCodes::rem(Value a, int64_t b) {
  return arith::RemUIOp::create(emit.ir(), emit.getLoc(), a, emit.index(b));
}

PackedCodes::Place PackedCodes::place(unsigned plane, int64_t width, Value within) {
  Value start = emit.add(emit.mul(block, emit.index(width)), within);
  return {planes[plane], width, emit.mul(start, emit.index(kLanes))};
}

Value PackedCodes::load(const Place &place, int64_t at) {
  Type element = cast<tile::ViewType>(place.view.getType()).getElementType();
  Value offset = emit.add(place.start, emit.index(at * kLanes));
  OpFoldResult stride = emit.ir().getIndexAttr(1);
  return tile::LoadOp::create(emit.ir(), emit.getLoc(), lanesOf(element), place.view, offset,
                              stride, Value(), Value());
}

/// A scale: f16, or a small integer.
Value PackedCodes::loadReal(const Place &place, int64_t at) {
  Value value = load(place, at);
  Type real = lanesOf(emit.ir().getF32Type()), wide = lanesOf(emit.ir().getI32Type());
  if (isa<FloatType>(getElementTypeOrSelf(value.getType())))
    return arith::ExtFOp::create(emit.ir(), emit.getLoc(), real, value);
  value = format == "Q6_K" ? Value(arith::ExtSIOp::create(emit.ir(), emit.getLoc(), wide, value))
                           : Value(arith::ExtUIOp::create(emit.ir(), emit.getLoc(), wide, value));
  return arith::SIToFPOp::create(emit.ir(), emit.getLoc(), real, value);
}

Value PackedCodes::low(Value value, Value shift, int64_t mask) {
  if (shift)
    value = arith::ShRUIOp::create(emit.ir(), emit.getLoc(), value, shift);
  return arith::AndIOp::create(emit.ir(), emit.getLoc(), value, word(mask));
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

void PackedCodes::enter(Value panel, Value run) {
  int64_t rowBlocks = depth / perBlock;
  Value zero = emit.index(0);
  Value inRow = perBlock == kRun ? run : div(run, perBlock / kRun);
  block = emit.add(emit.mul(panel, emit.index(rowBlocks)), inRow);
  lowShift = highShift = highWord = minimum = {};
  scales[0] = scales[1] = {};
  if (perBlock != kRun)
    return enterBig(rem(run, perBlock / kRun));
  bool hasMinimum = format.ends_with("_1"), hasHigh = format.starts_with("Q5");
  scales[0] = scales[1] = loadReal(place(0, 1, zero), 0);
  if (hasMinimum)
    minimum = loadReal(place(1, 1, zero), 0);
  if (hasHigh)
    highWord = load(place(1 + hasMinimum, 1, zero), 0);
  quants = place(1 + hasMinimum + hasHigh, format == "Q8_0" ? 8 : 4, zero);
}

/// A run of a block of 256, numbered 0 to 7.
void PackedCodes::enterBig(Value run) {
  auto times = [&](Value value, int64_t by) { return emit.mul(value, emit.index(by)); };
  auto mul = [&](Value a, Value b) {
    return Value(arith::MulFOp::create(emit.ir(), emit.getLoc(), a, b));
  };
  Value zero = emit.index(0);
  if (format == "Q6_K") { // run = 4 half + 2 pair + part
    Value half = div(run, 4);
    quants = place(0, 32, emit.add(times(half, 16), times(rem(run, 2), 8)));
    high = place(1, 16, times(half, 8));
    lowShift = splat(times(rem(div(run, 2), 2), 4));
    highShift = splat(times(rem(run, 4), 2));
    Value whole = loadReal(place(3, 1, zero), 0);
    Place parts = place(2, 16, times(run, 2));
    scales[0] = mul(whole, loadReal(parts, 0));
    scales[1] = mul(whole, loadReal(parts, 1));
    return;
  }
  bool hasHigh = format == "Q5_K"; // run = 2 group + half
  quants = place(2 + hasHigh, 32, times(div(run, 2), 8));
  lowShift = splat(times(rem(run, 2), 4));
  if (hasHigh) {
    high = place(2, 8, zero);
    highShift = splat(run);
  }
  scales[0] = scales[1] =
      mul(loadReal(place(0, 1, zero), 0), loadReal(place(3 + hasHigh, 8, run), 0));
  minimum = mul(loadReal(place(1, 1, zero), 0), loadReal(place(4 + hasHigh, 8, run), 0));
  minimum = arith::NegFOp::create(emit.ir(), emit.getLoc(), minimum);
}

Value PackedCodes::quad(int64_t q) {
  auto with = [&](Value codes, Value bits) {
    bits = arith::ShLIOp::create(emit.ir(), emit.getLoc(), bits, word(4));
    return Value(arith::OrIOp::create(emit.ir(), emit.getLoc(), codes, bits));
  };
  if (format == "Q8_0")
    return load(quants, q);
  if (perBlock == kRun) {
    Value codes = low(load(quants, q % 4), q < 4 ? Value() : word(4), 0x0f0f0f0f);
    return highWord ? with(codes, low(highWord, q ? word(q) : Value(), 0x01010101)) : codes;
  }
  Value codes = low(load(quants, q), lowShift, 0x0f0f0f0f);
  if (!highShift)
    return codes;
  return with(codes, low(load(high, q), highShift, format == "Q6_K" ? 0x03030303 : 0x01010101));
}

Value PackedCodes::element(Value quad, int64_t q, int64_t byte) {
  Value code = byte ? Value(arith::ShRUIOp::create(emit.ir(), emit.getLoc(), quad, word(8 * byte)))
                    : quad;
  if (byte < 3)
    code = arith::AndIOp::create(emit.ir(), emit.getLoc(), code, word(255));
  Value scale = scales[q / 4];
  code = arith::SIToFPOp::create(emit.ir(), emit.getLoc(), scale.getType(), code);
  if (minimum)
    return math::FmaOp::create(emit.ir(), emit.getLoc(), code, scale, minimum);
  code = arith::SubFOp::create(emit.ir(), emit.getLoc(), code, real(bias));
  return arith::MulFOp::create(emit.ir(), emit.getLoc(), code, scale);
}

} // namespace tenon
