// One atomic update of host memory, as PTX defines it for each operation and type.
#pragma once

#include "sim/machine/code/MemoryShape.h"

namespace tenon::sim {

/// Returns the old value; `changed` says whether memory now differs.
uint64_t atomicUpdate(uint8_t *where, const AtomicShape &atomic, uint64_t b, uint64_t c, bool &changed);

/// The new value of one operation.
uint64_t atomicResult(const AtomicShape &atomic, uint64_t old, uint64_t b, uint64_t c);

} // namespace tenon::sim
