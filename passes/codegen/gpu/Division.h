//===- Division.h - f32 division without a call -------------------*- C++ -*-===//
#ifndef TENON_PASSES_CODEGEN_GPU_DIVISION_H
#define TENON_PASSES_CODEGEN_GPU_DIVISION_H

#include "mlir/IR/Operation.h"

namespace tenon::tile {

/// Replaces every scalar f32 division under \p root (see Division.cpp).
void expandDivisions(mlir::Operation *root);

} // namespace tenon::tile

#endif
