//===- Dialect.cpp - registration of the tenon dialect --------------------===//
//
// Pulls in what ODS generates for the dialect, its attributes, enums,
// interfaces and operations.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/Detail.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/tenon/TenonDialect.cpp.inc"
#include "dialects/tenon/TenonEnums.cpp.inc"
#include "dialects/tenon/TenonInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/tenon/TenonAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/tenon/TenonOps.cpp.inc"

namespace tenon {

void TenonDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/tenon/TenonAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/tenon/TenonOps.cpp.inc"
      >();
}

Operation *TenonDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                             Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements ? ConstantOp::create(builder, loc, type, elements).getOperation() : nullptr;
}

} // namespace tenon
