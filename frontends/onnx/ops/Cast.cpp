//===- Cast.cpp - conversions of element types ----------------------------===//

#include "frontends/onnx/Node.h"

using namespace mlir;
namespace tenon::onnximport {

static void cast(Node &n) {
  Type to = n.getType("to");
  if (!to)
    refuse("attribute 'to' is missing");
  n.set(0, n.b.cast(n[0], to));
}
static void castLike(Node &n) { n.set(0, n.b.cast(n[0], n.elementType(1))); }

ArrayRef<OperatorEntry> getCastOperators() {
  static const OperatorEntry entries[] = {{"Cast", cast}, {"CastLike", castLike}};
  return entries;
}

} // namespace tenon::onnximport
