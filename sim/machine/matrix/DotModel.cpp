// The scalar form of the tensor-core arithmetic described in DotModel.h.
#include "sim/machine/matrix/DotModel.h"

#include "sim/machine/matrix/DotFinish.h"

#include <algorithm>

namespace tenon::sim {

static int fractionBits(TensorCore generation) {
  switch (generation) {
  case TensorCore::Volta:
    return 23;
  case TensorCore::Hopper:
  case TensorCore::Blackwell:
    return 25;
  default:
    return 24;
  }
}

static int stepBytes(TensorCore generation) {
  if (generation == TensorCore::Volta)
    return 8;
  return generation >= TensorCore::Hopper ? 32 : 16;
}

DotModel dotModel(TensorCore generation, Element a, Element b, Element accumulator,
                  bool warpgroup) {
  DotModel model;
  model.fractionBits = fractionBits(generation);
  model.stepElements = std::max(stepBytes(generation) * 8 / bitsOf(a), 4);
  model.minExponentA = minExponentOf(a);
  model.minExponentB = minExponentOf(b);
  model.minExponentC = minExponentOf(accumulator);
  bool narrow = bitsOf(a) == 8 && !isInteger(a) &&
                (generation == TensorCore::Ada || warpgroup);
  if (narrow)
    model.fractionBits = 13;
  if (accumulator == Element::F16)
    model.rounding = DotRounding::F16Nearest;
  else if (narrow)
    model.rounding = DotRounding::F32Truncate13;
  return model;
}

namespace {
struct Split {
  double significand;
  int exponent;
};
} // namespace

static Split split(double value, int minExponent) {
  if (value == 0)
    return {0, -126};
  int exponent = std::max(std::ilogb(value), minExponent);
  return {std::ldexp(value, -exponent), exponent};
}

/// Infinity or NaN that the operands force; 0 where all is finite.
static double specialSum(int count, const float *a, const float *b, float c) {
  double sum = std::isfinite(c) ? 0.0 : double(c);
  for (int k = 0; k < count; ++k)
    if (!std::isfinite(a[k]) || !std::isfinite(b[k]))
      sum += double(a[k]) * double(b[k]);
  return sum;
}

float dotStep(const DotModel &model, int count, const float *a, const float *b, float c) {
  double special = specialSum(count, a, b, c);
  if (special != 0) // also true for NaN
    return std::isnan(special) ? canonicalNaN(model.rounding) : float(special);

  Split terms[33];
  terms[count] = split(c, model.minExponentC);
  int largest = terms[count].exponent;
  for (int k = 0; k < count; ++k) {
    Split x = split(a[k], model.minExponentA), y = split(b[k], model.minExponentB);
    terms[k] = {x.significand * y.significand, x.exponent + y.exponent};
    largest = std::max(largest, terms[k].exponent);
  }
  double sum = 0;
  for (int k = 0; k <= count; ++k)
    sum += std::trunc(
        std::ldexp(terms[k].significand, model.fractionBits + terms[k].exponent - largest));
  return finishDot(model.rounding, std::ldexp(sum, largest - model.fractionBits));
}

uint16_t roundToHalf(double value) {
  uint64_t bits = std::bit_cast<uint64_t>(value);
  uint16_t sign = uint16_t(bits >> 48 & 0x8000);
  if (std::isnan(value))
    return 0x7fff;
  double magnitude = std::fabs(value);
  if (magnitude >= 65520.0)
    return sign | 0x7c00;
  int exponent = magnitude == 0 ? -14 : std::max(std::ilogb(magnitude), -14);
  // Units of the last place; nearbyint rounds to even. A carry into the next
  // exponent comes out right because the encodings are consecutive.
  double units = std::nearbyint(std::ldexp(magnitude, 10 - exponent));
  return sign | uint16_t(uint32_t(units) + (uint32_t(exponent + 14) << 10));
}

} // namespace tenon::sim
