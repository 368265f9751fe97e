//===- Resize.cpp - resampling of grids -----------------------------------===//
//
// Resampling is separable: along each axis that changes, every result position
// has a coordinate in the input (float maths on an iota), from which indices
// and weights follow; a gather per tap and a weighted sum. Nearest neighbour by
// an integer is a broadcast of a new dimension: no gather.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

namespace {
/// How one axis is resampled.
struct AxisPlan {
  int64_t axis;
  DimExpr from, to;
  /// to / from as the model means it; `known` if it is a number.
  Value scale;
  /// from * scale, before it is rounded down to a size.
  Value length;
  std::optional<double> known;
  /// Region of tf_crop_and_resize, scalars.
  Value start, end;
};

class Resampler {
public:
  explicit Resampler(Node &n)
      : b(n.b), mode(n.getString("mode", "nearest")),
        coordinates(n.getString("coordinate_transformation_mode",
                                n.version >= 11 ? "half_pixel" : "asymmetric")),
        rounding(n.getString("nearest_mode", n.version >= 11 ? "round_prefer_floor" : "floor")),
        cubic(n.getFloat("cubic_coeff_a", -0.75)),
        excludeOutside(n.getInt("exclude_outside", 0) != 0),
        antialias(n.getInt("antialias", 0) != 0) {}

  Value along(Value x, const AxisPlan &plan) {
    if (mode == "nearest")
      return nearest(x, plan);
    if (mode == "linear" || mode == "bilinear")
      return antialias ? smooth(x, plan, 1) : linear(x, plan);
    if (mode == "cubic")
      return antialias ? smooth(x, plan, 2) : cubicTaps(x, plan);
    refuse("attribute 'mode' is '" + mode + "'");
  }
  /// Where the coordinate lies outside of the input (crop and resize).
  Value outside(const AxisPlan &plan) {
    Value at = coordinate(plan);
    Value last = b.cast(b.dimValue(plan.from - 1), b.f32());
    return b.logicalOr(b.lt(at, 0), b.gt(at, last));
  }
  bool crops() const { return coordinates == "tf_crop_and_resize"; }

private:
  Value size(DimExpr dim) { return b.cast(b.dimValue(dim), b.f32()); }

  /// The coordinate in the input of each result position.
  Value coordinate(const AxisPlan &plan) {
    Value at = b.cast(b.iota(plan.to, b.i64()), b.f32());
    if (coordinates == "asymmetric")
      return b.div(at, plan.scale);
    if (coordinates == "align_corners") {
      if (plan.to.isConstant(1))
        return b.filled(0, {plan.to}, b.f32());
      // A result of one position has no steps between positions.
      Value steps = b.sub(plan.length, 1);
      steps = b.select(b.eq(steps, 0), b.number(1, b.f32()), steps);
      return b.div(b.mul(at, b.sub(size(plan.from), 1)), steps);
    }
    if (coordinates == "tf_crop_and_resize") {
      Value reach = b.sub(size(plan.from), 1);
      if (plan.to.isConstant(1))
        return b.broadcast(b.mul(b.mul(b.add(plan.start, plan.end), 0.5), reach), {plan.to});
      Value step = b.div(b.mul(b.sub(plan.end, plan.start), reach), b.sub(size(plan.to), 1));
      return b.add(b.mul(plan.start, reach), b.mul(at, step));
    }
    if (coordinates == "tf_half_pixel_for_nn")
      return b.div(b.add(at, 0.5), plan.scale);
    Value centres = b.div(b.add(at, 0.5), plan.scale), half = b.sub(centres, 0.5);
    if (coordinates == "half_pixel")
      return half;
    if (coordinates == "pytorch_half_pixel")
      return plan.to.isConstant(1) ? b.filled(0, {plan.to}, b.f32()) : half;
    if (coordinates == "half_pixel_symmetric") {
      // The part of the result that the scale does not fill is left out evenly.
      // The half comes off last, so that whole coordinates come out whole.
      Value adjust = b.div(size(plan.to), b.mul(plan.scale, size(plan.from)));
      Value centre = b.mul(size(plan.from), 0.5);
      Value offset = b.mul(centre, b.sub(b.number(1, b.f32()), adjust));
      return b.sub(b.add(offset, centres), 0.5);
    }
    refuse("attribute 'coordinate_transformation_mode' is '" + coordinates + "'");
  }

  Value clampedIndex(Value at, DimExpr count) {
    return b.min(b.max(b.cast(at, b.i64()), 0), b.dimValue(count - 1));
  }

