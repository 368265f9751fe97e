// Errors as values: what every function of the runtime that can fail returns.
//
// A Status is one pointer, null on success, so that the successful path costs
// nothing. A failure carries the code of the C API, a message (lower case, no
// final period, with expected and actual values) and, where one is known, the
// name of the model's node.
#pragma once

#include "tenon.h"

#include <memory>
#include <string>
#include <utility>

namespace tenon {

struct ErrorInfo {
  tenon_code code;
  std::string message;
  std::string node;
};

class [[nodiscard]] Status {
public:
  Status() = default;
  Status(tenon_code code, std::string message, std::string node = {})
      : info(new ErrorInfo{code, std::move(message), std::move(node)}) {}

  bool ok() const { return !info; }
  const ErrorInfo &error() const { return *info; }
  /// Names the model's node where none is named yet.
  void setNode(const std::string &node) {
    if (info && info->node.empty())
      info->node = node;
  }
  ErrorInfo *release() { return info.release(); }

private:
  std::unique_ptr<ErrorInfo> info;
};

#define TENON_TRY(expression)                                                                      \
  if (::tenon::Status tenonTryStatus = (expression); !tenonTryStatus.ok())                         \
  return tenonTryStatus

} // namespace tenon
