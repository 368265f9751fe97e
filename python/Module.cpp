// tenon._core: bundles and sessions of tenon.h for Python. The package around it
// (tenon/model.py) gives names to inputs and outputs; here they are lists.
//
// Inputs are borrowed for the length of a run from anything that speaks DLPack or
// the buffer protocol; outputs are arrays that own their memory, which the run
// wrote into directly. The GIL is released while a model runs.
#include "tenon.h"

#include <cstdlib>
#include <memory>
#include <mutex>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using BundleHandle = std::shared_ptr<tenon_bundle>;
using InputArray = nb::ndarray<nb::ro>;

/// Raises tenon.Error for what a call of the C API returned.
void check(tenon_error *error) {
  if (!error)
    return;
  std::unique_ptr<tenon_error, decltype(&tenon_error_free)> owner(error, tenon_error_free);
  nb::object type = nb::module_::import_("tenon.errors").attr("Error");
  nb::object raised = type(tenon_error_message(error), static_cast<int>(tenon_error_code(error)),
                           tenon_error_node(error));
  PyErr_SetObject(type.ptr(), raised.ptr());
  throw nb::python_error();
}

/// (name, DLPack type code, bits, sizes with None where free, names of dimensions).
using Spec = std::tuple<std::string, int, int, std::vector<std::optional<int64_t>>,
                        std::vector<std::string>>;

Spec specOf(const tenon_tensor_info *info) {
  std::vector<std::optional<int64_t>> sizes;
  std::vector<std::string> names;
  for (int32_t i = 0; i < info->ndim; ++i) {
    sizes.push_back(info->shape[i] < 0 ? std::nullopt : std::optional(info->shape[i]));
    names.push_back(info->dim_names[i]);
  }
  return {info->name, info->type.code, info->type.bits, sizes, names};
}

class Bundle {
public:
  explicit Bundle(const std::string &path) {
    tenon_bundle *opened = nullptr;
    tenon_error *error;
    {
      nb::gil_scoped_release release;
      error = tenon_bundle_open(path.c_str(), &opened);
    }
    check(error);
    handle = BundleHandle(opened, tenon_bundle_close);
  }

  void verify() const {
    tenon_error *error;
    {
      nb::gil_scoped_release release;
      error = tenon_bundle_verify(handle.get());
    }
    check(error);
  }

  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (size_t i = 0; i < tenon_bundle_entry_count(handle.get()); ++i)
      names.push_back(tenon_bundle_entry_name(handle.get(), i));
    return names;
  }
  std::vector<Spec> inputs(size_t entry) const {
    std::vector<Spec> specs;
    for (size_t i = 0; i < tenon_bundle_input_count(handle.get(), entry); ++i)
      specs.push_back(specOf(tenon_bundle_input(handle.get(), entry, i)));
    return specs;
  }
  std::vector<Spec> outputs(size_t entry) const {
    std::vector<Spec> specs;
    for (size_t i = 0; i < tenon_bundle_output_count(handle.get(), entry); ++i)
      specs.push_back(specOf(tenon_bundle_output(handle.get(), entry, i)));
    return specs;
  }

  BundleHandle handle;
};

/// An output while a run fills it.
struct OutputArray {
  std::unique_ptr<void, decltype(&std::free)> memory{nullptr, std::free};
  DLDataType type{};
  std::vector<size_t> shape;
};

void *allocateOutput(void *user, size_t index, const DLTensor *described) noexcept try {
  OutputArray &output = (*static_cast<std::vector<OutputArray> *>(user))[index];
  output.type = described->dtype;
  output.shape.assign(described->shape, described->shape + described->ndim);
  size_t bytes = (described->dtype.bits + 7) / 8;
  for (size_t size : output.shape)
    bytes *= size;
  output.memory.reset(std::aligned_alloc(64, (bytes + 64) / 64 * 64));
  return output.memory.get();
} catch (...) {
  return nullptr;
}

/// Types that NumPy has no name for travel as unsigned integers of their width;
/// the package looks at them again as what they are.
DLDataType numpyType(DLDataType type) {
  bool known =
      type.code == kDLFloat || type.code == kDLInt || type.code == kDLUInt || type.code == kDLBool;
  return known ? type : DLDataType{kDLUInt, type.bits, 1};
}

nb::object toArray(OutputArray &output) {
  DLDataType type = numpyType(output.type);
  nb::capsule owner(output.memory.release(), [](void *memory) noexcept { std::free(memory); });
  nb::ndarray<nb::numpy> array(owner.data(), output.shape.size(), output.shape.data(), owner,
                               nullptr, nb::dlpack::dtype{type.code, type.bits, 1});
  return array.cast(nb::rv_policy::reference);
}

