// Expressions are nodes in an order in which operands come first, so one pass
// over the table computes them all. Per symbol the nodes that depend on it are
// listed once, at load, for symbols that are bound while a program runs.
#include "runtime/bundle/Expr.h"

#include "runtime/support/Checked.h"

#include <algorithm>

namespace tenon::bundle {

bool evaluateBinary(ExprOp op, int64_t a, int64_t b, int64_t &result) {
  switch (op) {
  case ExprOp::Add:
    return checkedAdd(a, b, result);
  case ExprOp::Sub:
    return checkedSub(a, b, result);
  case ExprOp::Mul:
    return checkedMul(a, b, result);
  case ExprOp::FloorDiv:
    return checkedFloorDiv(a, b, result);
  case ExprOp::CeilDiv:
    return checkedCeilDiv(a, b, result);
  case ExprOp::Mod:
    return checkedMod(a, b, result);
  case ExprOp::Min:
    result = std::min(a, b);
    return true;
  case ExprOp::Max:
    result = std::max(a, b);
    return true;
  case ExprOp::Constant:
  case ExprOp::Symbol:
    break;
  }
  return false;
}

static const char *infix(ExprOp op) {
  return op == ExprOp::Add ? "+" : op == ExprOp::Sub ? "-" : op == ExprOp::Mul ? "*" : nullptr;
}

static const char *prefix(ExprOp op) {
  switch (op) {
  case ExprOp::FloorDiv:
    return "floordiv";
  case ExprOp::CeilDiv:
    return "ceildiv";
  case ExprOp::Mod:
    return "mod";
  case ExprOp::Min:
    return "min";
  default:
    return "max";
  }
}

/// A length beyond which nobody reads.
static constexpr size_t textLimit = 400;

/// Appends the text of `expr`; stops somewhere past the limit.
static void appendText(const EntryPoint &entry, Expr expr, bool inner, std::string &text) {
  if (text.size() > textLimit)
    return;
  const ExprNode &node = entry.exprs[expr];
  if (node.op == ExprOp::Constant) {
    text += std::to_string(node.value);
    return;
  }
  if (node.op == ExprOp::Symbol) {
    text += entry.symbols[node.a].name;
    return;
  }
  const char *between = infix(node.op);
  text += between ? (inner ? "(" : "") : std::string(prefix(node.op)) + "(";
  appendText(entry, node.a, between != nullptr, text);
  text += between ? between : ", ";
  appendText(entry, node.b, between != nullptr, text);
  text += between ? (inner ? ")" : "") : ")";
}

std::string exprText(const EntryPoint &entry, Expr expr) {
  std::string text;
  appendText(entry, expr, false, text);
  if (text.size() > textLimit) {
    text.resize(textLimit);
    text += "...";
  }
  return text;
}

ExprValues::ExprValues(const EntryPoint &entry)
    : entry(entry), symbolValues(entry.symbols.size()), bound(entry.symbols.size()),
      values(entry.exprs.size()), states(entry.exprs.size()), dependents(entry.symbols.size()) {
  for (size_t symbol = 0; symbol < entry.symbols.size(); ++symbol) {
    std::vector<bool> depends(entry.exprs.size());
    for (size_t i = 0; i < entry.exprs.size(); ++i) {
      const ExprNode &node = entry.exprs[i];
      if (node.op == ExprOp::Constant)
        continue;
      depends[i] =
          node.op == ExprOp::Symbol ? node.a == symbol : depends[node.a] || depends[node.b];
      if (depends[i])
        dependents[symbol].push_back(i);
    }
  }
  clear();
  recompute();
}

void ExprValues::clear() {
  for (size_t i = 0; i < symbolValues.size(); ++i) {
    symbolValues[i] = entry.symbols[i].min;
    bound[i] = 0;
  }
}

void ExprValues::bindOnly(uint32_t symbol, int64_t value) {
  symbolValues[symbol] = value;
  bound[symbol] = 1;
}

void ExprValues::bind(uint32_t symbol, int64_t value) {
  bindOnly(symbol, value);
  for (uint32_t index : dependents[symbol])
    compute(index);
}

void ExprValues::recompute() {
  for (size_t i = 0; i < values.size(); ++i)
    compute(i);
}

void ExprValues::compute(size_t index) {
  const ExprNode &node = entry.exprs[index];
  if (node.op == ExprOp::Constant) {
    values[index] = node.value;
    states[index] = State::Known;
  } else if (node.op == ExprOp::Symbol) {
    values[index] = symbolValues[node.a];
    states[index] = bound[node.a] ? State::Known : State::Unbound;
  } else if (states[node.a] != State::Known || states[node.b] != State::Known) {
    states[index] = std::min(states[node.a], states[node.b]);
  } else {
    bool good = evaluateBinary(node.op, values[node.a], values[node.b], values[index]);
    states[index] = good ? State::Known : State::Bad;
  }
}

} // namespace tenon::bundle
