// Tenon's runtime for C++17: tenon.h with owners, exceptions and containers.
//
//   tenon::Bundle bundle("model.tenon");
//   tenon::Session session(bundle, {.threads = 2});      // C++20; or set the fields
//   std::vector<float> x(3 * 224 * 224);
//   auto outputs = session.run({tenon::view(x, {1, 3, 224, 224})});
//   const float *y = outputs[0].data<float>();
//
// Header only; link libtenon. Failures throw tenon::Error. A Bundle may be used by
// any number of threads; a Session by one at a time, and sessions of one bundle
// share its weights.
#ifndef TENON_HPP
#define TENON_HPP

#include "tenon.h"

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

/// What a failing call throws; what() is the message, with the node if there is one.
class Error : public std::runtime_error {
public:
  Error(tenon_code code, const std::string &message, std::string node)
      : std::runtime_error(node.empty() ? message : node + ": " + message), failure(code),
        blamed(std::move(node)) {}
  tenon_code code() const { return failure; }
  /// The model's node, or "".
  const std::string &node() const { return blamed; }

private:
  tenon_code failure;
  std::string blamed;
};

/// Throws what a call of the C API returned, and frees it.
inline void check(tenon_error *error) {
  if (!error)
    return;
  std::unique_ptr<tenon_error, decltype(&tenon_error_free)> owner(error, tenon_error_free);
  throw Error(tenon_error_code(error), tenon_error_message(error), tenon_error_node(error));
}

template <typename T>
constexpr DLDataType typeOf() {
  static_assert(std::is_arithmetic_v<T>, "no tensor element");
  uint8_t code = std::is_same_v<T, bool>       ? kDLBool
                 : std::is_floating_point_v<T> ? kDLFloat
                 : std::is_signed_v<T>         ? kDLInt
                                               : kDLUInt;
  return {code, sizeof(T) * 8, 1};
}

/// A tensor over someone else's contiguous memory, which outlives the run.
struct View {
  void *data;
  DLDataType type;
  std::vector<int64_t> shape;
};

template <typename T>
View view(const std::vector<T> &values, std::vector<int64_t> shape) {
  static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no elements: use uint8_t memory");
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  if (count < 0 || static_cast<uint64_t>(count) != values.size())
    throw Error(TENON_INVALID_ARGUMENT, "the shape does not have as many elements as the vector",
                "");
  return {const_cast<T *>(values.data()), typeOf<T>(), std::move(shape)};
}

/// An output, owning its memory.
class Tensor {
public:
  const std::vector<int64_t> &shape() const { return sizes; }
  DLDataType type() const { return elements; }
  int64_t size() const {
    int64_t count = 1;
    for (int64_t dim : sizes)
      count *= dim;
    return count;
  }
  const void *raw() const { return memory.get(); }
  /// The elements; throws if they are not of type T.
  template <typename T>
  const T *data() const {
    DLDataType wanted = typeOf<T>();
    if (wanted.code != elements.code || wanted.bits != elements.bits)
      throw Error(TENON_INVALID_ARGUMENT, "the tensor's elements are of another type", "");
    return static_cast<const T *>(memory.get());
  }

private:
  friend class Session;
  std::unique_ptr<void, decltype(&std::free)> memory{nullptr, std::free};
  DLDataType elements{};
  std::vector<int64_t> sizes;
};

class Bundle {
public:
  explicit Bundle(const std::string &path) {
    tenon_bundle *opened = nullptr;
    check(tenon_bundle_open(path.c_str(), &opened));
    handle.reset(opened, tenon_bundle_close);
  }
  tenon_bundle *get() const { return handle.get(); }

