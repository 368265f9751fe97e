//===- Exec.cpp - registration and verifiers of the exec dialect ----------===//
//
// Verifiers carry the numbers of ExecOps.td.
//
//===----------------------------------------------------------------------===//
#include "dialects/exec/Exec.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon::exec;

#include "dialects/exec/ExecDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/exec/ExecTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/exec/ExecOps.cpp.inc"

void ExecDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/exec/ExecTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/exec/ExecOps.cpp.inc"
      >();
}

LogicalResult ProgramOp::verify() {
  size_t inputs = getInputTypes().size(), outputs = getOutputTypes().size();
  // program_c1
  if (getInputNames().size() != inputs || getOutputNames().size() != outputs)
    return emitOpError("has as many names as types of inputs and outputs [program_c1]");
  if (getBody().getNumArguments() != inputs + outputs)
    return emitOpError() << "has " << getBody().getNumArguments() << " arguments, expected "
                         << inputs + outputs << " [program_c1]";
  for (Attribute type :
       llvm::concat<const Attribute>(getInputTypes().getValue(), getOutputTypes().getValue()))
    if (!isa<RankedTensorType>(cast<TypeAttr>(type).getValue()))
      return emitOpError() << "has a tensor of type " << type << " [program_c1]";
  // program_c2
  SymbolsAttr symbols = getSymbols();
  return SymbolsAttr::verify([&] { return emitOpError("[program_c2] "); }, symbols.getNames(),
                             symbols.getMins(), symbols.getMaxs(), symbols.getSteps());
}

LogicalResult PlaceOp::verify() {
  // place_c1
  for (Value below : getAbove()) {
    auto place = below.getDefiningOp<PlaceOp>();
    if (!place || place.getArena() != getArena())
      return emitOpError("lies above a buffer that is not in the same arena [place_c1]");
  }
  return success();
}

LogicalResult LoopOp::verify() {
  // loop_c1
  if (getFrom().size() != getTo().size())
    return emitOpError() << "carries " << getFrom().size() << " buffers into " << getTo().size()
                         << " [loop_c1]";
  return success();
}
