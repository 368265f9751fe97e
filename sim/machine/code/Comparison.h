// Comparisons of setp as an op's immediate: six tests and a bit that negates.
// Unordered ones are negations: `ltu` is "not ge", `neu` is "not eq", `nan` is
// "not ordered". For integers `ne` is "not eq".
#pragma once

#include "sim/ptx/Names.h"
#include <cstdint>
#include <optional>

namespace tenon::sim {

enum class Comparison : uint8_t { Eq, Lt, Le, Gt, Ge, Ordered };
constexpr int32_t negatedComparison = 8;

/// The immediate for a modifier, or nothing if it is no comparison. Of floats, `ne`
/// is false for NaN and `equ` true, which no single test gives: see Decoding::compare.
inline std::optional<int32_t> comparisonOf(ptx::Mod mod) {
  using M = ptx::Mod;
  auto plain = [](Comparison c) { return int32_t(c); };
  auto negated = [](Comparison c) { return int32_t(c) | negatedComparison; };
  switch (mod) {
  case M::Eq:
  case M::Equ:
    return plain(Comparison::Eq);
  case M::Ne:
  case M::Neu:
    return negated(Comparison::Eq);
  case M::Lt:
  case M::Lo:
    return plain(Comparison::Lt);
  case M::Le:
  case M::Ls:
    return plain(Comparison::Le);
  case M::Gt:
  case M::Hi:
    return plain(Comparison::Gt);
  case M::Ge:
  case M::Hs:
    return plain(Comparison::Ge);
  case M::Ltu:
    return negated(Comparison::Ge);
  case M::Leu:
    return negated(Comparison::Gt);
  case M::Gtu:
    return negated(Comparison::Le);
  case M::Geu:
    return negated(Comparison::Lt);
  case M::Num:
    return plain(Comparison::Ordered);
  case M::NanTest:
    return negated(Comparison::Ordered);
  default:
    return std::nullopt;
  }
}

} // namespace tenon::sim
