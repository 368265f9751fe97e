// From draft functions to the program that runs.
//
// 1. Blocks of each function go into priority order; a Block op starts each.
// 2. Registers get rows: one interval per register over that order, rows shared
//    by intervals that do not meet (linear scan). Every function has its own rows.
// 3. Ops are written with rows and relative branch targets.
#include "sim/machine/code/Draft.h"
#include "sim/machine/code/MemoryShape.h"
#include <algorithm>
#include <bit>
#include <optional>
#include <set>

namespace tenon::sim {
namespace {

struct Interval {
  uint32_t reg = 0, first = noIndex, last = 0;
};

/// Free rows of one class; hands out the lowest.
class RowPool {
public:
  RowPool(uint32_t start, uint32_t step) : next(start), step(step) {}
  uint32_t take() {
    if (!free.empty()) {
      uint32_t row = *free.begin();
      free.erase(free.begin());
      return row;
    }
    uint32_t row = next;
    next += step;
    return row;
  }
  void give(uint32_t row) { free.insert(row); }
  uint32_t end() const { return next; }

private:
  uint32_t next, step;
  std::set<uint32_t> free;
};

class Lowering {
public:
  explicit Lowering(Draft &draft) : draft(draft), program(*draft.program) {}

  void run() {
    program.sites.resize(std::max<size_t>(program.sites.size(), 1));
    predicates = 1; // number 0 is always true
    placePresets();
    for (size_t f = 0; f < draft.functions.size(); ++f)
      placeFunction(f);
    predicateRows = (predicates + 31) / 32;
    program.rows = rows + predicateRows;
    for (PresetRow &row : program.presets)
      row.row = uint16_t(rowOf(draft.presetRegisters[size_t(&row - program.presets.data())]));
    for (size_t f = 0; f < draft.functions.size(); ++f)
      writeFunction(f);
    finish();
  }

private:
  void placePresets() {
    for (uint32_t reg : draft.presetRegisters) {
      VirtualRegister &v = draft.registers[reg];
      v.row = v.bits == 1 ? predicates++ : rows;
      rows += v.bits == 1 ? 0 : v.bits / 32;
    }
  }

  /// Final row of a register, or the number of a predicate.
  uint32_t rowOf(uint32_t reg) const {
    const VirtualRegister &v = draft.registers[reg];
    return v.bits == 1 ? v.row : v.row + predicateRows;
  }

  std::vector<Interval> intervals(const DraftFunction &function) {
    std::vector<Interval> byReg(draft.registers.size());
    auto touch = [&](uint32_t reg, uint32_t at) {
      byReg[reg].first = std::min(byReg[reg].first, at);
      byReg[reg].last = std::max(byReg[reg].last, at);
    };
    uint32_t at = 1;
    for (uint32_t b : order) {
      uint32_t start = at;
      for (uint32_t i = blocks[b].first; i < blocks[b].last; ++i, at += 2)
        for (const DraftUse &use : function.ops[i].uses) {
          touch(use.reg, use.write ? at + 1 : at);
          if (function.ops[i].id == HandlerId::Extended) // may write before it has read all
            touch(use.reg, use.write ? at : at + 1);
        }
      const auto &out = liveness.liveOut[b];
      for (size_t w = 0; w < out.size(); ++w)
        for (uint64_t bits = out[w]; bits; bits &= bits - 1)
          touch(uint32_t(w * 64 + size_t(std::countr_zero(bits))), at);
      const auto &in = liveness.liveIn[b];
      for (size_t w = 0; w < in.size(); ++w)
        for (uint64_t bits = in[w]; bits; bits &= bits - 1)
          touch(uint32_t(w * 64 + size_t(std::countr_zero(bits))), start);
    }
    std::vector<Interval> result;
    std::set<uint32_t> preset(draft.presetRegisters.begin(), draft.presetRegisters.end());
    for (uint32_t r = 0; r < byReg.size(); ++r)
      if (byReg[r].first != noIndex && !preset.count(r)) {
        byReg[r].reg = r;
        result.push_back(byReg[r]);
      }
    std::sort(result.begin(), result.end(),
              [](const Interval &a, const Interval &b) { return a.first < b.first; });
    return result;
  }

