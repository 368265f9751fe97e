// The three tables of one build, and the generic handlers of guarded, masked and
// tainted ops, which call an op's body with the lanes to write.
#include "sim/machine/exec/Taint.h"
#include "sim/machine/handlers/Handler.h"

namespace tenon::sim::TENON_LANES {

#define HANDLER(name, slots)                                                                       \
  TENON_HANDLER(full_##name);                          \
  void masked_##name(const Op *, uint8_t *, Warp *, uint32_t);
#define CONTROL(name, slots)
#include "sim/machine/handlers/Table.def"
TENON_HANDLER(full_Block);
TENON_HANDLER(masked_Block);
TENON_HANDLER(any_Jump);
TENON_HANDLER(any_Branch);
TENON_HANDLER(any_Control);
TENON_HANDLER(full_Barrier);

static const MaskedBody bodies[handlerCount] = {
#define HANDLER(name, slots) masked_##name,
#define CONTROL(name, slots) nullptr,
#include "sim/machine/handlers/Table.def"
};

static inline u32 guardOf(const Op *op, u8 *file) {
  u32 lanes = predicateOf(file, op->guard & ~negatedGuard);
  return op->guard & negatedGuard ? ~lanes : lanes;
}

TENON_HANDLER(anyMasked) {
  unsigned id = unsigned(plainHandler(op->handler));
  bodies[id](op, file, warp, warp->active);
  op += handlerSlots[id];
  TENON_CHOOSE_TABLE;
  TENON_NEXT;
}

TENON_HANDLER(anyGuarded) {
  unsigned id = op->handler - handlerCount;
  if (u32 mask = warp->active & guardOf(op, file))
    bodies[id](op, file, warp, mask);
  op += handlerSlots[id];
  TENON_CHOOSE_TABLE;
  TENON_NEXT;
}

/// While some register of the warp is tainted: what the op reads is looked at
/// before, what it writes marked after.
TENON_HANDLER(anyTainted) {
  bool guarded = isGuarded(op->handler);
  unsigned id = unsigned(plainHandler(op->handler));
  u32 mask = warp->active & (guarded ? guardOf(op, file) : allLanes);
  taintBefore(*warp, op, mask);
  if (mask) {
    bodies[id](op, file, warp, mask);
    taintAfter(*warp, op, HandlerId(id), mask);
  }
  op += handlerSlots[id];
  TENON_NEXT;
}

TENON_HANDLER(taintedBranch) {
  taintBefore(*warp, op, warp->active);
  [[clang::musttail]] return any_Branch(op, file, warp, table TENON_LAST);
}

static void enter(const Op *op, uint8_t *file, Warp *warp, const void *table) {
#if defined(__AVX512F__)
  Piece last0 = 0, last1 = 0;
#elif defined(__AVX2__)
  Piece last0 = 0, last1 = 0, last2 = 0, last3 = 0;
#endif
  reinterpret_cast<const Handler *>(table)[op->handler](op, file, warp, table TENON_LAST);
}

const HandlerTables &tables() {
  static const HandlerTables built = [] {
    HandlerTables t{};
    unsigned i = 0;
    auto add = [&](Handler full, Handler masked, Handler tainted, Handler guarded) {
      for (unsigned part = 0; part < tableParts; ++part) {
        unsigned at = i + part * handlerCount;
        t.full[at] = reinterpret_cast<const void *>(part == 1 ? guarded : full);
        t.masked[at] = reinterpret_cast<const void *>(part == 1 ? guarded : masked);
        t.tainted[at] = reinterpret_cast<const void *>(tainted);
      }
      ++i;
    };
#define HANDLER(name, slots) add(full_##name, anyMasked, anyTainted, anyGuarded);
#define CONTROL(name, slots) add(any_Control, any_Control, any_Control, any_Control);
#include "sim/machine/handlers/Table.def"
    auto set = [&](HandlerId id, Handler full, Handler masked, Handler tainted) {
      t.full[unsigned(id)] = reinterpret_cast<const void *>(full);
      t.masked[unsigned(id)] = reinterpret_cast<const void *>(masked);
      t.tainted[unsigned(id)] = reinterpret_cast<const void *>(tainted);
    };
    set(HandlerId::Block, full_Block, masked_Block, masked_Block);
    set(HandlerId::Jump, any_Jump, any_Jump, any_Jump);
    set(HandlerId::Barrier, full_Barrier, any_Control, any_Control);
    set(HandlerId::Branch, any_Branch, any_Branch, taintedBranch);
    addCarried(t);
    t.enter = enter;
#define TENON_STRING(x) #x
#define TENON_NAME(x) TENON_STRING(x)
    t.name = TENON_NAME(TENON_LANES);
    return t;
  }();
  return built;
}

} // namespace tenon::sim::TENON_LANES
