// What the C API's opaque types hold.
#pragma once

#include "runtime/bundle/BundleFile.h"
#include "runtime/comm/LocalGroup.h"
#include "runtime/device/Device.h"
#include "runtime/program/EntryRunner.h"
#include "runtime/program/StateStore.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

struct tenon_error {
  tenon_code code;
  std::string message;
  std::string node;
};

namespace tenon {

/// A tensor as introspection shows it; owns what tenon_tensor_info points to.
struct TensorDescription {
  std::vector<int64_t> shape;
  std::vector<std::string> names;
  std::vector<const char *> namePointers;
  tenon_tensor_info info;
};

struct EntryDescription {
  std::deque<TensorDescription> inputs, outputs;
  std::vector<tenon_symbol_info> symbols;
};

/// Error for the caller, or null.
tenon_error *toError(Status status);

/// Runs `body`, which returns a Status; no exception gets past it.
template <typename Body>
tenon_error *guarded(Body &&body) {
  try {
    return toError(body());
  } catch (const std::bad_alloc &) {
    return toError(Status(TENON_OUT_OF_MEMORY, "out of memory"));
  } catch (const std::exception &exception) {
    return toError(Status(TENON_INTERNAL, exception.what()));
  }
}

inline Status nullArgument(const char *name) {
  return Status(TENON_INVALID_ARGUMENT, std::string(name) + " is null");
}

} // namespace tenon

struct tenon_bundle {
  std::shared_ptr<const tenon::bundle::BundleFile> file;
  std::vector<tenon::EntryDescription> entries;
};

struct tenon_group {
  tenon::LocalGroup local;
};

struct tenon_session {
  explicit tenon_session(std::shared_ptr<const tenon::bundle::BundleFile> opened)
      : file(std::move(opened)), states(*file), runners(file->bundle().entries.size()) {}

  std::shared_ptr<const tenon::bundle::BundleFile> file;
  /// Before what has memory of it.
  std::unique_ptr<tenon::Device> device;
  tenon::StateStore states;
  std::vector<std::unique_ptr<tenon::EntryRunner>> runners;
  tenon::RunHooks hooks;
  std::unique_ptr<tenon::Communicator> communicator;
  std::string description, deviceName;
};