  void placeFunction(size_t f) {
    DraftFunction &function = draft.functions[f];
    FunctionCode &code = program.functions[f];
    blocks = findBlocks(function);
    order = priorityOrder(blocks);
    liveness = findLiveness(draft, function, blocks);
    allBlocks.push_back(blocks);
    allOrders.push_back(order);
    code.firstPredicate = uint16_t(predicates);
    uint32_t start = rows;
    RowPool narrow(0, 1), wide(0, 2), predicate(predicates, 1);
    struct Active {
      uint32_t last, reg;
      bool operator<(const Active &o) const { return std::tie(last, reg) < std::tie(o.last, o.reg); }
    };
    std::set<Active> active;
    for (uint32_t r : liveness.maybeUnset)
      draft.registers[r].shared = false;
    for (const Interval &i : intervals(function)) {
      while (!active.empty() && active.begin()->last < i.first) {
        VirtualRegister &v = draft.registers[active.begin()->reg];
        (v.bits == 1 ? predicate : v.bits == 64 ? wide : narrow).give(v.row);
        active.erase(active.begin());
      }
      VirtualRegister &v = draft.registers[i.reg];
      v.row = (v.bits == 1 ? predicate : v.bits == 64 ? wide : narrow).take();
      if (v.shared)
        active.insert({i.last, i.reg});
      owned.push_back(i.reg);
    }
    // Wide rows first, then narrow ones.
    for (uint32_t reg : owned) {
      VirtualRegister &v = draft.registers[reg];
      if (v.bits != 1)
        v.row += start + (v.bits == 32 ? wide.end() : 0);
    }
    owned.clear();
    rows = start + wide.end() + narrow.end();
    predicates = predicate.end();
    code.firstRow = uint16_t(start);
    code.wideRows = uint16_t(wide.end());
    code.rows = uint16_t(rows - start);
    code.predicates = uint16_t(predicates - code.firstPredicate);
    program.registersPerThread = std::max(program.registersPerThread, rows - start);
    unset.insert(unset.end(), liveness.maybeUnset.begin(), liveness.maybeUnset.end());
    bool spins = loopHas(function, blocks, [](const DraftOp &op) {
      bool memory = op.id == HandlerId::LoadGlobal || op.id == HandlerId::LoadOther ||
                    op.id == HandlerId::LoadShared;
      return op.id == HandlerId::Atomic || (memory && (op.slots[1].guard >> 9 & 1));
    });
    if (spins)
      program.turnLength = 64;
  }

  void append(const Op &op, const DraftOp &from, uint32_t function) {
    program.ops.push_back(op);
    OpInfo info;
    info.line = from.line;
    info.location = from.location;
    info.block = uint32_t(program.blocks.size() - 1);
    info.function = function;
    program.info.push_back(info);
  }

  void setField(DraftOp &op, const DraftUse &use) {
    uint16_t row = uint16_t(rowOf(use.reg));
    switch (use.field) {
    case Field::D: op.slots[0].d = row; break;
    case Field::A: op.slots[0].a = row; break;
    case Field::B: op.slots[0].b = row; break;
    case Field::C: op.slots[0].c = row; break;
    case Field::Guard: op.slots[0].guard = uint16_t(row | (op.guardNegated ? negatedGuard : 0)); break;
    case Field::D2: op.slots[1].d = row; break;
    case Field::A2: op.slots[1].a = row; break;
    case Field::B2: op.slots[1].b = row; break;
    case Field::C2: op.slots[1].c = row; break;
    case Field::Operand:
      program.extended[size_t(op.extended)]->operands[use.operand].reg = row;
      break;
    }
  }

  /// An op that reads the row just written takes it from registers. Blocks begin
  /// with an op that leaves nothing there.
  void carryResult(Op &op, HandlerId id, bool guarded) {
    uint8_t rows = guarded ? 0 : narrowRows(id);
    const uint16_t sources[] = {op.a, op.b, op.c};
    for (unsigned k = 0; k < 3; ++k)
      if (lastRow && rows >> (k + 1) & 1 && sources[k] == *lastRow) {
        op.handler = carriedHandler(id, k + 1);
        break;
      }
    lastRow = rows & 1 ? std::optional(op.d) : std::nullopt;
  }

