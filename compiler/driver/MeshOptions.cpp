//===- MeshOptions.cpp - the text of --mesh and --shard -------------------===//

#include "compiler/driver/MeshOptions.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
namespace tenon {

constexpr int64_t maxRanks = 1 << 20;

/// A name that a symbol may have: letters, digits, underscores.
static bool isName(StringRef name) {
  return !name.empty() && isAlpha(name.front()) &&
         all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
}

Expected<MeshSizes> parseMesh(ArrayRef<std::string> axes) {
  MeshSizes mesh;
  int64_t ranks = 1;
  for (StringRef text : axes) {
    auto [name, number] = text.split('=');
    int64_t size = 0;
    if (!isName(name) || number.getAsInteger(10, size) || size < 1)
      return createStringError("--mesh: expected AXIS=SIZE, got '" + text + "'");
    if (any_of(mesh, [&](auto &axis) { return axis.first == name; }))
      return createStringError("--mesh: axis '" + name + "' is given twice");
    if (size > maxRanks || (ranks *= size) > maxRanks)
      return createStringError("--mesh: more than " + Twine(maxRanks) + " ranks");
    mesh.push_back({name.str(), size});
  }
  return mesh;
}

Expected<ShardRule> parseShardRule(StringRef text, const MeshSizes &mesh) {
  auto [pattern, rest] = text.rsplit('=');
  auto [number, axis] = rest.split(':');
  ShardRule rule = {pattern.str(), 0, axis.str()};
  if (pattern.empty() || number.getAsInteger(10, rule.dim) || rule.dim < 0 || axis.empty())
    return createStringError("--shard: expected PATTERN=DIM:AXIS, got '" + text + "'");
  if (none_of(mesh, [&](auto &known) { return known.first == rule.axis; }))
    return createStringError("--shard: axis '" + axis + "' is not in the mesh");
  return rule;
}

} // namespace tenon
