// Combining the buffers of several ranks, a block of elements at a time.
#include "runtime/comm/Reduce.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace tenon {

using bundle::Reduction;

namespace {

/// Types whose arithmetic is done in another: f16 and bf16 in f32.
template <typename Stored, typename Wide>
struct Same {
  using Type = Stored;
  using Accumulator = Wide;
  static Wide widen(Stored value) { return static_cast<Wide>(value); }
  static Stored narrow(Wide value) { return static_cast<Stored>(value); }
};

struct Bf16 {
  using Type = uint16_t;
  using Accumulator = float;
  static float widen(uint16_t value) {
    uint32_t bits = uint32_t{value} << 16;
    float wide;
    std::memcpy(&wide, &bits, sizeof wide);
    return wide;
  }
  static uint16_t narrow(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
      return static_cast<uint16_t>(bits >> 16 | 0x40); // NaN stays one
    return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
};

/// Integers wrap around.
template <typename T>
auto modular(T value) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<std::make_unsigned_t<T>>(value);
  else
    return value;
}

template <typename T>
void combine(Reduction reduction, T &into, T value) {
  switch (reduction) {
  case Reduction::Mul:
    into = static_cast<T>(modular(into) * modular(value));
    return;
  case Reduction::Max:
    into = into > value || into != into ? into : value;
    return;
  case Reduction::Min:
    into = into < value || into != into ? into : value;
    return;
  default:
    into = static_cast<T>(modular(into) + modular(value));
  }
}

template <typename Element>
void reduceAs(Reduction reduction, const char *const *from, size_t sources, int64_t offset,
              char *to, int64_t bytes) {
  using Type = typename Element::Type;
  constexpr int64_t block = 256;
  typename Element::Accumulator sums[block];
  Type values[block];
  for (int64_t at = 0, width = sizeof(Type); at < bytes; at += block * width) {
    int64_t size = std::min<int64_t>(block, (bytes - at) / width);
    for (size_t source = 0; source < sources; ++source) {
      std::memcpy(values, from[source] + offset + at, size * width);
      for (int64_t i = 0; i < size; ++i)
        if (source == 0)
          sums[i] = Element::widen(values[i]);
        else
          combine(reduction, sums[i], Element::widen(values[i]));
    }
    for (int64_t i = 0; i < size; ++i)
      values[i] = Element::narrow(sums[i]);
    std::memcpy(to + at, values, size * width);
  }
}

using Function = void (*)(Reduction, const char *const *, size_t, int64_t, char *, int64_t);

/// Null: elements of this type are not combined. Integers wrap around.
Function functionFor(ElementType type) {
  switch (type) {
  case ElementType::F64:
    return reduceAs<Same<double, double>>;
  case ElementType::F32:
    return reduceAs<Same<float, float>>;
  case ElementType::F16:
    return reduceAs<Same<_Float16, float>>;
  case ElementType::BF16:
    return reduceAs<Bf16>;
  case ElementType::I8:
    return reduceAs<Same<int8_t, int32_t>>;
  case ElementType::U8:
    return reduceAs<Same<uint8_t, uint32_t>>;
  case ElementType::I16:
    return reduceAs<Same<int16_t, int64_t>>;
  case ElementType::U16:
    return reduceAs<Same<uint16_t, uint64_t>>;
  case ElementType::I32:
    return reduceAs<Same<int32_t, int64_t>>;
  case ElementType::U32:
    return reduceAs<Same<uint32_t, uint64_t>>;
  case ElementType::I64:
    return reduceAs<Same<int64_t, int64_t>>;
  case ElementType::U64:
    return reduceAs<Same<uint64_t, uint64_t>>;
  default:
    return nullptr;
  }
}

} // namespace

bool canReduce(ElementType type) { return functionFor(type) != nullptr; }

void reduce(Reduction reduction, ElementType type, const char *const *from, size_t sources,
            int64_t offset, char *to, int64_t bytes) {
  functionFor(type)(reduction, from, sources, offset, to, bytes);
}

} // namespace tenon