  /// A plain global access whose address register another one of its width has used in
  /// the same run of ops without control is told so (Op::d): how the addresses lie is
  /// then known.
  void carryAddress(DraftOp &op, bool guarded) {
    bool kind = (op.id > HandlerId::LoadGlobal && op.id < HandlerId::StoreGlobal) ||
                (op.id > HandlerId::StoreGlobal && op.id < HandlerId::LoadShared);
    bool plain = kind && !guarded;
    std::pair<uint16_t, unsigned> access{op.slots[0].a, MemoryShape::unpack(op.slots[1].guard).bytes()};
    if (plain)
      op.slots[0].d = addresses.count(access);
    for (const DraftUse &use : op.uses)
      if (use.write)
        std::erase_if(addresses, [&](const auto &known) { return known.first == rowOf(use.reg); });
    if (op.id >= HandlerId::Block)
      addresses.clear();
    else if (plain && addresses.size() < 8 && !writesRow(op, access.first))
      addresses.insert(access);
  }

  bool writesRow(const DraftOp &op, uint16_t row) const {
    return std::any_of(op.uses.begin(), op.uses.end(),
                       [&](const DraftUse &use) { return use.write && rowOf(use.reg) == row; });
  }

  void writeOp(DraftOp &op, uint32_t function) {
    bool control = op.id >= HandlerId::Block;
    bool guarded = op.guarded && !control;
    op.slots[0].handler = guarded ? guardedHandler(op.id) : uint16_t(op.id);
    if (op.id == HandlerId::Extended)
      op.slots[0].imm = op.extended;
    uint32_t index = uint32_t(program.ops.size()), firstUse = uint32_t(program.uses.size());
    for (const DraftUse &use : op.uses) {
      setField(op, use);
      program.uses.push_back({rowOf(use.reg), draft.registers[use.reg].bits, use.write,
                              use.effect || use.field == Field::Guard});
    }
    carryResult(op.slots[0], op.id, guarded);
    carryAddress(op, guarded);
    append(op.slots[0], op, function);
    bool memory = op.id >= HandlerId::LoadGlobal && op.id <= HandlerId::Atomic;
    if (op.id == HandlerId::Extended) {
      program.extendedSites[index] = program.extended[size_t(op.extended)]->site = uint32_t(program.sites.size());
      program.sites.push_back({index});
    } else if (memory) {
      program.sites[op.slots[1].handler].op = index;
    }
    program.info[index].firstUse = firstUse;
    program.info[index].uses = uint16_t(program.uses.size() - firstUse);
    if (handlerSlots[unsigned(op.id)] == 2)
      append(op.slots[1], op, function);
  }

  void startBlock(const DraftFunction &function, const DraftBlock &block, uint32_t f) {
    program.blocks.emplace_back();
    BasicBlock &b = program.blocks.back();
    b.firstOp = uint32_t(program.ops.size());
    for (uint32_t i = block.first; i < block.last; ++i)
      if (function.ops[i].first) {
        ++b.instructions;
        ++b.mix[unsigned(function.ops[i].instructionClass)];
      }
    Op op;
    op.handler = uint16_t(HandlerId::Block);
    op.imm = int32_t(program.blocks.size() - 1);
    op.d = uint16_t(std::min<uint32_t>(b.instructions, 0xffff));
    append(op, function.ops[block.first], f);
    lastRow.reset();
    addresses.clear();
  }

