//===- Conversions.h - arith operations that need more than LLVM --*- C++ -*-===//
#ifndef TENON_PASSES_CODEGEN_MATH_CONVERSIONS_H
#define TENON_PASSES_CODEGEN_MATH_CONVERSIONS_H

#include "passes/codegen/math/Num.h"

namespace tenon::math {

/// \p type with another element: a vector of it, or itself.
mlir::Type withElement(mlir::Type type, mlir::Type element);

/// Replaces, and returns null for anything else:
///   truncf to bf16, or from f64 to f16    LLVM would call compiler-rt
///   extf from bf16                        so that LLVM does not undo the next
///   any operation on bf16                 the same in f32, rounded
///   divsi, divui, remsi, remui            a zero divisor gives zero, and the least
///                                         integer by -1 wraps, instead of a trap
///   fptosi, fptoui to narrow integers     wrap, as a C cast on x86 does
///   ipowi                                 wrapping products; LLVM would call
mlir::Value expandConversion(mlir::ImplicitLocOpBuilder &builder, mlir::Operation *op);

} // namespace tenon::math

#endif
