// Random inputs of an entry point.
#include "runtime/bundle/BundleFile.h"
#include "runtime/bundle/Expr.h"
#include "runtime/program/DlTensor.h"
#include "runtime/tools/Model.h"

#include <charconv>
#include <cstring>
#include <exception>
#include <random>

namespace tenon::tools {
namespace {

using bundle::EntryPoint;

Status refuse(const std::string &message) { return Status(TENON_INVALID_ARGUMENT, message); }

/// "batch=4" to the symbol's value.
Status bindDim(const EntryPoint &entry, const std::string &spec, bundle::ExprValues &values) {
  size_t equals = spec.rfind('=');
  int64_t size = -1;
  const char *end = spec.data() + spec.size();
  if (equals == std::string::npos ||
      std::from_chars(spec.data() + equals + 1, end, size).ptr != end || size < 0)
    return refuse("expected --dim NAME=SIZE, got '" + spec + "'");
  for (size_t i = 0; i < entry.symbols.size(); ++i)
    if (entry.symbols[i].name == spec.substr(0, equals)) {
      values.bindOnly(i, size);
      return {};
    }
  return refuse("'" + spec.substr(0, equals) + "' is not a free dimension of the bundle");
}

/// The least size a symbol may have, but not zero if it can be helped.
int64_t leastSize(const bundle::Symbol &symbol) {
  int64_t least = std::max<int64_t>(symbol.min, symbol.max >= 1 ? 1 : 0);
  int64_t rest = least % symbol.step;
  return rest ? least - rest + symbol.step : least;
}

void fillRandom(Array &array, std::mt19937_64 &engine) {
  int64_t count = array.elements();
  unsigned width = elementBytes(array.type);
  if (!isFloat(array.type)) {
    for (int64_t i = 0; i < count; ++i)
      array.bytes[i * width] = array.type == ElementType::I1 ? 1 : engine() >> 63;
    return;
  }
  std::normal_distribution<double> normal;
  Array drawn = {ElementType::F64, array.shape, {}, std::vector<char>(count * sizeof(double))};
  for (int64_t i = 0; i < count; ++i) {
    double value = normal(engine);
    std::memcpy(drawn.bytes.data() + i * sizeof value, &value, sizeof value);
  }
  ElementType type = array.type;
  convertFloats(drawn, type, array);
}

/// Makes room for the input's elements.
Status reserve(const bundle::Tensor &tensor, int64_t bytes, Array &array) {
  try {
    array.bytes.resize(bytes);
  } catch (const std::exception &) {
    return Status(TENON_OUT_OF_MEMORY,
                  "no memory for input '" + tensor.name + "' of shape " +
                      shapeText(array.shape.data(), array.shape.size()) + " (" +
                      std::to_string(bytes) + " bytes)");
  }
  return {};
}

/// Sizes out of a symbol's range are refused before anything of that size is made.
Status checkSize(const EntryPoint &entry, const bundle::Tensor &tensor, int32_t dim, int64_t size) {
  const bundle::ExprNode &node = entry.exprs[tensor.shape[dim]];
  if (node.op != bundle::ExprOp::Symbol)
    return {};
  const bundle::Symbol &symbol = entry.symbols[node.a];
  if (size >= symbol.min && size <= symbol.max)
    return {};
  return refuse("dimension " + std::to_string(dim) + " of input '" + tensor.name + "' is " +
                std::to_string(size) + ", expected " + std::to_string(symbol.min) + " to " +
                std::to_string(symbol.max) + " (" + symbol.name + ")");
}

Status drawInput(const EntryPoint &entry, const bundle::Tensor &tensor,
                 const bundle::ExprValues &values, std::mt19937_64 &engine, Array &array) {
  array.type = tensor.type;
  for (bundle::Expr dim : tensor.shape) {
    if (values.state(dim) != bundle::ExprValues::State::Known || values.value(dim) < 0)
      return refuse("the shape of input '" + tensor.name + "' is not known");
    TENON_TRY(checkSize(entry, tensor, array.shape.size(), values.value(dim)));
    array.shape.push_back(values.value(dim));
  }
  int64_t elements, bytes;
  if (!countElements(array.shape.data(), array.shape.size(), elements) ||
      !countBytes(array.type, elements, bytes) || !elementBytes(array.type))
    return refuse("input '" + tensor.name + "' cannot be drawn at random");
  TENON_TRY(reserve(tensor, bytes, array));
  fillRandom(array, engine);
  return {};
}

} // namespace

Status randomInputs(const std::string &bundlePath, const std::string &entryName,
                    const std::vector<std::string> &dims, uint64_t seed,
                    std::map<std::string, Array> &inputs) {
  std::shared_ptr<const bundle::BundleFile> file;
  TENON_TRY(bundle::BundleFile::open(bundlePath, file));
  for (const EntryPoint &entry : file->bundle().entries) {
    if (entry.name != entryName)
      continue;
    bundle::ExprValues values(entry);
    for (size_t i = 0; i < entry.symbols.size(); ++i)
      values.bindOnly(i, leastSize(entry.symbols[i]));
    for (const std::string &dim : dims)
      TENON_TRY(bindDim(entry, dim, values));
    values.recompute();
    std::mt19937_64 engine(seed);
    for (const bundle::Tensor &tensor : entry.inputs)
      if (Array drawn; !inputs.count(tensor.name)) {
        TENON_TRY(drawInput(entry, tensor, values, engine, drawn));
        inputs[tensor.name] = std::move(drawn);
      }
  }
  return {};
}

} // namespace tenon::tools
