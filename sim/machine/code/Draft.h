// A kernel while it is decoded: ops over virtual registers in the order of the
// text. Lower.cpp orders the blocks and gives the registers rows.
#pragma once

#include "sim/machine/code/Program.h"
#include "sim/machine/handlers/Tables.h"

namespace tenon::sim {

constexpr uint32_t noIndex = ~0u;

struct VirtualRegister {
  uint8_t bits = 32;      // 1, 32, 64
  bool shared = true;     // may share its row with others
  uint32_t row = 0;       // once coloured
};

/// Where in an op a register number goes once known.
enum class Field : uint8_t { D, A, B, C, Guard, D2, A2, B2, C2, Operand };

struct DraftUse {
  uint32_t reg = 0; // virtual
  Field field = Field::D;
  uint16_t operand = 0; // of the extended op
  bool write = false;
  bool effect = false; // reading it unset is a finding
};

struct DraftOp {
  HandlerId id = HandlerId::Mov32;
  Op slots[2];
  std::vector<DraftUse> uses;
  uint32_t label = noIndex; // branch target
  int extended = -1;        // Program::extended
  int table = -1;           // Program::branchTables
  bool guarded = false, guardNegated = false;
  bool first = false; // of a PTX instruction
  InstructionClass instructionClass = InstructionClass::Other;
  uint32_t line = 0, location = 0;

  bool endsBlock() const {
    return id == HandlerId::Jump || id == HandlerId::Branch || id == HandlerId::BranchTable ||
           id == HandlerId::Return || id == HandlerId::Exit || id == HandlerId::Trap ||
           id == HandlerId::Call;
  }
  bool fallsThrough() const {
    return guarded || (id != HandlerId::Jump && id != HandlerId::BranchTable &&
                       id != HandlerId::Return && id != HandlerId::Exit && id != HandlerId::Trap);
  }
};

struct DraftFunction {
  uint32_t source = 0;
  std::vector<DraftOp> ops;
  std::vector<uint32_t> labels;                 // label -> op index; may equal ops.size()
  std::vector<std::vector<uint32_t>> tables;    // branch tables of labels
};

struct Draft {
  Program *program = nullptr;
  std::vector<VirtualRegister> registers;
  std::vector<DraftFunction> functions; // as in Program::functions
  std::vector<uint32_t> presetRegisters; // parallel to Program::presets
};

/// Orders blocks, colours registers and writes Program::ops.
void lower(Draft &draft);

/// A basic block of a draft function: ops [first, last).
struct DraftBlock {
  uint32_t first = 0, last = 0;
  std::vector<uint32_t> successors; // the fall-through one first, if any
};
std::vector<DraftBlock> findBlocks(const DraftFunction &function);
/// Blocks in priority order: reverse postorder in which loop exits come after
/// the loop. Unreachable blocks are left out.
std::vector<uint32_t> priorityOrder(const std::vector<DraftBlock> &blocks);
/// True if some loop has an op for which `test` holds.
bool loopHas(const DraftFunction &function, const std::vector<DraftBlock> &blocks,
             bool (*test)(const DraftOp &));

/// Per block and virtual register: live at its start, at its end. And registers
/// that some path reads before any write.
struct Liveness {
  std::vector<std::vector<uint64_t>> liveIn, liveOut;
  std::vector<uint32_t> maybeUnset;
};
Liveness findLiveness(const Draft &draft, const DraftFunction &function,
                      const std::vector<DraftBlock> &blocks);

} // namespace tenon::sim
