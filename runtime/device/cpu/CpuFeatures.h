// What the processor and the operating system support, by name.
#pragma once

#include "runtime/bundle/Model.h"

#include <string>

namespace tenon {

/// Whether code that uses the feature may run here; false for a name that is
/// not known. Names are LLVM's ("avx2", "fma", "avx512bw").
bool hasCpuFeature(const std::string &feature);

/// The first CPU target of the bundle that this machine can run, or none. The
/// environment variable TENON_CPU names one to take instead (for tests: code
/// for a lesser machine on a better one).
uint32_t chooseCpuTarget(const bundle::Bundle &bundle);

} // namespace tenon
