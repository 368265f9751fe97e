//===- PackedValues.cpp - what packed blocks stand for --------------------===//
//
// The formulas of the packed types over their planes (Packed.h), in the order of
// operations of the reference (ggml), so that results are the same to the bit
// where products and sums are rounded as there.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"

using namespace mlir;
namespace tenon::language {

namespace {

/// From planes [..., blocks, width]; `lead` dimensions come before the width.
class Unpacker {
public:
  Unpacker(TensorBuilder &b, ArrayRef<Value> planes) : b(b), planes(planes) {
    word = IntegerType::get(b.getContext(), 32, IntegerType::Unsigned);
    lead = TensorBuilder::rank(planes[0]) - 1;
  }

  Value run(StorageType type) {
    Value result = formula(type);
    Dims dims = TensorBuilder::dims(result), merged(dims.begin(), dims.begin() + lead - 1);
    merged.push_back(product(b.getContext(), ArrayRef(dims).drop_front(lead - 1)));
    return b.reshape(result, merged);
  }

private:
  // Elements of a block of 32: [half, word, byte], of 256: [pair, half, word, byte].
  Value formula(StorageType type) {
    switch (type) {
    case StorageType::Q8_0:
      return b.mul(b.sub(real(shifted(shape(planes[1], {8, 1}), bytes(), {4}, 255)), 128),
                   field(planes[0], {1, 1}));
    case StorageType::Q4_0:
      return b.mul(b.sub(real(nibbles(planes[1])), 8), field(planes[0], {1, 1, 1}));
    case StorageType::Q4_1:
      return b.add(b.mul(real(nibbles(planes[2])), field(planes[0], {1, 1, 1})),
                   field(planes[1], {1, 1, 1}));
    case StorageType::Q5_0:
      return b.mul(b.sub(real(withHigh(planes[2], planes[1])), 16), field(planes[0], {1, 1, 1}));
    case StorageType::Q5_1:
      return b.add(b.mul(real(withHigh(planes[3], planes[2])), field(planes[0], {1, 1, 1})),
                   field(planes[1], {1, 1, 1}));
    case StorageType::Q4_K:
      return scaledGroups(real(groups(planes[2])), planes[3], planes[4]);
    case StorageType::Q5_K: {
      SmallVector<double> shifts;
      for (int half = 0; half < 8; ++half)
        for (int byte = 0; byte < 4; ++byte)
          shifts.push_back(8 * byte + half);
      Value bits = shifted(shape(planes[2], {1, 1, 8, 1}), shifts, {4, 2, 1, 4}, 1);
      Value quants = b.map<OrOp>(groups(planes[3]), b.map<ShlOp>(bits, b.number(4, word)));
      return scaledGroups(real(quants), planes[4], planes[5]);
    }
    default:
      return sixBits();
    }
  }

  Value real(Value x) { return b.cast(x, b.f32()); }

  /// A plane with its own dimensions, after the blocks', replaced.
  Value shape(Value plane, ArrayRef<int64_t> own) {
    Dims dims = TensorBuilder::dims(plane);
    dims.resize(lead);
    for (int64_t size : own)
      dims.push_back(b.size(size));
    return b.reshape(plane, dims);
  }
  Value field(Value plane, ArrayRef<int64_t> own) { return real(shape(plane, own)); }

  /// (x >> shifts) & mask, the shifts along dimensions of their own.
  Value shifted(Value x, ArrayRef<double> shifts, ArrayRef<int64_t> dims, double mask) {
    Value by = b.reshape(b.numbers(shifts, word), b.sizes(dims));
    return b.map<AndOp>(b.map<ShrOp>(x, by), b.number(mask, word));
  }
  static ArrayRef<double> bytes() {
    static constexpr double shifts[] = {0, 8, 16, 24};
    return shifts;
  }
  static ArrayRef<double> halves() {
    static constexpr double shifts[] = {0, 8, 16, 24, 4, 12, 20, 28};
    return shifts;
  }

  /// 4 words hold the elements 0..15 in the low halves of bytes and 16..31 above.
  Value nibbles(Value quants) { return shifted(shape(quants, {1, 4, 1}), halves(), {2, 1, 4}, 15); }
  Value withHigh(Value quants, Value high) {
    SmallVector<double> shifts;
    for (int quad = 0; quad < 8; ++quad)
      for (int byte = 0; byte < 4; ++byte)
        shifts.push_back(8 * byte + quad);
    Value bits = shifted(shape(high, {1, 1, 1}), shifts, {2, 4, 4}, 1);
    return b.map<OrOp>(nibbles(quants), b.map<ShlOp>(bits, b.number(4, word)));
  }

  /// Four groups of 8 words, each two groups of 32 elements.
  Value groups(Value quants) {
    return shifted(shape(quants, {4, 1, 8, 1}), halves(), {2, 1, 4}, 15);
  }
  Value scaledGroups(Value quants, Value scales, Value mins) {
    Value scale = b.mul(field(planes[0], {1, 1, 1, 1}), field(scales, {4, 2, 1, 1}));
    Value min = b.mul(field(planes[1], {1, 1, 1, 1}), field(mins, {4, 2, 1, 1}));
    return b.sub(b.mul(scale, quants), min);
  }

  /// Q6_K: 2 halves of 4 runs of 32 elements, a scale for every 16.
  Value sixBits() {
    Value low = shifted(shape(planes[0], {2, 1, 2, 8, 1}), halves(), {2, 1, 1, 4}, 15);
    SmallVector<double> shifts;
    for (int run = 0; run < 4; ++run)
      for (int byte = 0; byte < 4; ++byte)
        shifts.push_back(8 * byte + 2 * run);
    Value high = shifted(shape(planes[1], {2, 1, 1, 8, 1}), shifts, {2, 2, 1, 4}, 3);
    Value quants = b.map<OrOp>(low, b.map<ShlOp>(high, b.number(4, word)));
    quants = b.sub(real(shape(quants, {2, 2, 2, 2, 16})), 32);
    Value scale = b.mul(field(planes[3], {1, 1, 1, 1, 1}), field(planes[2], {2, 2, 2, 2, 1}));
    return b.mul(scale, quants);
  }

  TensorBuilder &b;
  ArrayRef<Value> planes;
  Type word;
  int64_t lead = 0;
};

} // namespace

Value Elaborator::unpackBlocks(StorageType type, ArrayRef<Value> planes) {
  return Unpacker(b, planes).run(type);
}

} // namespace tenon::language
