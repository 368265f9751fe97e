// Evaluation of expressions over symbols, with checked arithmetic.
#pragma once

#include "runtime/bundle/Model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::bundle {

/// `a op b`; false where the result does not fit or divides by zero.
bool evaluateBinary(ExprOp op, int64_t a, int64_t b, int64_t &result);

/// The expression as a formula over the symbols' names: "ceildiv(2*seq + 1, 8)";
/// one that is very long is cut, with "..." at its end.
std::string exprText(const EntryPoint &entry, Expr expr);

/// Values of all expressions of an entry point, kept up to date as symbols are
/// bound: reading one costs a load, binding one recomputes what depends on it.
class ExprValues {
public:
  enum class State : uint8_t { Unbound, Bad, Known };

  explicit ExprValues(const EntryPoint &entry);

  /// Forgets all symbols; call recompute() when the new ones are bound.
  void clear();
  /// Binds a symbol and recomputes.
  void bind(uint32_t symbol, int64_t value);
  /// Binds without recomputing; call recompute() when done.
  void bindOnly(uint32_t symbol, int64_t value);
  void recompute();

  bool isBound(uint32_t symbol) const { return bound[symbol] != 0; }
  /// Symbol values in table order, as kernels get them.
  const std::vector<int64_t> &symbols() const { return symbolValues; }
  State state(Expr expr) const { return states[expr]; }
  int64_t value(Expr expr) const { return values[expr]; }

private:
  void compute(size_t index);
  void addUsers(size_t source);

  const EntryPoint &entry;
  std::vector<int64_t> symbolValues;
  std::vector<uint8_t> bound;
  std::vector<int64_t> values;
  std::vector<State> states;
  /// The nodes that read symbol s directly: users[firstUser[s], firstUser[s + 1]);
  /// those that read node n likewise, at numSymbols + n.
  std::vector<uint32_t> firstUser, users;
  /// Nodes to compute again, a heap with the least on top.
  std::vector<uint32_t> waiting;
  std::vector<uint8_t> isWaiting;
};

} // namespace tenon::bundle