  Value roundedNearest(Value at) {
    if (rounding == "floor")
      return b.floor(at);
    if (rounding == "ceil")
      return b.ceil(at);
    if (rounding == "round_prefer_floor")
      return b.ceil(b.sub(at, 0.5));
    if (rounding == "round_prefer_ceil")
      return b.floor(b.add(at, 0.5));
    refuse("attribute 'nearest_mode' is '" + rounding + "'");
  }

  /// Each element `factor` times: position i reads i / factor.
  bool repeats(const AxisPlan &plan, int64_t &factor) {
    if (!plan.known || *plan.known != std::floor(*plan.known) || *plan.known < 1 ||
        *plan.known > 1 << 20)
      return false;
    factor = static_cast<int64_t>(*plan.known);
    bool plain = (coordinates == "asymmetric" && rounding == "floor") ||
                 (coordinates == "asymmetric" && rounding == "round_prefer_floor" && factor <= 2) ||
                 ((coordinates == "half_pixel" || coordinates == "pytorch_half_pixel") &&
                  (rounding == "round_prefer_floor" || rounding == "round_prefer_ceil"));
    return plain && plan.from * factor == plan.to;
  }

  Value nearest(Value x, const AxisPlan &plan) {
    int64_t factor;
    if (!repeats(plan, factor))
      return b.take(x, clampedIndex(roundedNearest(coordinate(plan)), plan.from), plan.axis);
    Dims dims = TensorBuilder::dims(x), split = dims, wide = dims;
    split.insert(split.begin() + plan.axis + 1, b.size(1));
    wide.insert(wide.begin() + plan.axis + 1, b.size(factor));
    dims[plan.axis] = plan.to;
    return b.reshape(b.broadcast(b.reshape(x, split), wide), dims);
  }

  /// A weight per position, shaped to broadcast along the axis.
  Value along(Value weight, int64_t rank, int64_t axis, Type element) {
    Dims to(rank, b.size(1));
    to[axis] = TensorBuilder::dim(weight, 0);
    return b.cast(b.reshape(weight, to), element);
  }

  Value linear(Value x, const AxisPlan &plan) {
    // Coordinates outside take the border's element.
    Value at = b.clamp(coordinate(plan), b.number(0, b.f32()), b.sub(size(plan.from), 1));
    Value low = b.floor(at), fraction = b.sub(at, low);
    Value first = b.take(x, clampedIndex(low, plan.from), plan.axis);
    Value second = b.take(x, clampedIndex(b.add(low, 1), plan.from), plan.axis);
    Type element = TensorBuilder::elementType(x);
    Value w = along(fraction, TensorBuilder::rank(x), plan.axis, element);
    Value rest = b.sub(b.number(1, element), w);
    return b.add(b.mul(first, rest), b.mul(second, w));
  }

  /// Keys' cubic at a distance; `wide` is the part beyond 1.
  Value cubicWeight(Value distance, bool wide) {
    Value d = b.abs(distance), d2 = b.mul(d, d), d3 = b.mul(d2, d);
    if (!wide)
      return b.add(b.sub(b.mul(d3, cubic + 2), b.mul(d2, cubic + 3)), 1);
    Value w = b.add(b.sub(b.mul(d3, cubic), b.mul(d2, 5 * cubic)), b.mul(d, 8 * cubic));
    return b.sub(w, 4 * cubic);
  }

  Value cubicTaps(Value x, const AxisPlan &plan) {
    Value at = coordinate(plan), low = b.floor(at), fraction = b.sub(at, low), sum, total;
    Value last = b.sub(size(plan.from), 1);
    Type element = TensorBuilder::elementType(x);
    SmallVector<Value> weights, places;
    for (int64_t tap = -1; tap <= 2; ++tap) {
      Value place = b.add(low, static_cast<double>(tap));
      Value w = cubicWeight(b.sub(fraction, static_cast<double>(tap)), tap == -1 || tap == 2);
      if (excludeOutside)
        w = b.select(b.logicalOr(b.lt(place, 0), b.gt(place, last)), b.number(0, b.f32()), w);
      total = total ? b.add(total, w) : w;
      weights.push_back(w);
      places.push_back(place);
    }
    for (auto [w, place] : llvm::zip(weights, places)) {
      Value part = excludeOutside ? b.div(w, total) : w;
      part = b.mul(b.take(x, clampedIndex(place, plan.from), plan.axis),
                   along(part, TensorBuilder::rank(x), plan.axis, element));
      sum = sum ? b.add(sum, part) : part;
    }
    return sum;
  }

