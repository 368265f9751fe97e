// Metadata bytes to plain structures.
#pragma once

#include "runtime/bundle/Model.h"
#include "runtime/support/Status.h"

#include <cstddef>

namespace tenon::bundle {

/// Decodes FlatBuffers metadata of any origin. `data` is 8-byte aligned. What
/// it gives back is well formed but not checked: indices may point anywhere
/// (checkBundle is next). Memory used is bounded by a multiple of `size`.
Status decodeMetadata(const void *data, size_t size, Bundle &bundle);

} // namespace tenon::bundle
