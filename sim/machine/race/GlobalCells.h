// Race cells of global memory; see GlobalCells.cpp for the rules.
#pragma once

#include "sim/machine/exec/Access.h"

namespace tenon::sim {

/// Checks one access and records it; true if it races.
bool raceGlobal(const Actor &actor, uint64_t address, uint64_t bytes, AccessKind kind, bool strong,
                uint32_t &other);

/// Whose epoch it is, in words.
std::string describeGlobal(const Actor &actor, uint32_t id);

/// The id of a warp that starts.
void startGlobalId(Warp &warp);

/// A warp whose clock has moved takes a fresh id.
void refreshGlobalId(Warp &warp);

} // namespace tenon::sim
