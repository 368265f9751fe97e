// Load-time checks of decoded metadata.
#pragma once

#include "runtime/bundle/Model.h"
#include "runtime/support/Status.h"

namespace tenon::bundle {

/// Checks that every index, offset, size and expression of the bundle is in
/// range and every kind is known, so that nothing later needs to. What depends
/// on symbols (sizes, offsets in arenas) is checked when it is evaluated.
Status checkBundle(const Bundle &bundle, uint64_t fileSize);

/// The parts of it.
Status checkSections(const Bundle &bundle, uint64_t fileSize);
Status checkMesh(const Bundle &bundle);
Status checkData(const Bundle &bundle);
Status checkTargets(const Bundle &bundle);
Status checkEntry(const Bundle &bundle, const EntryPoint &entry);
Status checkProgram(const Bundle &bundle, const EntryPoint &entry, const Program &program);

/// "expected ... below N" for an index; used by all of them.
inline Status checkIndex(uint64_t index, size_t count, const char *what) {
  if (index < count)
    return {};
  return Status(TENON_INVALID_BUNDLE, std::string(what) + " " + std::to_string(index) +
                                          " is out of range, expected below " +
                                          std::to_string(count));
}

} // namespace tenon::bundle
