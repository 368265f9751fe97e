// The C API with owners, and tensors over vectors, for tests.
#pragma once

#include "tenon.h"

#include <memory>
#include <string>
#include <vector>

namespace tenon::test {

struct Close {
  void operator()(tenon_bundle *bundle) const { tenon_bundle_close(bundle); }
  void operator()(tenon_session *session) const { tenon_session_destroy(session); }
  void operator()(tenon_error *error) const { tenon_error_free(error); }
};
using BundlePtr = std::unique_ptr<tenon_bundle, Close>;
using SessionPtr = std::unique_ptr<tenon_session, Close>;

/// "" for success, else "message" or "node: message".
inline std::string take(tenon_error *error) {
  std::unique_ptr<tenon_error, Close> owner(error);
  if (!error)
    return "";
  std::string node = tenon_error_node(error);
  return (node.empty() ? "" : node + ": ") + tenon_error_message(error);
}

inline BundlePtr open(const std::string &path, std::string &error) {
  tenon_bundle *bundle = nullptr;
  error = take(tenon_bundle_open(path.c_str(), &bundle));
  return BundlePtr(bundle);
}

inline SessionPtr session(const BundlePtr &bundle, int threads, std::string &error) {
  tenon_session *session = nullptr;
  tenon_session_options options = {sizeof options, "cpu", threads, nullptr, 0};
  error = take(tenon_session_create(bundle.get(), &options, &session));
  return SessionPtr(session);
}

/// A tensor over memory that outlives it.
struct Tensor {
  Tensor() = default;
  Tensor(void *data, DLDataType type, std::vector<int64_t> dims) : shape(std::move(dims)) {
    dl.data = data;
    dl.device = {kDLCPU, 0};
    dl.ndim = static_cast<int>(shape.size());
    dl.dtype = type;
    dl.shape = shape.data();
  }
  Tensor(std::vector<float> &data, std::vector<int64_t> dims)
      : Tensor(data.data(), {kDLFloat, 32, 1}, std::move(dims)) {}
  Tensor(std::vector<int64_t> &data, std::vector<int64_t> dims)
      : Tensor(data.data(), {kDLInt, 64, 1}, std::move(dims)) {}

  std::vector<int64_t> shape;
  DLTensor dl{};
};

} // namespace tenon::test
