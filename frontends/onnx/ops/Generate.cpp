//===- Generate.cpp - ranges, windows and rearrangements of blocks --------===//

#include "frontends/onnx/Node.h"
#include <numbers>

using namespace mlir;
namespace tenon::onnximport {

/// start + i * delta for max(ceil((limit - start) / delta), 0) elements.
static void range(Node &n) {
  TensorBuilder &b = n.b;
  for (unsigned i = 0; i < 3; ++i)
    n.requireRank(i, 0, 1);
  Value start = b.reshape(n[0], {}), limit = b.reshape(n[1], {}), delta = b.reshape(n[2], {});
  Type element = n.elementType(0);
  Value count;
  if (TensorBuilder::isFloat(start)) {
    count = b.cast(b.ceil(b.div(b.sub(limit, start), delta)), b.i64());
  } else {
    Value step = b.cast(delta, b.i64()), distance = b.sub(b.cast(limit, b.i64()), b.cast(start, b.i64()));
    Value back = b.lt(step, 0), size = b.abs(step);
    distance = b.select(back, b.neg(distance), distance);
    count = b.div(b.sub(b.add(b.max(distance, 0), size), 1), size);
  }
  Dims to = n.settle(b.sizesOf(b.max(count, 0), n.name), 0);
  n.set(0, b.add(start, b.mul(b.cast(b.iota(to[0], b.i64()), element), delta)));
}

/// a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n).
static void cosineWindow(Node &n, double a0, double a1, double a2) {
  TensorBuilder &b = n.b;
  Dims to = n.settle(b.sizesOf(b.reshape(n[0], {}), n.name), 0);
  DimExpr period = n.getInt("periodic", 1) != 0 ? to[0] : b.ranges.max(to[0] - 1, b.size(1));
  Type element = n.getType("output_datatype");
  Value at = b.cast(b.iota(to[0], b.i64()), b.f32());
  Value angle = b.div(b.mul(at, 2 * std::numbers::pi), b.cast(b.dimValue(period), b.f32()));
  Value y = b.add(b.mul(b.map<CosOp>(angle), -a1), a0);
  if (a2 != 0)
    y = b.add(y, b.mul(b.map<CosOp>(b.mul(angle, 2)), a2));
  n.set(0, b.cast(y, element ? element : b.f32()));
}
static void hann(Node &n) { cosineWindow(n, 0.5, 0.5, 0); }
static void hamming(Node &n) { cosineWindow(n, 25.0 / 46, 1 - 25.0 / 46, 0); }
static void blackman(Node &n) { cosineWindow(n, 0.42, 0.5, 0.08); }

static int64_t readBlock(Node &n) {
  int64_t block = n.getInt("blocksize", 0);
  n.requireRank(0, 4, 4);
  if (block < 1 || block > (1 << 20))
    refuse("attribute 'blocksize' is " + Twine(block));
  return block;
}

static DimExpr divided(Node &n, DimExpr size, int64_t by) {
  n.b.checkEqual(size.mod(by), n.b.size(0), "a size is not divisible by " + Twine(by));
  return size.floorDiv(by);
}

static void depthToSpace(Node &n) {
  int64_t block = readBlock(n);
  Dims d = TensorBuilder::dims(n[0]);
  DimExpr size = n.b.size(block), channels = divided(n, d[1], block * block);
  bool columnFirst = n.getString("mode", "DCR") == "CRD";
  Dims split = columnFirst ? Dims{d[0], channels, size, size, d[2], d[3]}
                           : Dims{d[0], size, size, channels, d[2], d[3]};
  Ints order = columnFirst ? Ints{0, 1, 4, 2, 5, 3} : Ints{0, 3, 4, 1, 5, 2};
  Value x = n.b.transpose(n.b.reshape(n[0], split), order);
  n.set(0, n.b.reshape(x, {d[0], channels, d[2] * block, d[3] * block}));
}

static void spaceToDepth(Node &n) {
  int64_t block = readBlock(n);
  Dims d = TensorBuilder::dims(n[0]);
  DimExpr size = n.b.size(block), height = divided(n, d[2], block), width = divided(n, d[3], block);
  Value x = n.b.reshape(n[0], {d[0], d[1], height, size, width, size});
  bool columnFirst = n.getString("mode", "DCR") == "CRD";
  x = n.b.transpose(x, columnFirst ? Ints{0, 1, 3, 5, 2, 4} : Ints{0, 3, 5, 1, 2, 4});
  n.set(0, n.b.reshape(x, {d[0], d[1] * (block * block), height, width}));
}

//===----------------------------------------------------------------------===//
// Inference mode of training operators
//===----------------------------------------------------------------------===//

static void dropout(Node &n) {
  if (n.has(2)) {
    std::optional<double> training = n.constNumber(2);
    std::optional<double> ratio = n.has(1) ? n.constNumber(1) : std::optional(0.5);
    if (training != 0.0 && ratio != 0.0)
      refuse("training mode is not supported");
  }
  n.set(0, n[0]);
  n.set(1, n.b.filled(1, TensorBuilder::dims(n[0]), n.b.i1()));
}

/// The determinant by elimination without pivoting would divide by zero; sizes
/// up to 3 are written out.
static void determinant(Node &n) {
  TensorBuilder &b = n.b;
  n.requireRank(0, 2);
  int64_t rank = n.rank(0);
  int64_t size = b.staticSize(TensorBuilder::dim(n[0], rank - 1), "the matrix");
  b.checkEqual(TensorBuilder::dim(n[0], rank - 2), b.size(size), "the matrix is not square");
  auto at = [&](int64_t row, int64_t column) {
    return b.pick(b.pick(n[0], rank - 1, b.size(column)), rank - 2, b.size(row));
  };
  auto minor = [&](int64_t r0, int64_t r1, int64_t c0, int64_t c1) {
    return b.sub(b.mul(at(r0, c0), at(r1, c1)), b.mul(at(r0, c1), at(r1, c0)));
  };
  if (size == 1)
    return n.set(0, at(0, 0));
  if (size == 2)
    return n.set(0, minor(0, 1, 0, 1));
  if (size != 3)
    refuse("determinants of matrices larger than 3 x 3 are not supported");
  Value sum = b.sub(b.mul(at(0, 0), minor(1, 2, 1, 2)), b.mul(at(0, 1), minor(1, 2, 0, 2)));
  n.set(0, b.add(sum, b.mul(at(0, 2), minor(1, 2, 0, 1))));
}

ArrayRef<OperatorEntry> getGenerateOperators() {
  static const OperatorEntry entries[] = {
      {"Range", range},           {"HannWindow", hann},     {"HammingWindow", hamming},
      {"BlackmanWindow", blackman}, {"DepthToSpace", depthToSpace},
      {"SpaceToDepth", spaceToDepth}, {"Dropout", dropout}, {"Det", determinant}};
  return entries;
}

} // namespace tenon::onnximport