class Session {
public:
  Session(const Bundle &of, const std::string &device, int threads) : bundle(of.handle) {
    tenon_session *created = nullptr;
    tenon_session_options options = {sizeof options, device.c_str(), threads, nullptr, 0};
    check(tenon_session_create(bundle.get(), &options, &created));
    handle.reset(created);
  }

  /// `types`: per input the DLPack (code, bits) to take it as, or none.
  nb::list run(size_t entry, const std::vector<InputArray> &inputs,
               const std::vector<std::optional<std::tuple<int, int>>> &types) {
    std::vector<std::vector<int64_t>> sizes;
    std::vector<DLTensor> arguments = describe(inputs, types, sizes);
    std::vector<DLTensor> results(tenon_bundle_output_count(bundle.get(), entry));
    std::vector<OutputArray> outputs(results.size());
    check(runUnlocked(entry, arguments, results, outputs));
    nb::list arrays;
    for (OutputArray &output : outputs)
      arrays.append(toArray(output));
    return arrays;
  }

  void reset() {
    std::lock_guard<std::mutex> lock(oneRunAtATime);
    check(tenon_session_reset(handle.get()));
  }
  std::string device() const { return tenon_session_device(handle.get()); }
  int threads() const { return tenon_session_threads(handle.get()); }
  uint64_t memory() const { return tenon_session_memory(handle.get()); }

private:
  static std::vector<DLTensor>
  describe(const std::vector<InputArray> &inputs,
           const std::vector<std::optional<std::tuple<int, int>>> &types,
           std::vector<std::vector<int64_t>> &sizes) {
    std::vector<DLTensor> arguments;
    sizes.reserve(2 * inputs.size()); // pointers into it stay good
    for (size_t i = 0; i < inputs.size(); ++i) {
      const InputArray &input = inputs[i];
      auto &shape = sizes.emplace_back(), &strides = sizes.emplace_back();
      for (size_t dim = 0; dim < input.ndim(); ++dim) {
        shape.push_back(static_cast<int64_t>(input.shape(dim)));
        strides.push_back(input.stride(dim));
      }
      nb::dlpack::dtype given = input.dtype();
      DLDataType type = {given.code, given.bits, given.lanes};
      if (i < types.size() && types[i])
        type = {static_cast<uint8_t>(std::get<0>(*types[i])),
                static_cast<uint8_t>(std::get<1>(*types[i])), 1};
      DLDevice device = {static_cast<DLDeviceType>(input.device_type()), input.device_id()};
      arguments.push_back({const_cast<void *>(input.data()), device,
                           static_cast<int32_t>(input.ndim()), type, shape.data(), strides.data(),
                           0});
    }
    return arguments;
  }

  tenon_error *runUnlocked(size_t entry, const std::vector<DLTensor> &arguments,
                           std::vector<DLTensor> &results, std::vector<OutputArray> &outputs) {
    nb::gil_scoped_release release;
    std::lock_guard<std::mutex> lock(oneRunAtATime);
    tenon_session_set_output_allocator(handle.get(), allocateOutput, &outputs);
    return tenon_session_run(handle.get(), entry, arguments.data(), arguments.size(),
                             results.data(), results.size());
  }

  struct Destroy {
    void operator()(tenon_session *session) const { tenon_session_destroy(session); }
  };
  BundleHandle bundle;
  std::unique_ptr<tenon_session, Destroy> handle;
  std::mutex oneRunAtATime;
};

} // namespace

NB_MODULE(_core, module) {
  module.doc() = "Bundles and sessions of Tenon's runtime; use the package tenon.";
  module.def("version", &tenon_version);
  nb::class_<Bundle>(module, "Bundle")
      .def(nb::init<const std::string &>(), "path"_a)
      .def("verify", &Bundle::verify)
      .def("entries", &Bundle::entries)
      .def("inputs", &Bundle::inputs, "entry"_a)
      .def("outputs", &Bundle::outputs, "entry"_a);
  nb::class_<Session>(module, "Session")
      .def(nb::init<const Bundle &, const std::string &, int>(), "bundle"_a, "device"_a,
           "threads"_a)
      .def("run", &Session::run, "entry"_a, "inputs"_a, "types"_a)
      .def("reset", &Session::reset, nb::call_guard<nb::gil_scoped_release>())
      .def_prop_ro("device", &Session::device)
      .def_prop_ro("threads", &Session::threads)
      .def_prop_ro("memory", &Session::memory);
}
