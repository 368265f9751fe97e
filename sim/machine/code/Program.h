// A decoded kernel with the functions it can reach, ready to run.
//
// Registers of all functions have rows of their own in one file, so that nothing
// moves at a call; a function that can be entered again before it returns has its
// rows saved per call (see exec/Calls.cpp).
#pragma once

#include "sim/machine/Machine.h"
#include "sim/machine/code/Op.h"
#include "sim/ptx/Module.h"
#include <unordered_map>

namespace tenon::sim {

/// Beside each op: where it comes from.
struct OpInfo {
  uint32_t line = 0;     // of the PTX text
  uint32_t location = 0; // Module::locations
  uint32_t block = 0;    // basic block
  uint32_t function = 0; // Program::functions
  uint16_t uses = 0;     // first register use, and how many
  uint32_t firstUse = 0;
};

struct BasicBlock {
  uint32_t firstOp = 0;
  uint32_t instructions = 0; // of PTX
  std::vector<uint32_t> instructionOps; // op index of each PTX instruction (for lines)
  std::array<uint16_t, instructionClassCount> mix{};
};

/// A row filled when a warp starts.
struct PresetRow {
  enum class Kind : uint8_t { Constant, Special, Parameter };
  Kind kind = Kind::Constant;
  uint16_t row = 0;
  uint8_t bits = 32;
  uint64_t value = 0; // constant, or offset of the parameter
  uint8_t bytes = 0;  // of the parameter
  bool isSigned = false;
  ptx::SpecialRegister special{};
  uint8_t component = 0;
};

/// A memory instruction's own counters' place, and its op for reports.
struct MemorySite {
  uint32_t op = 0;
};

struct CallParameter {
  uint32_t offset = 0, size = 0; // in the frame, per lane
  uint16_t row = 0;              // a parameter in a register (.reg), with bits
  uint8_t bits = 0;
};

struct FunctionCode {
  uint32_t source = 0; // Module::functions
  std::string name;
  uint32_t entry = 0;      // op index
  uint32_t frameBytes = 0; // local memory per lane
  uint16_t firstRow = 0, wideRows = 0, rows = 0, firstPredicate = 0, predicates = 0;
  bool recursive = false;
  std::vector<CallParameter> params, results;
};

/// One call instruction.
struct CallSite {
  uint32_t function = ~0u; // Program::functions, or ~0: indirect
  uint16_t target = 0;     // register with the function's address
  uint32_t caller = 0;     // Program::functions
  std::vector<CallParameter> arguments, results; // in the caller's frame
  enum class Builtin : uint8_t { None, Vprintf, AssertFail, Malloc, Free } builtin{};
};

struct Program {
  const ptx::Module *module = nullptr;
  std::vector<Op> ops;
  std::vector<OpInfo> info; // as many as ops
  std::vector<RegisterUse> uses;
  std::vector<BasicBlock> blocks;
  std::vector<PresetRow> presets;
  std::vector<MemorySite> sites;
  std::vector<std::unique_ptr<ExtendedOp>> extended;
  std::vector<std::vector<int32_t>> branchTables; // op indices
  std::vector<CallSite> calls;
  std::vector<FunctionCode> functions; // [0] is the kernel
  std::unordered_map<uint32_t, uint32_t> functionOfSource; // Module::functions -> functions
  uint32_t rows = 0;        // of the register file, predicates included
  uint32_t staticShared = 0;
  uint32_t reservedShared = 0; // its first bytes, zero when a block starts
  uint32_t localBytes = 0; // of the kernel's frame
  uint32_t registersPerThread = 0;
  int32_t turnLength = 512;
  bool usesAtomics = false;
  bool usesAsync = false;  // some instruction of async/ or wgmma: proxies matter
  bool usesStrong = false; // atomics, or volatile, relaxed, acquire, release accesses
  std::vector<RegisterUse> maybeUnset; // registers that some path reads unset

  std::unordered_map<uint32_t, uint32_t> extendedSites; // op index -> site
  /// The counters' place of an extended op.
  uint32_t siteOfOp(uint32_t op) const {
    auto it = extendedSites.find(op);
    return it == extendedSites.end() ? 0 : it->second;
  }

  uint32_t indexOf(const Op *op) const { return uint32_t(op - ops.data()); }
};

/// Function pointers are this plus the index in Module::functions times 16.
constexpr uint64_t functionWindow = 0x5000000000;

} // namespace tenon::sim
