// cp.async.bulk.tensor and cp.reduce.async.bulk.tensor, tiled: a box of a tensor
// between global and shared memory, its rows swizzled there.
#include "sim/machine/async/ProxyRule.h"
#include "sim/machine/async/AsyncOps.h"
#include "sim/machine/async/Reduction.h"
#include "sim/machine/matrix/TensorMap.h"

#include <cstring>

namespace tenon::sim {
namespace {

using ptx::Mod;
using ptx::Opcode;

constexpr uint32_t kLine = 128; // swizzles permute within lines of 128 bytes

/// What an out-of-bounds element reads as.
void fillOutside(const TensorMap &map, uint8_t *to, uint32_t bytes) {
  std::memset(to, 0, bytes);
  if (!map.fillNaN)
    return;
  uint32_t size = bytesOf(map.type);
  uint64_t nan = size == 2 ? 0x7fff : size == 4 ? 0x7fffffff : 0x7fffffffffffffff;
  for (uint32_t at = 0; at < bytes; at += size)
    std::memcpy(to + at, &nan, size);
}

class PendingTensor : public PendingOp {
public:
  PendingTensor(Warp &warp, unsigned lane) : PendingOp(warp, lane, true) {}

  TensorMap map;
  int32_t corner[maxTensorRank] = {};
  bool load = true;
  std::vector<uint64_t> shared; // addresses of the box, one for each destination
  std::vector<ClusterPlace> barriers;
  std::optional<ReductionOp> reduction;

  void run(Cluster &) override {
    std::vector<uint8_t> box(map.boxBytes());
    if (load)
      gather(box);
    for (size_t i = 0; i < shared.size(); ++i) {
      transferShared(shared[i], box);
      if (load && i < barriers.size())
        completeTransfer(issuer.actor, *this, barriers[i], map.boxBytes());
    }
    if (!load)
      scatter(box);
  }

  void unwaited() override {
    if (!load)
      reportUnwaited(issuer.actor, shared.front());
  }

private:
  void gather(std::vector<uint8_t> &box) {
    visitBox(map, corner, [&](const BoxRun &run) {
      const uint8_t *from = nullptr;
      if (run.inside)
        from = accessGlobal(issuer.actor, run.address, run.bytes, AccessKind::Read);
      if (from)
        std::memcpy(box.data() + run.offset, from, run.bytes);
      else
        fillOutside(map, box.data() + run.offset, run.bytes);
      return true;
    });
  }

  void scatter(const std::vector<uint8_t> &box) {
    AccessKind kind = reduction ? AccessKind::Atomic : AccessKind::Write;
    visitBox(map, corner, [&](const BoxRun &run) {
      uint8_t *to =
          run.inside ? accessGlobal(issuer.actor, run.address, run.bytes, kind) : nullptr;
      const uint8_t *from = box.data() + run.offset;
      if (to && !reduction)
        std::memcpy(to, from, run.bytes);
      for (uint32_t at = 0; to && reduction && at < run.bytes; at += bytesOf(map.type))
        reduceElement(*reduction, map.type, to + at, from + at);
      return true;
    });
  }

  /// Box bytes to or from shared memory, permuted by the swizzle of the address.
  void transferShared(uint64_t address, std::vector<uint8_t> &box) {
    AccessKind kind = load ? AccessKind::Write : AccessKind::Read;
    uint32_t bytes = uint32_t(box.size());
    if (map.mode == Swizzle::None || (address % kLine == 0 && bytes % kLine == 0)) {
      uint8_t *place = accessSharedAsync(issuer.actor, address, bytes, kind);
      if (!place)
        return;
      for (uint32_t at = 0; at < bytes; at += 16)
        moveUnit(place + (swizzle(map.mode, uint32_t(address) + at) - uint32_t(address)), box, at);
      return;
    }
    for (uint32_t at = 0; at < bytes; at += 16) {
      uint32_t low = swizzle(map.mode, uint32_t(address) + at);
      uint64_t unit = (address & ~uint64_t(0xffffffff)) | low;
      if (uint8_t *place = accessSharedAsync(issuer.actor, unit, 16, kind))
        moveUnit(place, box, at);
    }
  }

  void moveUnit(uint8_t *place, std::vector<uint8_t> &box, uint32_t at) {
    load ? std::memcpy(place, box.data() + at, 16) : std::memcpy(box.data() + at, place, 16);
  }
};

class TensorOp : public ExtendedOp {
public:
  AddressUse map, shared, barrier;
  RegisterList corner;
  bool load = true;
  std::optional<uint16_t> multicast;
  std::optional<ReductionOp> reduction;

