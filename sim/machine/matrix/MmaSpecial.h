// The mma.sync shapes that the 16-row dot engine does not serve.
#pragma once

#include "sim/machine/matrix/Mma.h"

namespace tenon::sim {

/// f64: every output is a chain of fma over ascending k.
void mmaDouble(MatrixShape, void *const *d, const void *const *a, const void *const *b,
               const void *const *c);

/// m8n8k4.f16 of Volta: four products, one for lanes {4q..4q+3, 16+4q..16+4q+3}.
void mmaQuadPairs(const MmaOp &, void *const *d, const void *const *a, const void *const *b,
                  const void *const *c);

} // namespace tenon::sim
