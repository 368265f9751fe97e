//===- PackedProducts.h - products that read packed weights -----*- C++ -*-===//
//
// A packed weight is a call of a function with `tenon.unpack = "Q4_1"` on its
// planes (frontends/weights/Packed.h). Before fusion:
//
//   1. contract(x, unpack(planes)) where the weight is [N, K] in panels and x has K
//      last becomes a kernel of its own with schedule {packed = "Q4_1"}, which
//      passes/tile/PackedProduct.h knows how to run from the planes;
//   2. in place of every other call stands the function's body.
//
// The kernel's body says what it computes, as everywhere; nothing depends on 1.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_FUSE_PACKEDPRODUCTS_H
#define TENON_PASSES_FUSE_PACKEDPRODUCTS_H

#include "mlir/Pass/Pass.h"

namespace tenon {

inline constexpr llvm::StringLiteral kUnpackAttr = "tenon.unpack";
inline constexpr llvm::StringLiteral kPackedAttr = "packed";

/// \p formsKernels: false leaves out step 1.
std::unique_ptr<mlir::Pass> createPackedProducts(bool formsKernels);

} // namespace tenon

#endif // TENON_PASSES_FUSE_PACKEDPRODUCTS_H
