// Runs one entry point of a bundle: binds symbols from the inputs' shapes,
// walks the program's instructions, hands back the outputs.
//
// Bind.cpp takes inputs in, Outputs.cpp hands outputs out, Execute.cpp walks the
// instructions, Mirror.cpp copies both where the device's memory is not the host's. All vectors are
// sized when the runner is made; a run allocates only where memory has to grow.
#pragma once

#include "runtime/bundle/BundleFile.h"
#include "runtime/bundle/Expr.h"
#include "runtime/comm/Communicator.h"
#include "runtime/device/Device.h"
#include "runtime/program/DlTensor.h"
#include "runtime/program/StateStore.h"
#include "runtime/support/Memory.h"

#include <vector>

namespace tenon {

/// Told about each launch, with its duration, while a profile is taken.
struct LaunchObserver {
  tenon_launch_callback callback = nullptr;
  void *user = nullptr;
};

/// Asked for the memory of outputs that the caller brought none for.
struct OutputAllocator {
  tenon_output_allocator allocate = nullptr;
  void *user = nullptr;
};

/// Where a session's rank lies in the mesh, and how it meets the others.
struct RankContext {
  Communicator *communicator = nullptr; ///< null: there is one rank
  uint32_t rank = 0;
};

/// What a session's owner wants to hear of, or decide, during a run.
struct RunHooks {
  LaunchObserver observer;
  OutputAllocator allocator;
  RankContext rank;
};

class EntryRunner {
public:
  EntryRunner(const bundle::BundleFile &file, uint32_t entry, uint32_t program, Device &device,
              StateStore &states);

  Status run(const DLTensor *inputs, size_t numInputs, DLTensor *outputs, size_t numOutputs,
             const RunHooks &hooks);
  /// Bytes held for arenas, outputs and copies of inputs.
  uint64_t memory() const;

private:
  /// Bytes somewhere in memory.
  struct Range {
    char *data = nullptr;
    int64_t size = 0;
  };
  struct Input {
    Range range; ///< in host memory
    Memory copy;
    DeviceMemory mirror; ///< unless the device's memory is the host's
  };
  struct Output {
    Range range;
    bool ready = false;
    std::vector<int64_t> shape;
    Memory memory;
    DeviceMemory mirror;
  };
  struct ArenaSlot {
    Range range;
    bool ready = false;
    DeviceMemory memory;
  };

  Status runBound(const DLTensor *inputs, size_t numInputs);

  // Ranks.cpp
  void findRankSymbols();
  RankLine lineAlong(size_t axis) const;
  void bindRank();

  // Bind.cpp
  Status bindInputs(const DLTensor *inputs, size_t count);
  Status checkTensor(uint32_t index, const DLTensor &tensor);
  Status bindSymbols(uint32_t index, const DLTensor &tensor);
  Status checkShape(uint32_t index, const DLTensor &tensor);
  Status takeData(uint32_t index, const DLTensor &tensor);
  Status checkSymbol(uint32_t symbol, int64_t value) const;

  // Outputs.cpp
  void takeOutputs(DLTensor *tensors);
  Status prepareKnownOutputs();
  Status prepareOutput(uint32_t index);
  Status takeCallersOutput(uint32_t index, int64_t bytes);
  DLTensor describeOutput(uint32_t index);
  Status allocateOutput(uint32_t index, int64_t bytes);
  Status checkOverlap(uint32_t index, const Range &range) const;
  Status finishOutputs();

  // Mirror.cpp
  Status mirrorInputs();
  Status mirrorOutput(Output &output);
  Status finishWork();
  Status fetchOutputs();

  // Execute.cpp
  Status runBlock(uint32_t block);
  Status runInstruction(const bundle::Instruction &instruction);
  Status execute(const std::monostate &) { return {}; }
  Status execute(const bundle::inst::Arena &in);
  Status execute(const bundle::inst::Launch &in);
  Status execute(const bundle::inst::Copy &in);
  Status execute(const bundle::inst::Fill &in);
  Status execute(const bundle::inst::Store &in);
  Status execute(const bundle::inst::Bind &in);
  Status execute(const bundle::inst::Check &in);
  Status execute(const bundle::inst::If &in);
  Status execute(const bundle::inst::Loop &in);
  Status execute(const bundle::inst::Collective &in);
  Status observe(const bundle::inst::Launch &in, const bundle::Instruction &instruction);
  Status copy(uint32_t to, uint32_t from);
  Status weightOrConstant(const bundle::Buffer &buffer, Range &range);
  Status readFlag(uint32_t buffer, bool &flag);
  Status evaluate(bundle::Expr expr, int64_t &value) const;
  Status stateMemory(uint32_t index, Range &range);
  Status container(const bundle::Buffer &buffer, Range &range);
  Status resolve(uint32_t buffer, Range &range);
  /// " with batch = 4, sequence = 7": the sizes known so far, for messages.
  std::string sizesText() const;
  std::string nodeNames(const bundle::Instruction &instruction) const;
  /// The value of an expression for estimates, where there is one.
  int64_t knownOr(bundle::Expr expr, int64_t otherwise) const;

  const bundle::BundleFile &file;
  const bundle::EntryPoint &entry;
  const bundle::Program &program;
  Device &device;
  StateStore &states;
  bundle::ExprValues values;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<ArenaSlot> arenas;
  std::vector<const bundle::StateShape *> stateShapes; ///< per state of the bundle, or null
  std::vector<void *> arguments;
  std::vector<std::pair<size_t, size_t>> rankSymbols; ///< symbol and axis
  DLTensor *callerOutputs = nullptr;
  RunHooks hooks;
};

} // namespace tenon
