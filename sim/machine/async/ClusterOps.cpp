// mapa and getctarank: addresses in the shared memory of a cluster's other blocks.
#include "sim/machine/async/AsyncOps.h"

namespace tenon::sim {
namespace {

/// A shared address as block `rank` of the cluster sees its own.
uint64_t mapTo(uint64_t address, bool generic, uint32_t rank) {
  uint64_t shared = generic ? address - sharedWindow : address;
  uint64_t mapped = clusterAddress(rank, uint32_t(shared % sharedStride));
  return generic ? mapped + sharedWindow : mapped;
}

class MapaOp : public ExtendedOp {
public:
  uint16_t result = 0, source = 0, rank = 0;
  bool generic = true, wide = true, wantsRank = false;

  Step run(Warp &warp, uint32_t mask) const override {
    eachLane(mask, [&](unsigned lane) { one(warp, lane); });
    return Step::Done;
  }

private:
  void one(Warp &warp, unsigned lane) const {
    uint16_t row = uint16_t(operands[source].reg), to = uint16_t(operands[result].reg);
    uint64_t address = wide ? warp.row64(row)[lane] : warp.row(row)[lane];
    if (wantsRank) {
      auto place = findShared(warp, lane, address, generic, "the operand of getctarank");
      warp.row(to)[lane] = place ? place->block->rank : 0;
      return;
    }
    uint32_t target = warp.row(uint16_t(operands[rank].reg))[lane];
    if (target >= warp.block->cluster->blocks.size())
      report(warp, Kind::OutOfBounds, lane, address,
             "mapa to block " + std::to_string(target) + " of a cluster of " +
                 std::to_string(warp.block->cluster->blocks.size()));
    uint64_t mapped = mapTo(address, generic, target);
    if (wide)
      warp.row64(to)[lane] = mapped;
    else
      warp.row(to)[lane] = uint32_t(mapped);
  }
};

} // namespace

std::unique_ptr<ExtendedOp> decodeClusterAddress(DecodeContext &context,
                                                 const ptx::Instruction &i) {
  auto op = std::make_unique<MapaOp>();
  op->wantsRank = i.opcode == ptx::Opcode::Getctarank;
  op->name = op->wantsRank ? "getctarank" : "mapa";
  op->generic = !i.has(ptx::Mod::SharedCluster);
  op->wide = i.type() == ptx::Type::U64;
  unsigned bits = op->wide ? 64 : 32;
  op->source = readOperand(*op, context, i.operands[1], bits);
  if (!op->wantsRank)
    op->rank = readOperand(*op, context, i.operands[2], 32);
  op->result = writeOperand(*op, context, i.operands[0], op->wantsRank ? 32 : bits);
  return op;
}

} // namespace tenon::sim
