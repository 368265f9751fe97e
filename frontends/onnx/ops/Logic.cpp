//===- Logic.cpp - comparisons, booleans and bits -------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

template <typename Op> static void binary(Node &n) { n.set(0, n.b.map<Op>(n[0], n[1])); }
static void negation(Node &n) { n.set(0, n.b.logicalNot(n[0])); }

ArrayRef<OperatorEntry> getLogicOperators() {
  static const OperatorEntry entries[] = {
      {"And", binary<AndOp>},        {"Or", binary<OrOp>},
      {"Xor", binary<XorOp>},        {"Not", negation},
      {"BitwiseAnd", binary<AndOp>}, {"BitwiseOr", binary<OrOp>},
      {"BitwiseXor", binary<XorOp>}, {"BitwiseNot", negation},
      {"Equal", binary<EqOp>},       {"Less", binary<LtOp>},
      {"Greater", binary<GtOp>},     {"LessOrEqual", binary<LeOp>},
      {"GreaterOrEqual", binary<GeOp>}};
  return entries;
}

} // namespace tenon::onnximport
