//===- Scalar.cpp - names of scalar primitives ----------------------------===//

#include "dialects/tenon/Scalar.h"
#include "llvm/ADT/StringRef.h"

namespace tenon {

llvm::StringRef stringify(ScalarFn fn) {
  static constexpr llvm::StringLiteral names[] = {
      "add",   "sub",   "mul",  "div",  "mod",  "rem",   "max",   "min",   "pow",  "neg",
      "abs",   "sign",  "and",  "or",   "xor",  "not",   "shl",   "shr",   "popcount",
      "floor", "ceil",  "round", "trunc", "sqrt", "rsqrt", "exp",  "log",   "sin",  "cos",
      "tan",   "asin",  "acos", "atan", "sinh", "cosh",  "tanh",  "asinh", "acosh", "atanh",
      "erf",   "atan2", "fma",  "eq",   "ne",   "lt",    "le",    "gt",    "ge",   "isnan",
      "isinf", "select"};
  return names[static_cast<unsigned>(fn)];
}

} // namespace tenon