  /// Antialiasing: the filter is as wide as a result element where the grid
  /// gets coarser; a product with a [to, from] matrix of normalised weights.
  /// Beyond the border lies the border's element, or nothing.
  Value smooth(Value x, const AxisPlan &plan, int64_t reach) {
    DimExpr margin = excludeOutside ? b.size(0) : plan.from * reach;
    if (plan.known && !excludeOutside)
      margin = b.size(static_cast<int64_t>(std::ceil(double(reach) / std::min(*plan.known, 1.0))) + 1);
    Value at = b.reshape(coordinate(plan), {plan.to, b.size(1)});
    Value place = b.sub(b.iota(plan.from + margin * 2, b.i64()), b.dimValue(margin));
    Value shrink = b.min(plan.scale, 1);
    Value distance = b.abs(b.mul(b.sub(b.cast(place, b.f32()), at), shrink)), weight;
    if (reach == 1)
      weight = b.max(b.sub(b.number(1, b.f32()), distance), 0);
    else
      weight = b.select(b.le(distance, 1), cubicWeight(distance, false),
                        b.select(b.lt(distance, 2), cubicWeight(distance, true),
                                 b.number(0, b.f32())));
    weight = b.div(weight, b.reduce(Combiner::Add, weight, {1}, true));
    int64_t rank = TensorBuilder::rank(x);
    Type element = TensorBuilder::elementType(x);
    Dims around(rank, b.size(0));
    around[plan.axis] = margin;
    x = b.pad(x, b.number(0, element), around, around, PadMode::Edge);
    Ints all = llvm::to_vector(llvm::seq<int64_t>(0, rank)), out = all;
    out[plan.axis] = rank;
    return b.contract({x, b.cast(weight, element)}, {all, {rank, plan.axis}}, out);
  }

  TensorBuilder &b;
  std::string mode, coordinates, rounding;
  double cubic;
  bool excludeOutside, antialias;
};
} // namespace

/// floor(size * scale), in f32 as the specification's own code has it, or as an
/// expression, if the scale is a simple fraction.
static DimExpr scaledSize(Node &n, DimExpr size, double scale) {
  if (std::optional<int64_t> known = size.asConstant())
    return n.b.size(static_cast<int64_t>(std::floor(static_cast<float>(*known) *
                                                    static_cast<float>(scale))));
  for (int64_t q = 1; q <= 64; ++q) {
    double p = scale * static_cast<double>(q);
    if (p == std::floor(p) && p > 0 && p < 1e6)
      return (size * static_cast<int64_t>(p)).floorDiv(q);
  }
  refuse("the scale " + Twine(std::to_string(scale)) + " of the symbolic size " + size.str() +
         " is no simple fraction");
}

static void checkScale(double scale) {
  if (!(scale > 0) || scale > 1e6)
    refuse("a scale is " + Twine(std::to_string(scale)));
}

/// Sizes from scales: the sizes of the result, a scale per axis.
static void planByScales(Node &n, Value scales, MutableArrayRef<AxisPlan> plans) {
  TensorBuilder &b = n.b;
  auto known = b.values.getNumbers(scales);
  if (known && known->size() != plans.size())
    refuse("there are " + Twine(known->size()) + " scales for " + Twine(plans.size()) + " axes");
  b.checkEqual(TensorBuilder::dim(scales, 0), b.size(plans.size()), "wrong number of scales");
  Dims late;
  if (!known) {
    Dims from;
    for (AxisPlan &plan : plans)
      from.push_back(plan.from);
    Value sizes = b.floor(b.mul(b.cast(b.dimVector(from), b.f32()), scales));
    late = b.sizesOf(b.cast(sizes, b.i64()), n.name);
  }
  for (auto [i, plan] : llvm::enumerate(plans)) {
    if (known) {
      checkScale((*known)[i]);
      plan.known = (*known)[i];
      plan.scale = b.number((*known)[i], b.f32());
      plan.to = scaledSize(n, plan.from, (*known)[i]);
    } else {
      plan.scale = b.pick(scales, 0, b.size(i));
      plan.to = late[i];
    }
    plan.length = b.mul(b.cast(b.dimValue(plan.from), b.f32()), plan.scale);
  }
}

