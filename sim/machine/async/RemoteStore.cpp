// st.async and red.async (of the generic proxy): values stored to, or combined with, shared memory of
// the cluster; the mbarrier there counts the bytes.
#include "sim/machine/async/AsyncOps.h"
#include "sim/machine/async/Reduction.h"

#include <cstring>

namespace tenon::sim {
namespace {

using ptx::Mod;

class PendingStore : public PendingOp {
public:
  PendingStore(Warp &warp, unsigned lane) : PendingOp(warp, lane, false) {}

  uint64_t to = 0;
  uint32_t bytes = 0;
  uint8_t value[16] = {};
  ClusterPlace barrier;
  std::optional<ReductionOp> reduction;
  TensorElement type = TensorElement::U32;

  void run(Cluster &) override {
    AccessKind kind = reduction ? AccessKind::Atomic : AccessKind::Write;
    if (uint8_t *target = accessShared(issuer.actor, to, bytes, kind))
      reduction ? reduceElement(*reduction, type, target, value)
                : void(std::memcpy(target, value, bytes));
    completeTransfer(issuer.actor, *this, barrier, bytes);
  }
};

class RemoteStoreOp : public ExtendedOp {
public:
  AddressUse to, barrier;
  RegisterList values;
  uint32_t elementBytes = 4;
  std::optional<ReductionOp> reduction;
  TensorElement type = TensorElement::U32;

  Step run(Warp &warp, uint32_t mask) const override {
    eachLane(mask, [&](unsigned lane) { issue(warp, lane); });
    return Step::Done;
  }

private:
  void issue(Warp &warp, unsigned lane) const {
    auto op = std::make_shared<PendingStore>(warp, lane);
    auto place = findShared(warp, lane, barrier.at(*this, warp, lane), false, "an mbarrier");
    if (!place)
      return;
    op->to = to.at(*this, warp, lane);
    op->bytes = elementBytes * values.count;
    op->barrier = *place;
    op->reduction = reduction;
    op->type = type;
    if (op->to % op->bytes != 0) {
      report(warp, Kind::Misaligned, lane, op->to, std::string(name) + " to a misaligned address");
      return;
    }
    for (unsigned i = 0; i < values.count; ++i) {
      uint16_t row = uint16_t(operands[values.first + i].reg);
      const void *from = elementBytes == 8 ? static_cast<const void *>(warp.row64(row) + lane)
                                           : warp.row(row) + lane;
      std::memcpy(op->value + i * elementBytes, from, elementBytes);
    }
    queueOf(warp).submit(std::move(op));
  }
};

} // namespace

std::unique_ptr<ExtendedOp> decodeRemoteStore(DecodeContext &context,
                                              const ptx::Instruction &i) {
  auto op = std::make_unique<RemoteStoreOp>();
  bool reduces = i.opcode == ptx::Opcode::RedAsync;
  op->name = reduces ? "red.async" : "st.async";
  auto type = tensorElementOf(i.type());
  if (!i.has(Mod::MbarrierComplete) || !type) {
    context.fail(std::string(op->name) + " without an mbarrier is not simulated");
    return op;
  }
  op->type = *type;
  op->elementBytes = bytesOf(*type);
  if (reduces && (!(op->reduction = reductionOf(i)) || !canReduce(*op->reduction, *type)))
    context.fail("red.async of this operator and type is not simulated");
  op->to = readAddress(*op, context, i.operands[0]);
  op->values = readList(*op, context, i.operands[1], op->elementBytes == 8 ? 64 : 32);
  op->barrier = readAddress(*op, context, i.operands[2]);
  return op;
}

} // namespace tenon::sim
