// Values of an entry point's free sizes as the commands give them.
#pragma once

#include "runtime/bundle/Expr.h"
#include "runtime/support/Status.h"

#include <string>

namespace tenon::tools {

/// Binds the symbol that "batch=4" names; refuses what its range excludes. Call
/// recompute() when all are bound.
Status bindSize(const bundle::EntryPoint &entry, const std::string &spec,
                bundle::ExprValues &values);

/// The least size a symbol may have, but not zero if it can be helped.
int64_t leastSize(const bundle::Symbol &symbol);

/// The sizes a symbol may have: "1 or more", "8 to 2048 in steps of 8".
std::string rangeText(const bundle::Symbol &symbol);

} // namespace tenon::tools
