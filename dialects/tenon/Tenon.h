//===- Tenon.h - the tenon dialect ------------------------------*- C++ -*-===//
//
// Include this for the dialect, its attributes and its operations.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_TENON_H
#define TENON_DIALECTS_TENON_TENON_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/tenon/DimExpr.h"
#include "dialects/tenon/FactorRule.h"
#include "dialects/tenon/Scalar.h"

#include "dialects/tenon/TenonDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/tenon/TenonAttrs.h.inc"
#include "dialects/tenon/TenonInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/tenon/TenonOps.h.inc"

#endif // TENON_DIALECTS_TENON_TENON_H
