// The three tables of one build, and the generic handlers of guarded, masked and
// tainted ops, which call an op's body with the lanes to write.
#include "sim/machine/exec/Taint.h"
#include "sim/machine/handlers/Handler.h"

namespace tenon::sim::TENON_LANES {

#define HANDLER(name, slots)                                                                       \
  TENON_HANDLER full_##name(const Op *, uint8_t *, Warp *, const void *);                          \
  void masked_##name(const Op *, uint8_t *, Warp *, uint32_t);
#define CONTROL(name, slots)
#include "sim/machine/handlers/Table.def"
TENON_HANDLER full_Block(const Op *, uint8_t *, Warp *, const void *);
TENON_HANDLER masked_Block(const Op *, uint8_t *, Warp *, const void *);
TENON_HANDLER any_Jump(const Op *, uint8_t *, Warp *, const void *);
TENON_HANDLER any_Branch(const Op *, uint8_t *, Warp *, const void *);
TENON_HANDLER any_Control(const Op *, uint8_t *, Warp *, const void *);

static const MaskedBody bodies[handlerCount] = {
#define HANDLER(name, slots) masked_##name,
#define CONTROL(name, slots) nullptr,
#include "sim/machine/handlers/Table.def"
};

static inline u32 guardOf(const Op *op, u8 *file) {
  u32 lanes = predicateOf(file, op->guard & ~negatedGuard);
  return op->guard & negatedGuard ? ~lanes : lanes;
}

TENON_HANDLER anyMasked(const Op *op, uint8_t *file, Warp *warp, const void *table) {
  unsigned id = op->handler;
  bodies[id](op, file, warp, warp->active);
  op += handlerSlots[id];
  TENON_CHOOSE_TABLE;
  TENON_NEXT;
}

TENON_HANDLER anyGuarded(const Op *op, uint8_t *file, Warp *warp, const void *table) {
  unsigned id = op->handler - handlerCount;
  if (u32 mask = warp->active & guardOf(op, file))
    bodies[id](op, file, warp, mask);
  op += handlerSlots[id];
  TENON_CHOOSE_TABLE;
  TENON_NEXT;
}

/// While some register of the warp is tainted: what the op reads is looked at
/// before, what it writes marked after.
TENON_HANDLER anyTainted(const Op *op, uint8_t *file, Warp *warp, const void *table) {
  bool guarded = op->handler >= handlerCount;
  unsigned id = guarded ? op->handler - handlerCount : op->handler;
  u32 mask = warp->active & (guarded ? guardOf(op, file) : allLanes);
  taintBefore(*warp, op, mask);
  if (mask) {
    bodies[id](op, file, warp, mask);
    taintAfter(*warp, op, HandlerId(id), mask);
  }
  op += handlerSlots[id];
  TENON_NEXT;
}

TENON_HANDLER taintedBranch(const Op *op, uint8_t *file, Warp *warp, const void *table) {
  taintBefore(*warp, op, warp->active);
  [[clang::musttail]] return any_Branch(op, file, warp, table);
}

const HandlerTables &tables() {
  static const HandlerTables built = [] {
    HandlerTables t{};
    unsigned i = 0;
    auto add = [&](Handler full, Handler masked, Handler tainted, Handler guarded) {
      t.full[i] = full;
      t.masked[i] = masked;
      t.tainted[i] = tainted;
      t.full[i + handlerCount] = t.masked[i + handlerCount] = guarded;
      t.tainted[i + handlerCount] = tainted;
      ++i;
    };
#define HANDLER(name, slots) add(full_##name, anyMasked, anyTainted, anyGuarded);
#define CONTROL(name, slots) add(any_Control, any_Control, any_Control, any_Control);
#include "sim/machine/handlers/Table.def"
    auto set = [&](HandlerId id, Handler full, Handler masked, Handler tainted) {
      t.full[unsigned(id)] = full;
      t.masked[unsigned(id)] = masked;
      t.tainted[unsigned(id)] = tainted;
    };
    set(HandlerId::Block, full_Block, masked_Block, masked_Block);
    set(HandlerId::Jump, any_Jump, any_Jump, any_Jump);
    set(HandlerId::Branch, any_Branch, any_Branch, taintedBranch);
#define TENON_STRING(x) #x
#define TENON_NAME(x) TENON_STRING(x)
    t.name = TENON_NAME(TENON_LANES);
    return t;
  }();
  return built;
}

} // namespace tenon::sim::TENON_LANES
