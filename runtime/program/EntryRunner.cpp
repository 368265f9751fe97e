// Construction, and a run from end to end.
#include "runtime/program/EntryRunner.h"

#include <algorithm>

namespace tenon {

using namespace bundle;

EntryRunner::EntryRunner(const BundleFile &file, uint32_t entryIndex, uint32_t programIndex,
                         Device &device, StateStore &states)
    : file(file), entry(file.bundle().entries[entryIndex]), program(entry.programs[programIndex]),
      device(device), states(states), values(entry), inputs(entry.inputs.size()),
      outputs(entry.outputs.size()), arenas(program.arenas.size()),
      stateShapes(file.bundle().states.size()) {
  for (size_t i = 0; i < outputs.size(); ++i)
    outputs[i].shape.resize(entry.outputs[i].shape.size());
  for (const StateShape &state : entry.states)
    stateShapes[state.state] = &state;
  size_t widest = 0;
  for (const Kernel &kernel : file.bundle().kernels)
    widest = std::max(widest, kernel.access.size());
  arguments.resize(widest);
  findRankSymbols();
}

Status EntryRunner::run(const DLTensor *inputTensors, size_t numInputs, DLTensor *outputTensors,
                        size_t numOutputs, const RunHooks &runHooks) {
  if (numOutputs != outputs.size() || (numOutputs && !outputTensors))
    return Status(TENON_INVALID_ARGUMENT, "expected " + std::to_string(outputs.size()) +
                                              " outputs, got " + std::to_string(numOutputs));
  hooks = runHooks;
  takeOutputs(outputTensors);
  Status status = runBound(inputTensors, numInputs);
  if (!status.ok() && hooks.rank.communicator)
    hooks.rank.communicator->abort(status.error().message);
  return status;
}

/// A run whose outputs are known.
Status EntryRunner::runBound(const DLTensor *inputTensors, size_t numInputs) {
  TENON_TRY(bindInputs(inputTensors, numInputs));
  TENON_TRY(prepareKnownOutputs());
  for (ArenaSlot &arena : arenas)
    arena.ready = false;
  TENON_TRY(device.begin());
  TENON_TRY(mirrorInputs());
  TENON_TRY(runBlock(0));
  TENON_TRY(finishOutputs());
  return fetchOutputs();
}

uint64_t EntryRunner::memory() const {
  uint64_t total = 0;
  for (const Input &input : inputs)
    total += input.copy.size() + input.mirror.size();
  for (const Output &output : outputs)
    total += output.memory.size() + output.mirror.size();
  for (const ArenaSlot &arena : arenas)
    total += arena.memory.size();
  return total;
}

} // namespace tenon
