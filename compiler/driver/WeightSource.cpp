//===- WeightSource.cpp - weights in the order the bundle keeps them ------===//
//
// Row-major weights go through as they lie in the store. Others are permuted a
// slab (an element of the major dimension in the new order) at a time, so that
// no weight is in memory as a whole.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"

using namespace mlir;
namespace tenon {

namespace {
/// The walk over a weight in its new order: sizes and source strides in bytes,
/// major to minor.
struct PermutedWalk {
  SmallVector<int64_t> sizes, strides;
  int64_t elementBytes;

  void copy(const char *source, unsigned dim, char *&target) const {
    if (dim + 1 == sizes.size()) {
      for (int64_t i = 0; i < sizes[dim]; ++i, target += elementBytes)
        std::memcpy(target, source + i * strides[dim], elementBytes);
      return;
    }
    for (int64_t i = 0; i < sizes[dim]; ++i)
      copy(source + i * strides[dim], dim + 1, target);
  }
};
} // namespace

static PermutedWalk walkOf(WeightOp weight, ArrayRef<int64_t> order) {
  auto type = cast<RankedTensorType>(weight.getType());
  PermutedWalk walk;
  walk.elementBytes = elementBytes(type);
  SmallVector<int64_t> strides(type.getRank());
  int64_t stride = walk.elementBytes;
  for (int64_t i = type.getRank(); i-- > 0;) {
    strides[i] = stride;
    stride *= type.getDimSize(i);
  }
  for (int64_t dim : order) {
    walk.sizes.push_back(type.getDimSize(dim));
    walk.strides.push_back(strides[dim]);
  }
  return walk;
}

FailureOr<bundle::DataSource> weightSource(WeightOp weight, const WeightStore &store) {
  std::optional<ArrayRef<char>> bytes = store.bytes(weight.getStore());
  auto type = cast<RankedTensorType>(weight.getType());
  uint64_t expected = elementBytes(type);
  for (int64_t size : type.getShape())
    if (__builtin_mul_overflow(expected, uint64_t(size), &expected))
      return weight.emitError("size overflows 64 bits");
  if (!bytes)
    return weight.emitError() << weight.getStore().getSize() << " bytes at "
                              << weight.getStore().getOffset() << " are not in '"
                              << weight.getStore().getFile().getValue() << "'";
  if (bytes->size() != expected)
    return weight.emitError() << "has " << bytes->size() << " bytes in the store, expected "
                              << expected;
  auto order = weight.getOrder();
  // A single dimension has one order only; the walk is over two and more.
  if (!order || order->size() < 2 || expected == 0)
    return bundle::DataSource::bytes(bytes->data(), bytes->size());
  PermutedWalk walk = walkOf(weight, *order);
  const char *data = bytes->data();
  return bundle::DataSource{expected, [walk, data, expected](const bundle::ByteSink &sink) {
    std::vector<char> slab(expected / walk.sizes.front());
    for (int64_t i = 0; i < walk.sizes.front(); ++i) {
      char *target = slab.data();
      walk.copy(data + i * walk.strides.front(), 1, target);
      if (!sink(slab.data(), slab.size()))
        break;
    }
    return Status();
  }};
}

} // namespace tenon