  void writeFunction(size_t f) {
    DraftFunction &function = draft.functions[f];
    const auto &functionBlocks = allBlocks[f];
    const auto &functionOrder = allOrders[f];
    std::vector<uint32_t> startOf(functionBlocks.size(), noIndex);
    std::vector<std::pair<uint32_t, uint32_t>> jumps; // op index -> block
    std::vector<uint32_t> blockAt(function.ops.size() + 1, noIndex);
    for (uint32_t b = 0; b < functionBlocks.size(); ++b)
      blockAt[functionBlocks[b].first] = b;
    program.functions[f].entry = uint32_t(program.ops.size());
    for (size_t n = 0; n < functionOrder.size(); ++n) {
      uint32_t b = functionOrder[n];
      const DraftBlock &block = functionBlocks[b];
      startOf[b] = uint32_t(program.ops.size());
      startBlock(function, block, uint32_t(f));
      for (uint32_t i = block.first; i < block.last; ++i) {
        DraftOp &op = function.ops[i];
        uint32_t at = uint32_t(program.ops.size());
        writeOp(op, uint32_t(f));
        if (op.first)
          program.blocks.back().instructionOps.push_back(at);
        if (op.label != noIndex)
          jumps.push_back({at, blockAt[function.labels[op.label]]});
        if (op.table >= 0) {
          program.ops[at].imm = int32_t(program.branchTables.size());
          program.branchTables.emplace_back();
          for (uint32_t label : function.tables[size_t(op.table)])
            program.branchTables.back().push_back(int32_t(blockAt[function.labels[label]]));
          tablesOfFunction.push_back(program.branchTables.size() - 1);
        }
      }
      const DraftOp &end = function.ops[block.last - 1];
      bool falls = end.fallsThrough() && block.last < function.ops.size();
      uint32_t next = n + 1 < functionOrder.size() ? functionOrder[n + 1] : noIndex;
      if (falls && blockAt[block.last] != next) {
        Op jump;
        jump.handler = uint16_t(HandlerId::Jump);
        jumps.push_back({uint32_t(program.ops.size()), blockAt[block.last]});
        append(jump, end, uint32_t(f));
      }
    }
    for (auto [at, block] : jumps)
      program.ops[at].imm = int32_t(startOf[block]) - int32_t(at);
    for (size_t t : tablesOfFunction)
      for (int32_t &entry : program.branchTables[t])
        entry = int32_t(startOf[uint32_t(entry)]);
    tablesOfFunction.clear();
  }

  void finish() {
    for (FunctionCode &code : program.functions)
      code.firstRow = uint16_t(code.firstRow + predicateRows);
    for (uint32_t reg : unset)
      program.maybeUnset.push_back({rowOf(reg), draft.registers[reg].bits});
    program.localBytes = program.functions[0].frameBytes;
    program.registersPerThread = std::clamp(program.registersPerThread + 8, 16u, 255u);
    markRecursion();
  }

  /// A function that can reach itself through calls is recursive; an indirect
  /// call may reach all.
  void markRecursion() {
    size_t n = program.functions.size();
    std::vector<std::set<uint32_t>> reach(n);
    for (const CallSite &site : program.calls) {
      if (site.function != noIndex)
        reach[site.caller].insert(site.function);
      else if (site.builtin == CallSite::Builtin::None)
        for (uint32_t f = 1; f < n; ++f)
          reach[site.caller].insert(f);
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t f = 0; f < n; ++f)
        for (uint32_t g : std::set<uint32_t>(reach[f]))
          for (uint32_t h : reach[g])
            changed |= reach[f].insert(h).second;
    }
    for (size_t f = 0; f < n; ++f)
      program.functions[f].recursive = reach[f].count(uint32_t(f)) != 0;
  }

  Draft &draft;
  Program &program;
  uint32_t rows = 0, predicates = 0, predicateRows = 0;
  std::vector<DraftBlock> blocks;
  std::vector<uint32_t> order;
  Liveness liveness;
  std::vector<std::vector<DraftBlock>> allBlocks;
  std::vector<std::vector<uint32_t>> allOrders;
  std::vector<uint32_t> owned, unset;
  std::vector<size_t> tablesOfFunction;
  std::optional<uint16_t> lastRow; // the last op's 32-bit result, where it is in registers
  std::set<std::pair<uint16_t, unsigned>> addresses; // rows and widths of accesses in this run
};

} // namespace

void lower(Draft &draft) { Lowering(draft).run(); }

} // namespace tenon::sim
