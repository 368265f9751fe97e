// A bundle's metadata as FlatBuffers bytes.
#pragma once

#include "runtime/bundle/Model.h"

#include <cstdint>
#include <vector>

namespace tenon::bundle {

/// The metadata of a bundle whose sections, offsets and hashes are final.
std::vector<uint8_t> encodeMetadata(const Bundle &bundle);

} // namespace tenon::bundle
