// Marks of unset bytes, carried from sources to results. Moves, logic and packing
// keep them apart by byte; other ops spread them over the whole result.
#include "sim/machine/exec/Taint.h"
#include "sim/machine/code/Program.h"
#include "sim/machine/exec/Access.h"

namespace tenon::sim {

uint32_t TaintState::lanes(const RegisterUse &use) const {
  if (use.bits == 1)
    return predicates[use.reg];
  uint32_t unset = 0;
  for (unsigned r = 0; r < use.bits / 32u; ++r)
    for (uint32_t byte : rows[use.reg + r])
      unset |= byte;
  return unset;
}

void TaintState::set(const RegisterUse &use, uint32_t mask, uint32_t unset) {
  auto put = [&](uint32_t &word) { word = (word & ~mask) | (unset & mask); };
  if (use.bits == 1)
    return put(predicates[use.reg]);
  for (unsigned r = 0; r < use.bits / 32u; ++r)
    for (uint32_t &byte : rows[use.reg + r])
      put(byte);
}

bool TaintState::any() const {
  uint32_t unset = 0;
  for (const auto &row : rows)
    unset |= row[0] | row[1] | row[2] | row[3];
  for (uint32_t p : predicates)
    unset |= p;
  return unset != 0;
}

TaintState &startTaint(Warp &warp, Kind kind, uint32_t op, uint64_t address) {
  if (!warp.taint) {
    warp.taint = std::make_unique<TaintState>();
    warp.taint->rows.resize(warp.program->rows + 4);
    warp.taint->predicates.resize(warp.program->rows * 32 + 32);
  }
  // Registers that nothing sets may stay marked for ever: memory that is read unset tells more.
  if (!warp.tainted || (kind == Kind::UninitialisedMemory && warp.taint->kind != kind)) {
    warp.taint->kind = kind;
    warp.taint->causeOp = op;
    warp.taint->causeAddress = address;
    warp.tainted = true;
  }
  return *warp.taint;
}

void dropTaint(Warp &warp) {
  if (warp.tainted && !warp.taint->any())
    warp.tainted = false;
}

/// Ops whose guard decides about more than a register.
static bool hasSideEffect(HandlerId id) {
  return id >= HandlerId::Block || (id >= HandlerId::LoadGlobal && id <= HandlerId::Atomic);
}

static HandlerId idOf(const Op *op) {
  return plainHandler(op->handler);
}

static void reportUnset(Warp &warp, const Op *op, const RegisterUse &use, uint32_t lanes) {
  TaintState &taint = *warp.taint;
  const OpInfo &cause = warp.program->info[taint.causeOp];
  std::string what = use.bits == 1 ? "a condition" : "an address";
  std::string message = taint.kind == Kind::UninitialisedMemory
                            ? what + " depends on memory that was never written, read at line " +
                                  std::to_string(cause.line) + " of the PTX"
                            : what + " depends on a register that was never set";
  warp.current = op;
  report(warp, taint.kind, unsigned(__builtin_ctz(lanes)), taint.causeAddress, message);
  taint.set(use, allLanes, 0);
}

void taintBefore(Warp &warp, const Op *op, uint32_t mask) {
  const OpInfo &info = warp.program->info[warp.program->indexOf(op)];
  bool effect = hasSideEffect(idOf(op));
  for (unsigned i = 0; i < info.uses; ++i) {
    const RegisterUse &use = warp.program->uses[info.firstUse + i];
    if (use.write || !use.sideEffect || !effect)
      continue;
    uint32_t lanes = warp.taint->lanes(use) & (use.bits == 1 ? warp.active : mask);
    if (lanes)
      reportUnset(warp, op, use, lanes);
  }
}

namespace {

using Bytes = std::array<uint32_t, 4>;

/// Bytes that an `and` with `value` keeps, as lane masks. A byte kept in part
/// beside one kept whole is the mask of a bit-field's update: the field is set
/// next, and marks by byte cannot tell its bits from their neighbours'.
Bytes keptBytes(const uint32_t *value) {
  Bytes bytes{};
  for (unsigned lane = 0; lane < laneCount; ++lane) {
    uint32_t v = value[lane];
    bool field = (v & 0xff) == 0xff || (v >> 8 & 0xff) == 0xff || (v >> 16 & 0xff) == 0xff ||
                 v >> 24 == 0xff;
    for (unsigned b = 0; b < 4; ++b) {
      uint32_t byte = v >> (8 * b) & 0xff;
      bytes[b] |= uint32_t(field ? byte == 0xff : byte != 0) << lane;
    }
  }
  return bytes;
}

void put(Bytes &to, const Bytes &from, uint32_t mask) {
  for (unsigned b = 0; b < 4; ++b)
    to[b] = (to[b] & ~mask) | (from[b] & mask);
}

Bytes either(const Bytes &a, const Bytes &b) {
  return {a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]};
}

/// An unset byte of one side matters only where the other side keeps it.
Bytes andBytes(const Bytes &a, const uint32_t *aValue, const Bytes &b, const uint32_t *bValue) {
  Bytes an = keptBytes(aValue), bn = keptBytes(bValue), result;
  for (unsigned k = 0; k < 4; ++k)
    result[k] = (a[k] & (bn[k] | b[k])) | (b[k] & (an[k] | a[k]));
  return result;
}

/// Ops whose marks stay apart by byte; false for all others.
bool byBytes(Warp &warp, const Op *op, HandlerId id, uint32_t mask) {
  using H = HandlerId;
  auto &rows = warp.taint->rows;
  if (id == H::PAnd || id == H::POr) {
    // A set operand that decides makes the result set. A source that was overwritten counts as undecided.
    auto &marks = warp.taint->predicates;
    uint32_t ta = marks[op->a], tb = marks[op->b], undecided = id == H::PAnd ? allLanes : 0;
    uint32_t va = op->a == op->d ? undecided : warp.predicate(op->a);
    uint32_t vb = op->b == op->d ? undecided : warp.predicate(op->b);
    if (id == H::POr)
      va = ~va, vb = ~vb;
    uint32_t unset = (ta & (tb | vb)) | (tb & (ta | va));
    marks[op->d] = (marks[op->d] & ~mask) | (unset & mask);
    return true;
  }
  Bytes a = rows[op->a], b = rows[op->b];
  const Bytes none{};
  switch (id) {
  case H::Mov32: case H::NotB32: case H::NegF32: case H::AbsF32:
    put(rows[op->d], a, mask);
    return true;
  case H::Mov64: case H::NotB64: case H::NegF64: case H::AbsF64: {
    Bytes high = rows[op->a + 1u];
    put(rows[op->d], a, mask);
    put(rows[op->d + 1u], high, mask);
    return true;
  }
  case H::AndB32:
    put(rows[op->d], andBytes(a, warp.row(op->a), b, warp.row(op->b)), mask);
    return true;
  case H::AndB64: {
    // As 32-bit halves; the values lie side by side in each lane.
    uint32_t halves[2][2][laneCount];
    for (unsigned lane = 0; lane < laneCount; ++lane)
      for (unsigned h = 0; h < 2; ++h) {
        halves[0][h][lane] = uint32_t(warp.row64(op->a)[lane] >> (32 * h));
        halves[1][h][lane] = uint32_t(warp.row64(op->b)[lane] >> (32 * h));
      }
    Bytes low = andBytes(a, halves[0][0], b, halves[1][0]);
    Bytes high = andBytes(rows[op->a + 1u], halves[0][1], rows[op->b + 1u], halves[1][1]);
    put(rows[op->d], low, mask);
    put(rows[op->d + 1u], high, mask);
    return true;
  }
  case H::OrB64: case H::XorB64: {
    Bytes high = either(rows[op->a + 1u], rows[op->b + 1u]);
    put(rows[op->d], either(a, b), mask);
    put(rows[op->d + 1u], high, mask);
    return true;
  }
  case H::OrB32: case H::XorB32:
    put(rows[op->d], either(a, b), mask);
    return true;
  case H::Low32:
    put(rows[op->d], a, mask);
    return true;
  case H::High32:
    put(rows[op->d], rows[op->a + 1u], mask);
    return true;
  case H::Pack64:
    put(rows[op->d], a, mask);
    put(rows[op->d + 1u], b, mask);
    return true;
  case H::ZeroExtend32:
    put(rows[op->d], a, mask);
    put(rows[op->d + 1u], none, mask);
    return true;
  case H::Low16: case H::High16: {
    unsigned from = id == H::High16 ? 2 : 0;
    put(rows[op->d], {a[from], a[from + 1], 0, 0}, mask);
    return true;
  }
  case H::Pack32:
    put(rows[op->d], {a[0], a[1], b[0], b[1]}, mask);
    return true;
  case H::ZeroExtend8:
    put(rows[op->d], {a[0], 0, 0, 0}, mask);
    return true;
  case H::Select32: {
    uint32_t chosen = warp.predicate(op->c), unset = warp.taint->predicates[op->c];
    Bytes result;
    for (unsigned k = 0; k < 4; ++k)
      result[k] = (a[k] & chosen) | (b[k] & ~chosen) | unset;
    put(rows[op->d], result, mask);
    return true;
  }
  default:
    return false;
  }
}

bool isMemory(HandlerId id) { return id >= HandlerId::LoadGlobal && id <= HandlerId::StoreOther; }

} // namespace

void taintAfter(Warp &warp, const Op *op, HandlerId id, uint32_t mask) {
  if (!warp.tainted || isMemory(id)) // loads and stores mark on their own
    return;
  const OpInfo &info = warp.program->info[warp.program->indexOf(op)];
  const RegisterUse *uses = warp.program->uses.data() + info.firstUse;
  bool guarded = isGuarded(op->handler);
  if (!guarded && byBytes(warp, op, id, mask))
    return;
  uint32_t unset = 0;
  for (unsigned i = 0; i < info.uses; ++i)
    if (!uses[i].write)
      unset |= warp.taint->lanes(uses[i]);
  if (id == HandlerId::Atomic) // what memory held is set
    unset = 0;
  for (unsigned i = 0; i < info.uses; ++i)
    if (uses[i].write)
      warp.taint->set(uses[i], mask, unset);
}

void ExtendedOp::propagateTaint(Warp &warp, uint32_t mask) const {
  for (const RegisterUse &use : operands)
    if (use.write)
      warp.taint->set(use, mask, 0);
}

} // namespace tenon::sim
