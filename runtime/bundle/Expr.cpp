// Expressions are nodes in an order in which operands come first, so one pass
// over the table computes them all. The direct users of each symbol and node are
// listed once, at load; binding a symbol while a program runs follows them in
// the order of the table. Time and memory at load are linear in the table.
#include "runtime/bundle/Expr.h"

#include "runtime/support/Checked.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

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

namespace {

/// A length beyond which nobody reads, and a depth: a file may nest at will.
constexpr size_t textLimit = 400;
constexpr unsigned depthLimit = 100;

const char *functionName(ExprOp op) {
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

/// Writes expressions as formulas. Operations that are associative are written
/// with all their operands at once, so `max(max(a, b), a)` is "max(a, b)" and
/// `(a + -1) + b` is "a - 1 + b".
class Printer {
public:
  explicit Printer(const EntryPoint &entry) : entry(entry) {}

  std::string text;

  /// `factor`: inside a product, where a sum needs parentheses.
  void print(Expr expr, bool factor = false) {
    if (!enter())
      return;
    printNode(expr, factor);
    --depth;
  }

private:
  bool enter() {
    if (text.size() > textLimit)
      return false;
    if (depth < depthLimit)
      return ++depth;
    text += "...";
    return false;
  }

  void printNode(Expr expr, bool factor) {
    const ExprNode &node = entry.exprs[expr];
    switch (node.op) {
    case ExprOp::Constant:
      text += std::to_string(node.value);
      return;
    case ExprOp::Symbol:
      text += entry.symbols[node.a].name;
      return;
    case ExprOp::Add:
    case ExprOp::Sub:
      text += factor ? "(" : "";
      printSum(expr, true, false);
      text += factor ? ")" : "";
      return;
    case ExprOp::Mul:
      print(node.a, true);
      text += "*";
      print(node.b, true);
      return;
    default:
      printCall(node);
    }
  }

  void printSum(Expr expr, bool first, bool negated) {
    const ExprNode &node = entry.exprs[expr];
    if (!enter())
      return;
    if (!negated && (node.op == ExprOp::Add || node.op == ExprOp::Sub)) {
      printSum(node.a, first, false);
      printSum(node.b, false, node.op == ExprOp::Sub);
    } else {
      printTerm(expr, first, negated);
    }
    --depth;
  }

  /// `negated`: it is subtracted, and a sum needs parentheses.
  void printTerm(Expr expr, bool first, bool negated) {
    const ExprNode &node = entry.exprs[expr];
    bool minus = node.op == ExprOp::Constant && node.value < 0 && node.value != INT64_MIN;
    if (!first)
      text += minus != negated ? " - " : " + ";
    if (minus && !first)
      text += std::to_string(-node.value);
    else
      print(expr, negated);
  }

  void printCall(const ExprNode &node) {
    std::vector<Expr> operands;
    if (node.op == ExprOp::Max || node.op == ExprOp::Min) {
      collect(node, operands);
    } else {
      operands = {node.a, node.b};
    }
    text += std::string(functionName(node.op)) + "(";
    for (size_t i = 0; i < operands.size(); ++i) {
      text += i ? ", " : "";
      print(operands[i]);
    }
    text += ")";
  }

  /// The operands of nested minima or maxima, each once, in order.
  void collect(const ExprNode &root, std::vector<Expr> &operands) const {
    std::vector<Expr> todo = {root.b, root.a};
    std::vector<bool> seen(entry.exprs.size());
    while (!todo.empty()) {
      Expr expr = todo.back();
      todo.pop_back();
      if (seen[expr])
        continue;
      seen[expr] = true;
      const ExprNode &node = entry.exprs[expr];
      if (node.op == root.op)
        todo.insert(todo.end(), {node.b, node.a});
      else
        operands.push_back(expr);
    }
  }

  const EntryPoint &entry;
  unsigned depth = 0;
};

} // namespace

std::string exprText(const EntryPoint &entry, Expr expr) {
  Printer printer(entry);
  printer.print(expr);
  if (printer.text.size() > textLimit) {
    printer.text.resize(textLimit);
    printer.text += "...";
  }
  return printer.text;
}

/// Calls visit(source, node) for everything that each node reads: symbols count
/// first as sources, then nodes.
template <typename Visit>
static void visitOperands(const EntryPoint &entry, Visit visit) {
  size_t numSymbols = entry.symbols.size();
  for (size_t i = 0; i < entry.exprs.size(); ++i) {
    const ExprNode &node = entry.exprs[i];
    if (node.op == ExprOp::Constant)
      continue;
    if (node.op == ExprOp::Symbol) {
      visit(node.a, i);
      continue;
    }
    visit(numSymbols + node.a, i);
    if (node.b != node.a)
      visit(numSymbols + node.b, i);
  }
}

ExprValues::ExprValues(const EntryPoint &entry)
    : entry(entry), symbolValues(entry.symbols.size()), bound(entry.symbols.size()),
      values(entry.exprs.size()), states(entry.exprs.size()),
      firstUser(entry.symbols.size() + entry.exprs.size() + 1), isWaiting(entry.exprs.size()) {
  visitOperands(entry, [&](size_t source, uint32_t) { ++firstUser[source + 1]; });
  std::partial_sum(firstUser.begin(), firstUser.end(), firstUser.begin());
  users.resize(firstUser.back());
  std::vector<uint32_t> next(firstUser);
  visitOperands(entry, [&](size_t source, uint32_t node) { users[next[source]++] = node; });
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
  addUsers(symbol);
  while (!waiting.empty()) {
    std::pop_heap(waiting.begin(), waiting.end(), std::greater<>());
    uint32_t node = waiting.back();
    waiting.pop_back();
    isWaiting[node] = 0;
    int64_t oldValue = values[node];
    State oldState = states[node];
    compute(node);
    if (values[node] != oldValue || states[node] != oldState)
      addUsers(entry.symbols.size() + node);
  }
}

void ExprValues::addUsers(size_t source) {
  for (uint32_t i = firstUser[source]; i < firstUser[source + 1]; ++i) {
    if (std::exchange(isWaiting[users[i]], 1))
      continue;
    waiting.push_back(users[i]);
    std::push_heap(waiting.begin(), waiting.end(), std::greater<>());
  }
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
