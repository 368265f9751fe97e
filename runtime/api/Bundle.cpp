// Bundles of the C API: opening, introspection.
#include "runtime/api/Objects.h"

#include "runtime/bundle/Expr.h"

using namespace tenon;

namespace {

/// A fixed size, or -1 with the formula as its name.
void describeDimension(const bundle::EntryPoint &entry, bundle::Expr expr, TensorDescription &out) {
  const bundle::ExprNode &node = entry.exprs[expr];
  bool fixed = node.op == bundle::ExprOp::Constant;
  out.shape.push_back(fixed ? node.value : -1);
  out.names.push_back(fixed ? "" : bundle::exprText(entry, expr));
}

void describeTensor(const bundle::EntryPoint &entry, const bundle::Tensor &tensor,
                    TensorDescription &out) {
  for (bundle::Expr expr : tensor.shape)
    describeDimension(entry, expr, out);
  for (const std::string &name : out.names)
    out.namePointers.push_back(name.c_str());
  out.info = {tensor.name.c_str(), toDlType(tensor.type), static_cast<int32_t>(out.shape.size()),
              out.shape.data(), out.namePointers.data()};
}

EntryDescription describeEntry(const bundle::EntryPoint &entry) {
  EntryDescription description;
  for (const bundle::Tensor &tensor : entry.inputs)
    describeTensor(entry, tensor, description.inputs.emplace_back());
  for (const bundle::Tensor &tensor : entry.outputs)
    describeTensor(entry, tensor, description.outputs.emplace_back());
  for (const bundle::Symbol &symbol : entry.symbols)
    description.symbols.push_back({symbol.name.c_str(), symbol.min, symbol.max, symbol.step});
  return description;
}

const bundle::EntryPoint *findEntry(const tenon_bundle *bundle, size_t entry) {
  if (!bundle || entry >= bundle->entries.size())
    return nullptr;
  return &bundle->file->bundle().entries[entry];
}

const EntryDescription *findDescription(const tenon_bundle *bundle, size_t entry) {
  return bundle && entry < bundle->entries.size() ? &bundle->entries[entry] : nullptr;
}

const tenon_tensor_info *infoAt(const std::deque<TensorDescription> &tensors, size_t index) {
  return index < tensors.size() ? &tensors[index].info : nullptr;
}

} // namespace

extern "C" {

tenon_error *tenon_bundle_open(const char *path, tenon_bundle **result) {
  return guarded([&]() -> Status {
    if (!path || !result)
      return nullArgument(path ? "bundle" : "path");
    auto bundle = std::make_unique<tenon_bundle>();
    TENON_TRY(bundle::BundleFile::open(path, bundle->file));
    // A description points into itself: no growth may copy it.
    bundle->entries.reserve(bundle->file->bundle().entries.size());
    for (const bundle::EntryPoint &entry : bundle->file->bundle().entries)
      bundle->entries.push_back(describeEntry(entry));
    *result = bundle.release();
    return {};
  });
}

void tenon_bundle_close(tenon_bundle *bundle) { delete bundle; }

tenon_error *tenon_bundle_verify(const tenon_bundle *bundle) {
  return guarded([&] { return bundle ? bundle->file->verify() : nullArgument("bundle"); });
}

tenon_error *tenon_bundle_asset(const tenon_bundle *bundle, const char *name, const void **data,
                                size_t *size) {
  return guarded([&]() -> Status {
    if (!bundle || !name || !data || !size)
      return nullArgument(!bundle ? "bundle" : !name ? "name" : !data ? "data" : "size");
    const uint8_t *bytes;
    uint64_t count;
    TENON_TRY(bundle->file->asset(name, bytes, count));
    *data = bytes;
    *size = count;
    return {};
  });
}

size_t tenon_bundle_ranks(const tenon_bundle *bundle) {
  return bundle ? bundle->file->bundle().ranks : 0;
}

size_t tenon_bundle_entry_count(const tenon_bundle *bundle) {
  return bundle ? bundle->entries.size() : 0;
}

const char *tenon_bundle_entry_name(const tenon_bundle *bundle, size_t index) {
  const bundle::EntryPoint *entry = findEntry(bundle, index);
  return entry ? entry->name.c_str() : "";
}

size_t tenon_bundle_input_count(const tenon_bundle *bundle, size_t index) {
  const bundle::EntryPoint *entry = findEntry(bundle, index);
  return entry ? entry->inputs.size() : 0;
}

size_t tenon_bundle_output_count(const tenon_bundle *bundle, size_t index) {
  const bundle::EntryPoint *entry = findEntry(bundle, index);
  return entry ? entry->outputs.size() : 0;
}

size_t tenon_bundle_symbol_count(const tenon_bundle *bundle, size_t index) {
  const bundle::EntryPoint *entry = findEntry(bundle, index);
  return entry ? entry->symbols.size() : 0;
}

const tenon_tensor_info *tenon_bundle_input(const tenon_bundle *bundle, size_t index,
                                            size_t input) {
  const EntryDescription *entry = findDescription(bundle, index);
  return entry ? infoAt(entry->inputs, input) : nullptr;
}

const tenon_tensor_info *tenon_bundle_output(const tenon_bundle *bundle, size_t index,
                                             size_t output) {
  const EntryDescription *entry = findDescription(bundle, index);
  return entry ? infoAt(entry->outputs, output) : nullptr;
}

const tenon_symbol_info *tenon_bundle_symbol(const tenon_bundle *bundle, size_t index,
                                             size_t symbol) {
  const EntryDescription *entry = findDescription(bundle, index);
  return entry && symbol < entry->symbols.size() ? &entry->symbols[symbol] : nullptr;
}
}
