// Which asynchronous instructions this folder knows, and helpers of its decoders.
#include "sim/machine/async/AsyncOps.h"

namespace tenon::sim {

using ptx::Opcode;

static std::unique_ptr<ExtendedOp> decodeCopies(DecodeContext &context,
                                                const ptx::Instruction &i) {
  switch (i.opcode) {
  case Opcode::CpAsync:
  case Opcode::CpAsyncCommitGroup:
  case Opcode::CpAsyncWaitGroup:
  case Opcode::CpAsyncWaitAll:
  case Opcode::CpAsyncMbarrierArrive:
    return decodeCpAsync(context, i);
  case Opcode::CpAsyncBulk:
  case Opcode::CpReduceAsyncBulk:
  case Opcode::CpAsyncBulkPrefetch:
  case Opcode::CpAsyncBulkCommitGroup:
  case Opcode::CpAsyncBulkWaitGroup:
    return decodeBulk(context, i);
  case Opcode::CpAsyncBulkTensor:
  case Opcode::CpReduceAsyncBulkTensor:
  case Opcode::CpAsyncBulkPrefetchTensor:
    return decodeBulkTensor(context, i);
  case Opcode::StAsync:
  case Opcode::RedAsync:
    return decodeRemoteStore(context, i);
  default:
    return nullptr;
  }
}

std::unique_ptr<ExtendedOp> decodeAsync(DecodeContext &context, const ptx::Instruction &i) {
  if (i.opcode >= Opcode::MbarrierInit && i.opcode <= Opcode::MbarrierPendingCount)
    return decodeMbarrier(context, i);
  if (i.opcode == Opcode::WgmmaMmaAsync || i.opcode == Opcode::WgmmaFence ||
      i.opcode == Opcode::WgmmaCommitGroup || i.opcode == Opcode::WgmmaWaitGroup)
    return decodeWgmma(context, i);
  if (i.opcode == Opcode::Mapa || i.opcode == Opcode::Getctarank)
    return decodeClusterAddress(context, i);
  return decodeCopies(context, i);
}

uint16_t readOperand(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand,
                     unsigned bits) {
  op.operands.push_back(context.read(operand, bits));
  return uint16_t(op.operands.size() - 1);
}

uint16_t writeOperand(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand,
                      unsigned bits) {
  op.operands.push_back(context.write(operand, bits));
  return uint16_t(op.operands.size() - 1);
}

void reportUnwaited(const Actor &actor, uint64_t address) {
  report(actor, Kind::RaceShared, address,
         "the block ends while a bulk copy may still read its shared memory: there is no "
         "cp.async.bulk.wait_group after it");
}

bool isGeneric(const ptx::Instruction &i) {
  return !i.has(ptx::Mod::Shared) && !i.has(ptx::Mod::SharedCta) &&
         !i.has(ptx::Mod::SharedCluster);
}

std::optional<ClusterPlace> findShared(Warp &warp, unsigned lane, uint64_t address, bool generic,
                                      const char *what) {
  auto place = clusterPlace(*warp.block, address, generic);
  if (!place || place->offset >= place->block->sharedBytes) {
    report(warp, Kind::OutOfBounds, lane, address,
           std::string(what) + " is not in shared memory of the cluster");
    return std::nullopt;
  }
  return place;
}

} // namespace tenon::sim
