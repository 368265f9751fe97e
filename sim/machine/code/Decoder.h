// How a PTX instruction becomes ops: the interface between the decoder and the
// folders that bring instructions of their own (matrix/, async/).
//
// A folder has one function of type ExtensionDecoder, listed in Extensions.cpp.
// It is asked for every instruction that the decoder does not know; it either
// returns null (not mine), or an op, or reports why not with `fail`.
//
//   std::unique_ptr<ExtendedOp> decodeMatrix(DecodeContext &context,
//                                            const ptx::Instruction &instruction) {
//     if (instruction.opcode != ptx::Opcode::Mma) return nullptr;
//     auto op = std::make_unique<MmaOp>();
//     for (const ptx::Operand &e : instruction.operands[1].elements)
//       op->operands.push_back(context.read(e, 32));
//     ...
#pragma once

#include "sim/machine/GpuSpec.h"
#include "sim/machine/code/Op.h"
#include "sim/ptx/Module.h"
#include <memory>
#include <string>

namespace tenon::sim {

/// A decoded `[base + offset]`. `reg` holds an address of `reg.bits` bits to which
/// offset is added (in that width, wrapping).
struct AddressOperand {
  RegisterUse reg;
  int64_t offset = 0;
};

class DecodeContext {
public:
  virtual ~DecodeContext() = default;

  /// A register, immediate, special register or symbol as a source of `bits`
  /// (1: predicate, 8 16 32: a 32-bit row, 64). Immediates are
  /// taken as the text wrote them.
  virtual RegisterUse read(const ptx::Operand &operand, unsigned bits) = 0;
  /// A register as a destination; `_` gives a scratch register.
  virtual RegisterUse write(const ptx::Operand &operand, unsigned bits) = 0;
  /// A register row with this value in every lane.
  virtual RegisterUse constant(uint64_t value, unsigned bits) = 0;
  virtual AddressOperand address(const ptx::Operand &operand) = 0;
  /// The value of an immediate (or symbol address known at load).
  virtual bool constantValue(const ptx::Operand &operand, int64_t &value) const = 0;

  virtual const GpuSpec &spec() const = 0;
  virtual const ptx::Module &module() const = 0;
  virtual const ptx::Function &function() const = 0;
  virtual bool fastMma() const = 0;

  /// Refuses the instruction; the message comes after its PTX line and text.
  virtual void fail(std::string message) = 0;
};

using ExtensionDecoder = std::unique_ptr<ExtendedOp> (*)(DecodeContext &,
                                                         const ptx::Instruction &);

/// Asks every extension; null if none knows the instruction.
std::unique_ptr<ExtendedOp> decodeExtension(DecodeContext &context,
                                            const ptx::Instruction &instruction);

// The extensions.
std::unique_ptr<ExtendedOp> decodeMatrix(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeAsync(DecodeContext &, const ptx::Instruction &);

} // namespace tenon::sim
