// What a program does that one of several ranks executes: its coordinates as
// symbols, and collectives.
#include "runtime/program/EntryRunner.h"

namespace tenon {

using namespace bundle;

/// The rank's place along an axis; the last axis changes fastest.
uint32_t EntryRunner::coordinate(size_t axis) const {
  const std::vector<Axis> &mesh = file.bundle().mesh;
  uint32_t below = 1;
  for (size_t i = axis + 1; i < mesh.size(); ++i)
    below *= mesh[i].size;
  return hooks.rank.rank / below % mesh[axis].size;
}

void EntryRunner::bindRank() {
  const std::vector<Axis> &mesh = file.bundle().mesh;
  for (size_t axis = 0; axis < mesh.size(); ++axis)
    for (size_t symbol = 0; symbol < entry.symbols.size(); ++symbol)
      if (entry.symbols[symbol].name == "rank." + mesh[axis].name)
        values.bindOnly(symbol, coordinate(axis));
}

Status EntryRunner::execute(const inst::Collective &in) {
  const std::vector<Axis> &mesh = file.bundle().mesh;
  if (!hooks.rank.communicator)
    return Status(TENON_EXECUTION, "the session has no other ranks to meet");
  if (!device.isHost())
    return Status(TENON_UNSUPPORTED, "ranks on " + device.description() + " cannot meet yet");
  Range from, to;
  TENON_TRY(resolve(in.from, from));
  TENON_TRY(resolve(in.to, to));
  uint32_t stride = 1;
  for (size_t i = in.axis + 1; i < mesh.size(); ++i)
    stride *= mesh[i].size;
  uint32_t own = coordinate(in.axis);
  RankLine line = {hooks.rank.rank - own * stride, stride, mesh[in.axis].size};
  return hooks.rank.communicator->run(
      line, {static_cast<CollectiveKind>(in.kind), static_cast<Reduction>(in.reduction),
             *elementTypeFromCode(in.type), from.data, to.data, from.size, to.size});
}

} // namespace tenon
