// Errors of the C API.
#include "runtime/api/Objects.h"

#include <new>

namespace tenon {

/// What is returned when there is no memory for an error.
static tenon_error outOfMemory = {TENON_OUT_OF_MEMORY, "out of memory", ""};

tenon_error *toError(Status status) {
  if (status.ok())
    return nullptr;
  const ErrorInfo &info = status.error();
  try {
    return new tenon_error{info.code, info.message, info.node};
  } catch (const std::bad_alloc &) {
    return &outOfMemory;
  }
}

} // namespace tenon

extern "C" {

tenon_code tenon_error_code(const tenon_error *error) { return error ? error->code : TENON_OK; }

const char *tenon_error_message(const tenon_error *error) {
  return error ? error->message.c_str() : "";
}

const char *tenon_error_node(const tenon_error *error) { return error ? error->node.c_str() : ""; }

void tenon_error_free(tenon_error *error) {
  if (error != &tenon::outOfMemory)
    delete error;
}

const char *tenon_version(void) { return "0.1.0"; }
}
