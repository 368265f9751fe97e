// Asynchronous instructions as ops: the decoders of their families, one file
// each, and what they share. Each decoder returns an op, or fails the context.
#pragma once

#include "sim/machine/async/Groups.h"
#include "sim/machine/async/Mbarrier.h"
#include "sim/machine/matrix/RegisterLists.h"

namespace tenon::sim {

std::unique_ptr<ExtendedOp> decodeMbarrier(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeCpAsync(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeBulk(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeBulkTensor(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeRemoteStore(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeClusterAddress(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeWgmma(DecodeContext &, const ptx::Instruction &);

/// Appends an operand; the index in op.operands.
uint16_t readOperand(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand,
                     unsigned bits);
uint16_t writeOperand(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand,
                      unsigned bits);

/// Whether the instruction names no space, so that its addresses are generic.
bool isGeneric(const ptx::Instruction &instruction);

/// Where a shared address lies; a finding of `kind` and nothing if nowhere.
std::optional<ClusterPlace> findShared(Warp &warp, unsigned lane, uint64_t address, bool generic,
                                      const char *what);

/// A bulk copy still reads shared memory that goes away with its block.
void reportUnwaited(const Actor &actor, uint64_t address);

/// The address of `offset` in the shared memory of the cluster's block `rank`.
uint64_t clusterAddress(uint32_t rank, uint32_t offset);

/// Destinations and mbarriers of a multicast: `destination` and `barrier` at the
/// same offsets in every block that `ranks` names. False after a finding.
bool multicastTo(Warp &warp, unsigned lane, uint32_t ranks, uint64_t destination,
                 ClusterPlace barrier, std::vector<uint64_t> &destinations,
                 std::vector<ClusterPlace> &barriers);

/// An op of `lanes` and nothing else: a function of the warp and the mask.
template <typename Run> class LaneOp : public ExtendedOp {
public:
  explicit LaneOp(const char *label, Run function) : function(std::move(function)) { name = label; }
  Step run(Warp &warp, uint32_t mask) const override { return function(*this, warp, mask); }

private:
  Run function;
};

/// Calls visit(lane) for each lane of the mask, lowest first.
template <typename Visit> void eachLane(uint32_t mask, Visit visit) {
  for (; mask; mask &= mask - 1)
    visit(unsigned(__builtin_ctz(mask)));
}

} // namespace tenon::sim
