//===- TenonBase.td - what all operations share ----------------------------===//

#ifndef TENON_BASE
#define TENON_BASE

include "dialects/tenon/TenonAttrs.td"
include "dialects/tenon/TenonInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/BuiltinAttributes.td"

def Tenon_Tensor : RankedTensorOf<[F64, F32, F16, BF16, I1, I8, I16, I32, I64, UI8, UI16, UI32,
                                   UI64]>;
def Tenon_IndexTensor : RankedTensorOf<[I32, I64]>;

class Tenon_Op<string mnemonic, list<Trait> traits = []> : Op<Tenon_Dialect, mnemonic, traits>;

defvar FactorRuleMethods = DeclareOpInterfaceMethods<FactorRuleInterface>;

#endif // TENON_BASE
