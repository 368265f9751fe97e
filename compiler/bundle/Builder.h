// Helpers to fill a bundle: strings and expressions without duplicates.
#pragma once

#include "runtime/bundle/Model.h"

#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace tenon::bundle {

/// The bundle's string table.
class StringTable {
public:
  explicit StringTable(Bundle &bundle) : bundle(bundle) {}
  String get(std::string_view text);

private:
  Bundle &bundle;
  std::map<std::string, String, std::less<>> indices;
};

/// An entry point's expression table. Equal expressions share a node and
/// operations on constants are done at once where they do not overflow:
/// mul(constant(2), constant(3)) is constant(6).
class ExprTable {
public:
  explicit ExprTable(EntryPoint &entry) : entry(entry) {}
  Expr constant(int64_t value);
  Expr symbol(uint32_t index);
  Expr binary(ExprOp op, Expr a, Expr b);
  Expr add(Expr a, Expr b) { return binary(ExprOp::Add, a, b); }
  Expr mul(Expr a, Expr b) { return binary(ExprOp::Mul, a, b); }
  Expr max(Expr a, Expr b) { return binary(ExprOp::Max, a, b); }
  /// The value of a constant expression.
  bool isConstant(Expr expr, int64_t &value) const;

private:
  Expr insert(ExprNode node);

  EntryPoint &entry;
  std::map<std::tuple<ExprOp, uint32_t, uint32_t, int64_t>, Expr> nodes;
};

} // namespace tenon::bundle
