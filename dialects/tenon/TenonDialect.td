//===- TenonDialect.td - the tenon dialect ---------------------------------===//
//
// What a model computes, on whole tensors: see README.md and Rationale.md.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECT
#define TENON_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/DialectBase.td"

def Tenon_Dialect : Dialect {
  let name = "tenon";
  let cppNamespace = "::tenon";
  let summary = "what a model computes, on whole tensors";
  let description = [{
    The `tenon` dialect is the meaning of a model: tensors with named symbolic
    dimensions, weights by reference to a store, states, and a small set of
    operations. Most operations are described once by a *factor rule* (see
    FactorRule.h); shapes, sharding, fusion and code generation read that one
    description. No operation knows of devices, layouts, threads or ONNX.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    /// Name of the module attribute that declares the symbols.
    static constexpr ::llvm::StringLiteral kSymbolsAttrName = "tenon.symbols";
  }];
}

#endif // TENON_DIALECT
