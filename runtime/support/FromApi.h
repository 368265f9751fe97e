// Errors of the C API as the runtime's own, for what is written on top of it.
#pragma once

#include "runtime/support/Status.h"
#include "tenon.h"

namespace tenon {

/// Takes over an error of the C API; null is success.
inline Status fromApi(tenon_error *error) {
  if (!error)
    return {};
  Status status(tenon_error_code(error), tenon_error_message(error), tenon_error_node(error));
  tenon_error_free(error);
  return status;
}

} // namespace tenon
