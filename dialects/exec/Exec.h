//===- Exec.h - the exec dialect --------------------------------*- C++ -*-===//
//
// The program that the runtime executes; see ExecOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_DIALECTS_EXEC_EXEC_H
#define TENON_DIALECTS_EXEC_EXEC_H

#include "dialects/tenon/Tenon.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace tenon::exec {
/// Places start at multiples of this many bytes in their arena.
constexpr int64_t kPlaceAlignment = 64;
} // namespace tenon::exec

#include "dialects/exec/ExecDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/exec/ExecTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/exec/ExecOps.h.inc"

#endif
