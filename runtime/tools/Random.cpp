// Random inputs of an entry point.
#include "runtime/bundle/BundleFile.h"
#include "runtime/bundle/Expr.h"
#include "runtime/program/DlTensor.h"
#include "runtime/tools/Model.h"
#include "runtime/tools/Sizes.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <random>
#include <unistd.h>

namespace tenon::tools {
namespace {

using bundle::EntryPoint;

Status refuse(const std::string &message) { return Status(TENON_INVALID_ARGUMENT, message); }

/// Takes the sizes that inputs from files have: the others are drawn to fit.
void bindGiven(const EntryPoint &entry, const std::map<std::string, Array> &inputs,
               bundle::ExprValues &values) {
  for (const bundle::Tensor &tensor : entry.inputs) {
    auto found = inputs.find(tensor.name);
    if (found == inputs.end())
      continue;
    const std::vector<int64_t> &shape = found->second.shape;
    for (size_t i = 0; i < std::min(shape.size(), tensor.shape.size()); ++i) {
      const bundle::ExprNode &size = entry.exprs[tensor.shape[i]];
      if (size.op == bundle::ExprOp::Symbol)
        values.bindOnly(size.a, shape[i]);
    }
  }
}

/// Gives what is still free its least size, and names it: "batch, sequence".
/// Sizes that the model computes while it runs are none of ours.
std::string assumeRest(const EntryPoint &entry, bundle::ExprValues &values) {
  std::string assumed;
  std::vector<bool> used(entry.symbols.size());
  for (const bundle::Tensor &tensor : entry.inputs)
    for (bundle::Expr dim : tensor.shape)
      if (entry.exprs[dim].op == bundle::ExprOp::Symbol)
        used[entry.exprs[dim].a] = true;
  for (size_t i = 0; i < entry.symbols.size(); ++i) {
    if (values.isBound(i))
      continue;
    values.bindOnly(i, leastSize(entry.symbols[i]));
    if (used[i])
      assumed += (assumed.empty() ? "" : ", ") + entry.symbols[i].name;
  }
  return assumed;
}

void fillRandom(Array &array, std::mt19937_64 &engine) {
  int64_t count = array.elements();
  unsigned width = elementBytes(array.type);
  if (!isFloat(array.type)) {
    for (int64_t i = 0; i < count; ++i)
      array.bytes[i * width] = array.type == ElementType::I1 ? 1 : engine() >> 63;
    return;
  }
  constexpr int64_t chunk = 4096; // an input may be larger than half of the memory
  std::normal_distribution<double> normal;
  for (int64_t start = 0; start < count; start += chunk) {
    int64_t length = std::min(chunk, count - start);
    Array drawn = {ElementType::F64, {length}, {}, std::vector<char>(length * sizeof(double))};
    for (int64_t i = 0; i < length; ++i) {
      double value = normal(engine);
      std::memcpy(drawn.bytes.data() + i * sizeof value, &value, sizeof value);
    }
    Array converted;
    convertFloats(drawn, array.type, converted);
    std::memcpy(array.bytes.data() + start * width, converted.bytes.data(), length * width);
  }
}

/// More than this would not fail but take the machine's whole memory.
bool fitsMemory(int64_t bytes) {
  return bytes / ::sysconf(_SC_PAGESIZE) <= ::sysconf(_SC_PHYS_PAGES) / 2;
}

/// Makes room for the input's elements.
Status reserve(const bundle::Tensor &tensor, int64_t bytes, Array &array) {
  Status noMemory(TENON_OUT_OF_MEMORY,
                  "no memory for input '" + tensor.name + "' of shape " +
                      shapeText(array.shape.data(), array.shape.size()) + " (" +
                      std::to_string(bytes) + " bytes)");
  if (!fitsMemory(bytes))
    return noMemory;
  try {
    array.bytes.resize(bytes);
  } catch (const std::exception &) { // bad_alloc, length_error
    return noMemory;
  }
  return {};
}

Status drawInput(const bundle::Tensor &tensor, const bundle::ExprValues &values,
                 std::mt19937_64 &engine, Array &array) {
  array.type = tensor.type;
  for (bundle::Expr dim : tensor.shape) {
    if (values.state(dim) != bundle::ExprValues::State::Known || values.value(dim) < 0)
      return refuse("the shape of input '" + tensor.name + "' is not known");
    array.shape.push_back(values.value(dim));
  }
  int64_t elements, bytes;
  std::string shape = shapeText(array.shape.data(), array.shape.size());
  if (!elementBytes(array.type))
    return refuse("input '" + tensor.name + "' of type " + elementTypeText(array.type) +
                  " cannot be drawn at random");
  if (!countElements(array.shape.data(), array.shape.size(), elements) ||
      !countBytes(array.type, elements, bytes))
    return refuse("input '" + tensor.name + "' of shape " + shape + " is too large");
  TENON_TRY(reserve(tensor, bytes, array));
  fillRandom(array, engine);
  return {};
}

} // namespace

Status randomInputs(const std::string &bundlePath, const std::string &entryName,
                    const std::vector<std::string> &dims, uint64_t seed,
                    std::map<std::string, Array> &inputs, std::string &assumed) {
  std::shared_ptr<const bundle::BundleFile> file;
  TENON_TRY(bundle::BundleFile::open(bundlePath, file));
  for (const EntryPoint &entry : file->bundle().entries) {
    if (entry.name != entryName)
      continue;
    bundle::ExprValues values(entry);
    for (const std::string &dim : dims)
      TENON_TRY(bindSize(entry, dim, values));
    bindGiven(entry, inputs, values);
    assumed = assumeRest(entry, values);
    values.recompute();
    std::mt19937_64 engine(seed);
    for (const bundle::Tensor &tensor : entry.inputs)
      if (Array drawn; !inputs.count(tensor.name)) {
        TENON_TRY(drawInput(tensor, values, engine, drawn));
        inputs[tensor.name] = std::move(drawn);
      }
  }
  return {};
}

} // namespace tenon::tools
