// Arithmetic on numbers that come from a file or a caller: every operation
// says whether the true result fits. Sizes and offsets are int64_t throughout.
#pragma once

#include <cstdint>
#include <limits>

namespace tenon {

inline bool checkedAdd(int64_t a, int64_t b, int64_t &result) {
  return !__builtin_add_overflow(a, b, &result);
}
inline bool checkedSub(int64_t a, int64_t b, int64_t &result) {
  return !__builtin_sub_overflow(a, b, &result);
}
inline bool checkedMul(int64_t a, int64_t b, int64_t &result) {
  return !__builtin_mul_overflow(a, b, &result);
}

inline bool checkedFloorDiv(int64_t a, int64_t b, int64_t &result) {
  if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1))
    return false;
  result = a / b - ((a % b != 0) && ((a < 0) != (b < 0)));
  return true;
}

inline bool checkedCeilDiv(int64_t a, int64_t b, int64_t &result) {
  if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1))
    return false;
  result = a / b + ((a % b != 0) && ((a < 0) == (b < 0)));
  return true;
}

/// The remainder of the floor division: it has the sign of `b`.
inline bool checkedMod(int64_t a, int64_t b, int64_t &result) {
  int64_t quotient;
  if (!checkedFloorDiv(a, b, quotient))
    return false;
  result = a - quotient * b;
  return true;
}

/// Whether [offset, offset + size) lies inside [0, limit).
inline bool inRange(uint64_t offset, uint64_t size, uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

inline bool alignUp(uint64_t value, uint64_t alignment, uint64_t &result) {
  if (__builtin_add_overflow(value, alignment - 1, &result))
    return false;
  result -= result % alignment;
  return true;
}

} // namespace tenon