  Step run(Warp &warp, uint32_t mask) const override {
    eachLane(mask, [&](unsigned lane) { issue(warp, lane); });
    return Step::Done;
  }

private:
  void issue(Warp &warp, unsigned lane) const {
    auto op = std::make_shared<PendingTensor>(warp, lane);
    if (!readMap(warp, lane, op->map))
      return;
    for (unsigned d = 0; d < corner.count; ++d)
      op->corner[d] = int32_t(warp.row(uint16_t(operands[corner.first + d].reg))[lane]);
    op->load = load;
    op->reduction = reduction;
    uint64_t address = shared.at(*this, warp, lane);
    if (address % 128 != 0) {
      report(warp, Kind::Misaligned, lane, address,
             "a bulk tensor copy's shared address is not a multiple of 128");
      return;
    }
    if (!load)
      issueStore(warp, lane, address, std::move(op));
    else if (addDestinations(warp, lane, address, *op))
      queueOf(warp).submit(std::move(op));
  }

  bool addDestinations(Warp &warp, unsigned lane, uint64_t address, PendingTensor &op) const {
    auto place = findShared(warp, lane, barrier.at(*this, warp, lane), false, "an mbarrier");
    if (!place)
      return false;
    countSharedFill(warp, op.map.boxBytes());
    if (!multicast) {
      op.shared.push_back(address);
      op.barriers.push_back(*place);
      return true;
    }
    uint32_t ranks = warp.row(uint16_t(operands[*multicast].reg))[lane] & 0xffff;
    return multicastTo(warp, lane, ranks, address, *place, op.shared, op.barriers);
  }

  void issueStore(Warp &warp, unsigned lane, uint64_t address,
                  std::shared_ptr<PendingTensor> op) const {
    if (reduction && !canReduce(*reduction, op->map.type))
      return report(warp, Kind::OutOfBounds, lane, address,
                    "this reduction does not exist for the tensor map's element type");
    op->shared.push_back(address);
    groupsOf(warp, slotBulk, true).add(queueOf(warp), std::move(op), 1u << lane);
  }

  /// The object, read through generic addresses like any other data.
  bool readMap(Warp &warp, unsigned lane, TensorMap &decoded) const {
    alignas(16) std::byte bytes[tensorMapBytes];
    uint64_t address = map.at(*this, warp, lane);
    LaneAccess access;
    access.bytes = access.alignment = 16;
    access.mask = 1u << lane;
    for (unsigned at = 0; at < tensorMapBytes; at += 16) {
      uint8_t *where[32];
      access.address[lane] = address + at;
      if (!(checkLanes(warp, access, where) >> lane & 1))
        return false;
      std::memcpy(bytes + at, where[lane], 16);
    }
    if (decodeTensorMap(bytes, decoded) && decoded.rank == corner.count)
      return true;
    report(warp, Kind::OutOfBounds, lane, address,
           "there is no tensor map of rank " + std::to_string(corner.count) + " at this address");
    return false;
  }
};

std::unique_ptr<ExtendedOp> decodePrefetch() {
  auto run = [](const ExtendedOp &, Warp &, uint32_t) { return Step::Done; };
  return std::make_unique<LaneOp<decltype(run)>>("cp.async.bulk.prefetch.tensor", run);
}

/// [map, {x, y}]
void decodeTensorAddress(DecodeContext &context, const ptx::Operand &operand, TensorOp &op) {
  op.map = readAddress(op, context, operand);
  op.corner = {uint16_t(op.operands.size()), 0};
  const ptx::Operand *coordinates = &operand;
  if (operand.elements.size() == 1 && operand.elements[0].kind == ptx::Operand::Kind::Vector)
    coordinates = &operand.elements[0];
  for (const ptx::Operand &element : coordinates->elements) {
    op.operands.push_back(context.read(element, 32));
    ++op.corner.count;
  }
}

} // namespace

std::unique_ptr<ExtendedOp> decodeBulkTensor(DecodeContext &context, const ptx::Instruction &i) {
  if (i.opcode == Opcode::CpAsyncBulkPrefetchTensor)
    return decodePrefetch();
  auto op = std::make_unique<TensorOp>();
  op->name = "cp.async.bulk.tensor";
  op->load = i.has(Mod::MbarrierComplete);
  decodeTensorAddress(context, i.operands[op->load ? 1 : 0], *op);
  op->shared = readAddress(*op, context, i.operands[op->load ? 0 : 1]);
  if (op->load)
    op->barrier = readAddress(*op, context, i.operands[2]);
  if (i.has(Mod::MulticastCluster))
    op->multicast = readOperand(*op, context, i.operands[3], 32);
  if (i.opcode == Opcode::CpReduceAsyncBulkTensor && !(op->reduction = reductionOf(i)))
    context.fail("this bulk tensor reduction is not simulated");
  for (Mod mod : {Mod::TileGather4, Mod::TileScatter4, Mod::Im2col, Mod::Im2colW,
                  Mod::Im2colWW128, Mod::Im2colNoOffs})
    if (i.has(mod))
      context.fail("only tiled bulk tensor copies are simulated");
  return op;
}

} // namespace tenon::sim