/// Scales from sizes; with a policy the smallest (largest) ratio serves all.
static void planBySizes(Node &n, Dims sizes, MutableArrayRef<AxisPlan> plans) {
  TensorBuilder &b = n.b;
  std::string policy = n.getString("keep_aspect_ratio_policy", "stretch");
  if (sizes.size() != plans.size())
    refuse("there are " + Twine(sizes.size()) + " sizes for " + Twine(plans.size()) + " axes");
  std::optional<double> common;
  for (auto [plan, to] : llvm::zip(plans, sizes)) {
    plan.to = to;
    if (policy == "stretch")
      continue;
    double ratio = static_cast<double>(b.staticSize(to, "the result")) /
                   static_cast<double>(std::max<int64_t>(b.staticSize(plan.from, "the input"), 1));
    common = !common                     ? ratio
             : policy == "not_larger" ? std::min(*common, ratio)
                                      : std::max(*common, ratio);
  }
  for (AxisPlan &plan : plans) {
    if (common)
      plan.to = b.size(static_cast<int64_t>(
          std::floor(static_cast<double>(plan.from.getValue()) * *common + 0.5)));
    DimExpr quotient;
    if (plan.to.isConstant() && plan.from.isConstant() && plan.from.getValue() > 0)
      plan.known = common ? *common
                          : static_cast<double>(plan.to.getValue()) /
                                static_cast<double>(plan.from.getValue());
    else if (plan.to.divides(plan.from, quotient) && quotient.isConstant())
      plan.known = static_cast<double>(quotient.getValue());
    plan.scale = plan.known ? b.number(*plan.known, b.f32())
                            : b.div(b.cast(b.dimValue(plan.to), b.f32()),
                                    b.cast(b.dimValue(plan.from), b.f32()));
    plan.length = b.cast(b.dimValue(plan.to), b.f32());
  }
}

static bool isEmptyList(Node &n, unsigned index) {
  return !n.has(index) || (n.rank(index) == 1 && TensorBuilder::dim(n[index], 0).isConstant(0));
}

static SmallVector<AxisPlan> planAxes(Node &n) {
  int64_t rank = n.rank(0);
  Ints axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (std::optional<Ints> given = n.getInts("axes"))
    axes = Node::dimIndices(*given, rank);
  SmallVector<AxisPlan> plans;
  for (int64_t axis : axes)
    plans.push_back({axis, TensorBuilder::dim(n[0], axis), {}, {}, {}, {}, {}, {}});
  unsigned scales = n.version < 11 ? 1 : 2;
  if (n.proto.op_type() == "Upsample" && n.version < 9) {
    auto list = n.getFloats("scales");
    planByScales(n, n.b.numbers(list.value_or(SmallVector<double>()), n.b.f32()), plans);
  } else if (!isEmptyList(n, scales)) {
    planByScales(n, n[scales], plans);
  } else {
    if (isEmptyList(n, 3))
      refuse("neither scales nor sizes are given");
    planBySizes(n, n.sizes(3), plans);
  }
  return plans;
}

static void resize(Node &n) {
  n.requireRank(0, 1);
  TensorBuilder &b = n.b;
  Resampler resampler(n);
  SmallVector<AxisPlan> plans = planAxes(n);
  Dims to = TensorBuilder::dims(n[0]);
  for (AxisPlan &plan : plans)
    to[plan.axis] = plan.to;
  to = n.settle(to, 0);
  Value roi = resampler.crops() ? n[1] : Value(), outside, x = n[0];
  bool floats = TensorBuilder::isFloat(x), nearest = n.getString("mode", "nearest") == "nearest";
  x = floats || nearest ? b.widen(x) : b.cast(x, b.f32());
  for (auto [i, plan] : llvm::enumerate(plans)) {
    plan.to = to[plan.axis];
    if (roi) {
      roi = b.cast(roi, b.f32());
      plan.start = b.pick(roi, 0, b.size(i));
      plan.end = b.pick(roi, 0, b.size(i + plans.size()));
    } else if (plan.known == 1.0 && plan.from == plan.to) {
      continue;
    }
    x = resampler.along(x, plan);
    if (roi) {
      Dims shape(to.size(), b.size(1));
      shape[plan.axis] = plan.to;
      Value here = b.reshape(resampler.outside(plan), shape);
      outside = outside ? b.logicalOr(outside, here) : here;
    }
  }
  if (outside)
    x = b.select(outside, b.number(n.getFloat("extrapolation_value", 0), TensorBuilder::elementType(x)), x);
  if (!floats && !nearest)
    x = b.round(x);
  n.set(0, b.cast(x, n.elementType(0)));
}

ArrayRef<OperatorEntry> getResizeOperators() {
  static const OperatorEntry entries[] = {{"Resize", resize}, {"Upsample", resize}};
  return entries;
}

} // namespace tenon::onnximport
