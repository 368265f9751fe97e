// Inputs and outputs where the device has memory of its own: each has a mirror
// there, inputs are copied before the program runs and outputs after it.
#include "runtime/program/EntryRunner.h"

namespace tenon {

using namespace bundle;

Status EntryRunner::mirrorInputs() {
  if (device.isHost())
    return {};
  for (size_t i = 0; i < inputs.size(); ++i) {
    Input &input = inputs[i];
    if (!input.mirror.reserve(device, input.range.size))
      return Status(TENON_OUT_OF_MEMORY, "no memory on the device for input '" +
                                             entry.inputs[i].name + "' of " +
                                             std::to_string(input.range.size) + " bytes");
    TENON_TRY(device.upload(input.mirror.data(), input.range.data, input.range.size));
  }
  return {};
}

Status EntryRunner::mirrorOutput(Output &output) {
  if (device.isHost() || output.mirror.reserve(device, output.range.size))
    return {};
  return Status(TENON_OUT_OF_MEMORY, "no memory on the device for an output of " +
                                         std::to_string(output.range.size) + " bytes");
}

/// Waits for all launches; a kernel that refused its data is named by its nodes.
Status EntryRunner::finishWork() {
  uint32_t failedKernel = none;
  Status status = device.finish(failedKernel);
  if (status.ok() || failedKernel == none)
    return status;
  for (const Block &block : program.blocks)
    for (const Instruction &instruction : block.instructions)
      if (auto *launch = std::get_if<inst::Launch>(&instruction.body))
        if (launch->kernel == failedKernel)
          status.setNode(nodeNames(instruction));
  return status;
}

Status EntryRunner::fetchOutputs() {
  TENON_TRY(finishWork());
  if (device.isHost())
    return {};
  for (Output &output : outputs)
    TENON_TRY(device.download(output.range.data, output.mirror.data(), output.range.size));
  return {};
}

} // namespace tenon