  size_t entryCount() const { return tenon_bundle_entry_count(get()); }
  std::string entryName(size_t entry) const { return tenon_bundle_entry_name(get(), entry); }
  size_t findEntry(const std::string &name) const {
    for (size_t entry = 0; entry < entryCount(); ++entry)
      if (entryName(entry) == name)
        return entry;
    throw Error(TENON_INVALID_ARGUMENT, "the bundle has no entry point '" + name + "'", "");
  }
  size_t inputCount(size_t entry = 0) const { return tenon_bundle_input_count(get(), entry); }
  size_t outputCount(size_t entry = 0) const { return tenon_bundle_output_count(get(), entry); }
  const tenon_tensor_info &input(size_t index, size_t entry = 0) const {
    return found(tenon_bundle_input(get(), entry, index));
  }
  const tenon_tensor_info &output(size_t index, size_t entry = 0) const {
    return found(tenon_bundle_output(get(), entry, index));
  }
  /// Reads the whole file and compares every hash.
  void verify() const { check(tenon_bundle_verify(get())); }

private:
  static const tenon_tensor_info &found(const tenon_tensor_info *info) {
    if (!info)
      throw Error(TENON_INVALID_ARGUMENT, "no tensor of that index", "");
    return *info;
  }
  std::shared_ptr<tenon_bundle> handle;
};

struct SessionOptions {
  std::string device = "cpu";
  int threads = 0; ///< 0: one for each processor this process may use
};

class Session {
public:
  explicit Session(const Bundle &of, const SessionOptions &options = {}) : bundle(of) {
    tenon_session *created = nullptr;
    tenon_session_options given = {sizeof given, options.device.c_str(), options.threads,
                                   nullptr, 0};
    check(tenon_session_create(bundle.get(), &given, &created));
    handle.reset(created);
  }
  tenon_session *get() const { return handle.get(); }

  /// Runs an entry point on inputs in its order; the results own their memory.
  std::vector<Tensor> run(const std::vector<View> &inputs, size_t entry = 0) {
    std::vector<DLTensor> arguments, results(bundle.outputCount(entry));
    for (const View &view : inputs)
      arguments.push_back({view.data,
                           {kDLCPU, 0},
                           static_cast<int32_t>(view.shape.size()),
                           view.type,
                           const_cast<int64_t *>(view.shape.data()),
                           nullptr,
                           0});
    std::vector<Tensor> outputs(results.size());
    tenon_session_set_output_allocator(get(), allocate, &outputs);
    tenon_error *error = tenon_session_run(get(), entry, arguments.data(), arguments.size(),
                                           results.data(), results.size());
    tenon_session_set_output_allocator(get(), nullptr, nullptr);
    check(error);
    return outputs;
  }

  /// Puts all state (caches, counters) back to its initial value.
  void reset() { check(tenon_session_reset(get())); }
  /// What lies at `length` and beyond along a dimension begins anew, in all states.
  void truncate(int dim, int64_t length) {
    check(tenon_session_truncate(get(), nullptr, dim, length));
  }
  /// A session that holds the same state and goes its own way from here.
  Session fork() const {
    tenon_session *copy = nullptr;
    check(tenon_session_fork(get(), &copy));
    Session result(bundle, copy);
    return result;
  }
  /// The state as bytes, for restore() of a session of the same bundle.
  std::vector<uint8_t> save() const {
    uint64_t size = 0;
    check(tenon_session_save(get(), nullptr, 0, &size));
    std::vector<uint8_t> bytes(size);
    check(tenon_session_save(get(), bytes.data(), bytes.size(), &size));
    return bytes;
  }
  void restore(const std::vector<uint8_t> &bytes) {
    check(tenon_session_restore(get(), bytes.data(), bytes.size()));
  }
  std::string device() const { return tenon_session_device(get()); }
  int threads() const { return tenon_session_threads(get()); }
  uint64_t memory() const { return tenon_session_memory(get()); }

private:
  Session(const Bundle &of, tenon_session *made) : bundle(of) { handle.reset(made); }
  static void *allocate(void *user, size_t index, const DLTensor *described) noexcept try {
    Tensor &output = (*static_cast<std::vector<Tensor> *>(user))[index];
    output.elements = described->dtype;
    output.sizes.assign(described->shape, described->shape + described->ndim);
    size_t bytes = static_cast<size_t>(output.size()) * ((described->dtype.bits + 7) / 8);
    output.memory.reset(std::aligned_alloc(64, (bytes + 64) / 64 * 64));
    return output.memory.get();
  } catch (...) {
    return nullptr;
  }

  struct Destroy {
    void operator()(tenon_session *session) const { tenon_session_destroy(session); }
  };
  Bundle bundle;
  std::unique_ptr<tenon_session, Destroy> handle;
};

} // namespace tenon

#endif // TENON_HPP
