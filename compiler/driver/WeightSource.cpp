//===- WeightSource.cpp - weights in the order the bundle keeps them ------===//
//
// Row-major weights go through as they lie in the store. Others are permuted a
// slab (an element of the major dimension in the new order) at a time, so that
// no weight is in memory as a whole. A weight in panels (passes/tile/PackPanels.cpp)
// may have more columns than the store: zeros, at the end of the last panel.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"
#include "dialects/spmd/Spmd.h"

using namespace mlir;
namespace tenon {

namespace {
/// The walk over a weight in its new order: sizes and source strides in bytes,
/// major to minor.
struct PermutedWalk {
  SmallVector<int64_t> sizes, strides;
  int64_t elementBytes;
  /// Elements of the minor dimension that the last slab lacks.
  int64_t missing = 0;

  /// Copies \p count elements of each row of the minor dimension.
  void copy(const char *source, unsigned dim, int64_t count, char *&target) const {
    if (dim + 1 == sizes.size()) {
      for (int64_t i = 0; i < count; ++i)
        std::memcpy(target + i * elementBytes, source + i * strides[dim], elementBytes);
      target += sizes[dim] * elementBytes;
      return;
    }
    for (int64_t i = 0; i < sizes[dim]; ++i)
      copy(source + i * strides[dim], dim + 1, count, target);
  }
};
} // namespace

/// The type of the weight in the store: of all parts together if it is split.
static RankedTensorType storedType(WeightOp weight) {
  spmd::SplitAttr split = spmd::getSplit(weight);
  return cast<RankedTensorType>(split ? split.getWhole() : Type(weight.getType()));
}

/// Bytes from one element to the next along each dimension of the store.
static SmallVector<int64_t> stridesOf(RankedTensorType type) {
  SmallVector<int64_t> strides(type.getRank());
  int64_t stride = elementBytes(type);
  for (int64_t i = type.getRank(); i-- > 0;) {
    strides[i] = stride;
    stride *= type.getDimSize(i);
  }
  return strides;
}

/// The columns that panels hold beyond those of the store; nothing if the type is
/// not the stored one with a last panel filled up.
static std::optional<int64_t> filledColumns(WeightOp weight, int64_t bytes) {
  auto type = cast<RankedTensorType>(weight.getType());
  ArrayRef<int64_t> order = weight.getOrder().value_or(ArrayRef<int64_t>());
  if (order.size() < 2 || order.front() + 1 != order.back() || spmd::getSplit(weight))
    return std::nullopt;
  int64_t panels = type.getDimSize(order.front()), width = type.getDimSize(order.back());
  int64_t others = elementBytes(type);
  for (int64_t dim : order.drop_front().drop_back())
    others *= type.getDimSize(dim);
  int64_t filled = others > 0 && bytes % others == 0 ? panels * width - bytes / others : 0;
  return filled > 0 && filled < width ? std::optional(filled) : std::nullopt;
}

static PermutedWalk walkOf(WeightOp weight, ArrayRef<int64_t> order, int64_t missing) {
  auto type = cast<RankedTensorType>(weight.getType());
  PermutedWalk walk;
  walk.elementBytes = elementBytes(type);
  walk.missing = missing;
  SmallVector<int64_t> strides = stridesOf(storedType(weight));
  // In the store the columns that panels add are not there to be stepped over.
  int64_t panels = missing ? type.getDimSize(order.front()) * type.getDimSize(order.back()) : 1;
  for (int64_t dim = 0; missing && dim < order.front(); ++dim)
    strides[dim] = strides[dim] / panels * (panels - missing);
  for (int64_t dim : order) {
    walk.sizes.push_back(type.getDimSize(dim));
    walk.strides.push_back(strides[dim]);
  }
  return walk;
}

/// Where in the store each part of a split weight starts, in the order of parts.
static SmallVector<int64_t> partOffsets(WeightOp weight) {
  SmallVector<int64_t> offsets = {0};
  spmd::SplitAttr split = spmd::getSplit(weight);
  if (!split)
    return offsets;
  spmd::MeshAttr mesh = spmd::getMesh(weight);
  SmallVector<int64_t> strides = stridesOf(storedType(weight));
  SmallVector<int64_t> sizes(storedType(weight).getShape());
  for (auto [dim, axis] : llvm::zip_equal(split.getDims(), split.getAxes())) {
    int64_t ranks = mesh.getSize(axis);
    sizes[dim] /= ranks;
    SmallVector<int64_t> finer;
    for (int64_t offset : offsets)
      for (int64_t rank = 0; rank < ranks; ++rank)
        finer.push_back(offset + rank * sizes[dim] * strides[dim]);
    offsets = std::move(finer);
  }
  return offsets;
}

namespace {
/// Writes the parts one after another, a slab at a time.
struct PartWriter {
  PermutedWalk walk;
  SmallVector<int64_t> offsets;
  const char *data;

  Status operator()(const bundle::ByteSink &sink) const {
    int64_t bytes = walk.elementBytes;
    for (int64_t size : ArrayRef(walk.sizes).drop_front())
      bytes *= size;
    std::vector<char> slab(bytes);
    for (int64_t offset : offsets)
      for (int64_t i = 0; i < walk.sizes.front(); ++i) {
        char *target = slab.data();
        const char *source = data + offset + i * walk.strides.front();
        int64_t missing = i + 1 == walk.sizes.front() ? walk.missing : 0;
        if (missing)
          std::fill(slab.begin(), slab.end(), 0);
        if (walk.sizes.size() > 1)
          walk.copy(source, 1, walk.sizes.back() - missing, target);
        else
          std::memcpy(target, source, walk.elementBytes);
        if (!sink(slab.data(), slab.size()))
          return Status();
      }
    return Status();
  }
};
} // namespace

FailureOr<bundle::DataSource> weightSource(WeightOp weight, const WeightStore &store) {
  std::optional<ArrayRef<char>> bytes = store.bytes(weight.getStore());
  RankedTensorType type = storedType(weight);
  uint64_t expected = elementBytes(type);
  for (int64_t size : type.getShape())
    if (__builtin_mul_overflow(expected, uint64_t(size), &expected))
      return weight.emitError("size overflows 64 bits");
  if (!bytes)
    return weight.emitError() << weight.getStore().getSize() << " bytes at "
                              << weight.getStore().getOffset() << " are not in '"
                              << weight.getStore().getFile().getValue() << "'";
  std::optional<int64_t> missing = filledColumns(weight, bytes->size());
  if (bytes->size() != expected && !missing)
    return weight.emitError() << "has " << bytes->size() << " bytes in the store, expected "
                              << expected;
  SmallVector<int64_t> order(weight.getOrder().value_or(ArrayRef<int64_t>()));
  bool isSplit = static_cast<bool>(spmd::getSplit(weight));
  // A single dimension has one order only; the walk is over two and more.
  if (expected == 0 || (!isSplit && order.size() < 2))
    return bundle::DataSource::bytes(bytes->data(), bytes->size());
  if (order.empty())
    order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  return bundle::DataSource{expected, PartWriter{walkOf(weight, order, missing.value_or(0)),
                                                 partOffsets(weight), bytes->data()}};
}

} // namespace tenon
