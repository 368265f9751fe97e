// The decoder: turns the instructions of a kernel and of the functions it reaches
// into draft ops. One method per family of instructions, in Decode*.cpp; each
// returns false if the instruction is none of its own.
#pragma once

#include "sim/machine/code/Decoder.h"
#include "sim/machine/code/Comparison.h"
#include "sim/machine/code/Draft.h"
#include "sim/machine/code/MemoryShape.h"
#include "sim/machine/exec/ScalarOps.h"
#include <map>
#include <optional>
#include <unordered_map>

namespace tenon::sim {

/// Addresses of module-scope variables in global memory, by index.
using VariableAddresses = std::vector<uint64_t>;

class Decoding : public DecodeContext {
public:
  Decoding(Program &program, const GpuSpec &gpu, const VariableAddresses &addresses, bool fastMma,
           std::string &log);

  /// Decodes kernel `index` of the module; false when something was refused.
  bool decodeKernel(uint32_t index);
  Draft &draft() { return result; }

  // DecodeContext
  RegisterUse read(const ptx::Operand &operand, unsigned bits) override;
  RegisterUse write(const ptx::Operand &operand, unsigned bits) override;
  RegisterUse constant(uint64_t value, unsigned bits) override;
  AddressOperand address(const ptx::Operand &operand) override;
  bool constantValue(const ptx::Operand &operand, int64_t &value) const override;
  const GpuSpec &spec() const override { return gpu; }
  const ptx::Module &module() const override { return *program.module; }
  const ptx::Function &function() const override { return *source; }
  bool fastMma() const override { return fast; }
  void fail(std::string message) override;

private:
  using I = ptx::Instruction;
  // Families.
  bool decodeInteger(const I &);
  bool decodeMultiply(const I &);
  bool decodeBits(const I &);
  bool decodeCarry(const I &);
  bool decodeFloat(const I &);
  bool decodeCompare(const I &);
  bool decodeMove(const I &);
  bool decodeConvert(const I &);
  bool decodeMemory(const I &);
  bool decodeAtomic(const I &);
  bool decodeControl(const I &);
  bool decodeWarp(const I &);
  bool decodeBarrier(const I &);

  void decodeFunction(uint32_t index);
  void decodeInstruction(const I &);
  void call(const I &);
  void loadOrStore(const I &, bool load);
  using Extensions = std::vector<std::pair<RegisterUse, RegisterUse>>;
  std::vector<RegisterUse> dataRegisters(const I &, bool load, Extensions &extend);
  AddressOperand accessAddress(const ptx::Operand &where, MemoryShape &shape);
  void loadParameter(const I &);
  void moveVector(const I &);
  void multiplyWide(const I &, bool add);
  void multiplyThenAdd(const I &, bool add);
  void minOrMax(const I &);
  void threeInputLogic(const I &);
  void insertField(const I &);
  bool integerToInteger(const I &);
  RegisterUse extended(RegisterUse value, unsigned bits, bool isSigned);
  void writeInteger(const ptx::Operand &to, ptx::Type type, RegisterUse value);
  /// Bits of the register as the text declares it.
  unsigned declaredBits(const ptx::Operand &operand, unsigned otherwise) const;

  // Emitting.
  DraftOp &emit(HandlerId id);
  DraftOp &emit(HandlerId id, RegisterUse d, std::optional<RegisterUse> a = {},
                std::optional<RegisterUse> b = {}, std::optional<RegisterUse> c = {});
  void use(DraftOp &op, Field field, RegisterUse reg, bool write, bool effect = false);
  /// One lane function; the destination has `d.bits`.
  DraftOp &scalar(ScalarOp fn, uint32_t flags, RegisterUse d, std::optional<RegisterUse> a,
                  std::optional<RegisterUse> b = {}, std::optional<RegisterUse> c = {});
  void emitExtended(std::unique_ptr<ExtendedOp> op);
  RegisterUse scratch(unsigned bits);
  RegisterUse predicateNot(RegisterUse p);
  /// An operand of a PTX type: immediates are converted to it.
  RegisterUse readAs(const ptx::Operand &operand, ptx::Type type);
  RegisterUse writeAs(const ptx::Operand &operand, ptx::Type type);
  /// Sets a predicate by a comparison of two registers of the type.
  RegisterUse compare(ptx::Mod comparison, ptx::Type type, RegisterUse a, RegisterUse b, bool ftz);

  RegisterUse registerOf(uint32_t index);
  RegisterUse special(ptx::SpecialRegister reg, uint8_t component);
  RegisterUse preset(PresetRow row);
  /// Value of a symbol in its own space; local ones need code.
  RegisterUse symbol(const ptx::SymbolRef &ref, int64_t offset, unsigned bits);
  std::optional<uint32_t> sharedOffset(const ptx::SymbolRef &ref) const;
  std::optional<uint32_t> frameOffset(const ptx::SymbolRef &ref) const;
  ptx::Space spaceOf(const ptx::SymbolRef &ref) const;

  void layOutShared(const std::vector<uint32_t> &functions);
  void layOutFrame(uint32_t index);
  std::vector<uint32_t> reachable(uint32_t kernel);

  Program &program;
  const GpuSpec &gpu;
  const VariableAddresses &addresses;
  bool fast;
  std::string &log;
  Draft result;
  const ptx::Function *source = nullptr;
  DraftFunction *target = nullptr;
  uint32_t functionIndex = 0;
  const I *current = nullptr;
  bool firstOp = true, failed = false;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> registers; // (function, ptx register)
  std::map<std::pair<uint64_t, unsigned>, uint32_t> constants;
  std::map<uint32_t, uint32_t> specials;
  std::map<std::tuple<uint32_t, uint8_t, uint8_t, bool>, uint32_t> parameters;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> shared; // (source function or ~0, variable)
  std::vector<std::vector<uint32_t>> frameVariables, frameParams, frameResults;
  uint32_t carry = noIndex;
};

/// Shared memory at the start of a block that %reserved_smem_offset_* tell of.
constexpr uint32_t reservedSharedBytes = 1024;
bool isReservedShared(ptx::SpecialRegister reg);

unsigned typeBits(ptx::Type type);   // 8, 16, 32, 64, 128; 1 for pred
LaneKind laneKind(ptx::Type type);
bool isSignedType(ptx::Type type);
bool isFloatType(ptx::Type type);
/// Bits of the register that holds it: 1, 32 or 64.
inline unsigned registerBits(ptx::Type type) {
  unsigned bits = typeBits(type);
  return bits == 1 ? 1 : bits <= 32 ? 32 : 64;
}

} // namespace tenon::sim
