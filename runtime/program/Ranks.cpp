// What a program does that one of several ranks executes: its coordinates as
// symbols, and collectives.
#include "runtime/program/EntryRunner.h"

namespace tenon {

using namespace bundle;

/// The symbols that are coordinates, with their axes.
void EntryRunner::findRankSymbols() {
  const std::vector<Axis> &mesh = file.bundle().mesh;
  for (size_t axis = 0; axis < mesh.size(); ++axis)
    for (size_t symbol = 0; symbol < entry.symbols.size(); ++symbol)
      if (entry.symbols[symbol].name == "rank." + mesh[axis].name)
        rankSymbols.push_back({symbol, axis});
}

/// The ranks that differ from this one along an axis alone; the last axis changes
/// fastest.
RankLine EntryRunner::lineAlong(size_t axis) const {
  const std::vector<Axis> &mesh = file.bundle().mesh;
  uint32_t stride = 1, size = mesh[axis].size;
  for (size_t i = axis + 1; i < mesh.size(); ++i)
    stride *= mesh[i].size;
  uint32_t own = hooks.rank.rank / stride % size;
  return {hooks.rank.rank - own * stride, stride, size};
}

void EntryRunner::bindRank() {
  for (auto [symbol, axis] : rankSymbols) {
    RankLine line = lineAlong(axis);
    values.bindOnly(symbol, (hooks.rank.rank - line.first) / line.stride);
  }
}

Status EntryRunner::execute(const inst::Collective &in) {
  if (!hooks.rank.communicator)
    return Status(TENON_EXECUTION, "the session has no other ranks to meet");
  if (!device.isHost())
    return Status(TENON_UNSUPPORTED, "ranks on " + device.description() + " cannot meet yet");
  Range from, to;
  TENON_TRY(resolve(in.from, from));
  TENON_TRY(resolve(in.to, to));
  return hooks.rank.communicator->run(lineAlong(in.axis), {static_cast<CollectiveKind>(in.kind),
                                                           static_cast<Reduction>(in.reduction),
                                                           *elementTypeFromCode(in.type), from.data,
                                                           to.data, from.size, to.size});
}

} // namespace tenon
