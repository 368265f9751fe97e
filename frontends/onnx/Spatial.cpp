//===- Spatial.cpp - kernel, strides and padding of convolutions ----------===//

#include "frontends/onnx/Spatial.h"

using namespace mlir;
namespace tenon::onnximport {

Ints readPositive(Node &n, StringRef name, size_t count) {
  Ints values = n.getInts(name).value_or(Ints(count, 1));
  if (values.size() != count)
    refuse("attribute '" + name + "' has " + Twine(values.size()) + " entries, expected " +
           Twine(count));
  for (int64_t value : values)
    if (value < 1 || value > (int64_t(1) << 30))
      refuse("attribute '" + name + "' holds " + Twine(value));
  return values;
}

static void readPads(Node &n, Spatial &s) {
  size_t count = s.sizes.size();
  Ints pads = n.getInts("pads").value_or(Ints(2 * count, 0));
  if (pads.size() != 2 * count)
    refuse("attribute 'pads' has " + Twine(pads.size()) + " entries, expected " + Twine(2 * count));
  for (int64_t pad : pads)
    if (pad < 0 || pad > (int64_t(1) << 30))
      refuse("attribute 'pads' holds " + Twine(pad));
  s.low = n.b.sizes(ArrayRef(pads).take_front(count));
  s.high = n.b.sizes(ArrayRef(pads).drop_front(count));
}

/// SAME: as many positions as ceil(size / stride), the odd one at the end
/// (UPPER) or at the beginning (LOWER).
static void readSame(Node &n, Spatial &s, bool upper) {
  for (size_t i = 0; i < s.sizes.size(); ++i) {
    DimExpr covered = (s.sizes[i].ceilDiv(s.strides[i]) - 1) * s.strides[i] + s.extent(i);
    DimExpr total = n.b.ranges.max(covered - s.sizes[i], n.b.size(0));
    DimExpr half = total.floorDiv(2);
    s.low.push_back(upper ? half : total - half);
    s.high.push_back(upper ? total - half : half);
  }
}

Spatial Spatial::read(Node &n, Dims sizes, Ints kernel) {
  Spatial s;
  size_t count = sizes.size();
  s.sizes = std::move(sizes);
  s.kernel = std::move(kernel);
  s.strides = readPositive(n, "strides", count);
  s.dilations = readPositive(n, "dilations", count);
  std::string mode = n.getString("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty())
    readPads(n, s);
  else if (mode == "VALID")
    s.low = s.high = Dims(count, n.b.size(0));
  else if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    readSame(n, s, mode == "SAME_UPPER");
  else
    refuse("attribute 'auto_pad' is '" + mode + "'");
  return s;
}

DimExpr Spatial::count(size_t i, bool ceil) const {
  DimExpr stride = DimExpr::constant(sizes[i].getContext(), strides[i]);
  DimExpr room = sizes[i] + low[i] + high[i] - extent(i);
  if (!ceil)
    return room.floorDiv(stride) + 1;
  // A window that would start in the padding after the input is left out.
  return (room.ceilDiv(stride) + 1).min((sizes[i] + low[i]).ceilDiv(stride));
}

WindowSpec Spatial::window(bool ceil) const {
  WindowSpec spec{kernel, strides, dilations, low, {}, Ints(kernel.size(), 1)};
  for (size_t i = 0; i < kernel.size(); ++i)
    spec.counts.push_back(count(i, ceil));
  return spec;
}

bool Spatial::isPointwise() const {
  for (size_t i = 0; i < kernel.size(); ++i)
    if (kernel[i] != 1 || strides[i] != 1 || !low[i].isConstant(0) || !high[i].isConstant(0))
      return false;
  return true;
}
bool Spatial::hasPadding() const {
  return !llvm::all_of(low, [](DimExpr pad) { return pad.isConstant(0); }) ||
         !llvm::all_of(high, [](DimExpr pad) { return pad.isConstant(0); });
}

Value perChannel(TensorBuilder &b, Value vector, int64_t rank) {
  if (TensorBuilder::rank(vector) != 1)
    refuse("a vector of channels has rank " + Twine(TensorBuilder::rank(vector)));
  Dims to(std::max<int64_t>(rank - 1, 1), b.size(1));
  to[0] = TensorBuilder::dim(vector, 0);
  return b.reshape(vector, to);
}

/// Splits the channels: [N, C, ...] to [N, G, C/G, ...].
static Value splitGroups(TensorBuilder &b, Value x, int64_t dim, int64_t group) {
  Dims to = TensorBuilder::dims(x);
  int64_t channels = b.staticSize(to[dim], "the number of channels");
  if (channels % group)
    refuse(Twine(channels) + " channels are not divisible by " + Twine(group) + " groups");
  to[dim] = b.size(channels / group);
  to.insert(to.begin() + dim, b.size(group));
  return b.reshape(x, to);
}

Value convolve(TensorBuilder &b, Value x, Value w, const WindowSpec &window, bool pointwise,
               int64_t group) {
  int64_t spatial = TensorBuilder::rank(x) - 2;
  DimExpr batch = TensorBuilder::dim(x, 0), outputs = TensorBuilder::dim(w, 0);
  if (group < 1)
    refuse("attribute 'group' is " + Twine(group));
  // Factors: n, g, m, then positions; c and kernel positions are summed.
  int64_t nF = 0, gF = 1, mF = 2, firstPosition = 3, c = 3 + spatial, firstKernel = c + 1;
  Ints xs{nF}, ws, out{nF};
  if (group > 1) {
    x = splitGroups(b, x, 1, group);
    w = splitGroups(b, w, 0, group);
    xs.push_back(gF);
    ws.push_back(gF);
    out.push_back(gF);
  }
  ws.push_back(mF);
  out.push_back(mF);
  xs.push_back(c);
  ws.push_back(c);
  for (int64_t i = 0; i < spatial; ++i) {
    xs.push_back(firstPosition + i);
    out.push_back(firstPosition + i);
    if (!pointwise) {
      xs.push_back(firstKernel + i);
      ws.push_back(firstKernel + i);
    }
  }
  if (pointwise)
    w = b.reshape(w, ArrayRef(TensorBuilder::dims(w)).drop_back(spatial));
  else
    x = b.window(x, window, 0);
  Value y = b.contract({x, w}, {xs, ws}, out);
  Dims to = TensorBuilder::dims(y);
  if (group == 1)
    return y;
  to.erase(to.begin() + 1);
  to[1] = outputs;
  to[0] = batch;
  return b.reshape(y, to);
}

} // namespace tenon::onnximport
