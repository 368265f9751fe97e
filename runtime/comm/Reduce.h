// Combining the buffers of several ranks.
#pragma once

#include "runtime/bundle/Model.h"

#include <cstddef>
#include <cstdint>

namespace tenon {

/// Whether elements of this type can be combined.
bool canReduce(ElementType type);

/// to[i] = from[0][i] (op) from[1][i] ... for `bytes` bytes of elements, `offset`
/// bytes into each source.
void reduce(bundle::Reduction reduction, ElementType type, const char *const *from, size_t sources,
            int64_t offset, char *to, int64_t bytes);

} // namespace tenon
