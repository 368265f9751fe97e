// String and expression tables without duplicates.
#include "compiler/bundle/Builder.h"

#include "runtime/bundle/Expr.h"

namespace tenon::bundle {

String StringTable::get(std::string_view text) {
  if (auto it = indices.find(text); it != indices.end())
    return it->second;
  String index = bundle.strings.size();
  bundle.strings.emplace_back(text);
  indices.emplace(text, index);
  return index;
}

Expr ExprTable::insert(ExprNode node) {
  auto [it, isNew] = nodes.try_emplace({node.op, node.a, node.b, node.value}, entry.exprs.size());
  if (isNew)
    entry.exprs.push_back(node);
  return it->second;
}

Expr ExprTable::constant(int64_t value) { return insert({ExprOp::Constant, 0, 0, value}); }

Expr ExprTable::symbol(uint32_t index) { return insert({ExprOp::Symbol, index, 0, 0}); }

bool ExprTable::isConstant(Expr expr, int64_t &value) const {
  value = entry.exprs[expr].value;
  return entry.exprs[expr].op == ExprOp::Constant;
}

Expr ExprTable::binary(ExprOp op, Expr a, Expr b) {
  int64_t left, right, result;
  bool leftKnown = isConstant(a, left), rightKnown = isConstant(b, right);
  if (leftKnown && rightKnown && evaluateBinary(op, left, right, result))
    return constant(result);
  if (op == ExprOp::Add && ((leftKnown && left == 0) || (rightKnown && right == 0)))
    return leftKnown && left == 0 ? b : a;
  if (op == ExprOp::Mul && ((leftKnown && left == 1) || (rightKnown && right == 1)))
    return leftKnown && left == 1 ? b : a;
  if ((op == ExprOp::Max || op == ExprOp::Min) && a == b)
    return a;
  return insert({op, a, b, 0});
}

} // namespace tenon::bundle
