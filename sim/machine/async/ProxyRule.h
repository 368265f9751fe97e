// The proxy rule: what an engine reads or overwrites through the async proxy must
// have been fenced after generic writes, even where a barrier orders them.
#pragma once

#include "sim/machine/exec/Access.h"

namespace tenon::sim {

/// accessShared for engines: first looks for generic writes that the issuer knows
/// of but that no fence.proxy.async has passed on.
uint8_t *accessSharedAsync(const Actor &actor, uint64_t address, uint32_t bytes, AccessKind kind);

} // namespace tenon::sim
