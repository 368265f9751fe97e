// Register operands of extended ops as lists: `{%r1, %r2}` in the text, pointers
// to rows when the op runs.
#pragma once

#include "sim/machine/code/Decoder.h"
#include "sim/machine/exec/Warp.h"
#include "sim/machine/matrix/Mma.h"

#include <array>
#include <optional>

namespace tenon::sim {

/// A run of ExtendedOp::operands.
struct RegisterList {
  uint16_t first = 0, count = 0;
};

/// Appends the registers of a vector operand (or of a single one) to op.operands.
RegisterList readList(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand,
                      unsigned bits);
RegisterList writeList(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand,
                       unsigned bits);

/// Rows of a list; up to 128 (wgmma's accumulators).
template <unsigned N> struct Rows {
  std::array<void *, N> pointers;
  Rows(const ExtendedOp &op, const Warp &warp, RegisterList list) {
    for (unsigned i = 0; i < list.count; ++i)
      pointers[i] = warp.row(uint16_t(op.operands[list.first + i].reg));
  }
  void *const *data() const { return pointers.data(); }
  uint32_t *operator[](unsigned i) const { return static_cast<uint32_t *>(pointers[i]); }
};

/// The element type of a matrix instruction, if it is one that we compute.
std::optional<Element> elementOf(ptx::Type type);

inline MatrixShape shapeOf(const ptx::Instruction &instruction) {
  return {instruction.shape.m, instruction.shape.n, instruction.shape.k};
}

/// An op that all 32 lanes of a warp execute together. `run` is never entered
/// with fewer: that is a finding.
class WarpWideOp : public ExtendedOp {
public:
  WarpWideOp() { convergent = true; }
  uint32_t required(const Warp &, uint32_t) const override { return allLanes; }
  Step run(Warp &warp, uint32_t mask) const final;

protected:
  virtual Step runAll(Warp &warp) const = 0;
};

/// A register with an address, and what is added to it.
struct AddressUse {
  uint16_t operand = 0;
  uint8_t bits = 64;
  int64_t offset = 0;

  uint64_t at(const ExtendedOp &op, const Warp &warp, unsigned lane) const {
    uint16_t row = uint16_t(op.operands[operand].reg);
    if (bits == 64)
      return warp.row64(row)[lane] + uint64_t(offset);
    return uint32_t(warp.row(row)[lane] + uint32_t(offset));
  }
};
AddressUse readAddress(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand);

} // namespace tenon::sim
