//===- TenonAttrs.td - attributes of the tenon dialect ---------------------===//

#ifndef TENON_ATTRS
#define TENON_ATTRS

include "dialects/tenon/TenonDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"

class Tenon_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Tenon_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Tenon_DimExprAttr : Tenon_Attr<"DimExpr", "expr"> {
  let summary = "an integer expression over symbols";
  let description = [{
    `+ - * floordiv ceildiv mod min max` over integers and symbols, kept in a
    canonical form (a sorted polynomial whose atoms are symbols or non-linear
    terms), so that equal attributes are equal expressions. In index maps
    `d0, d1, ...` stand for an operation's factors and `v0, v1, ...` for the
    values of its operands. An expression that overflowed 64 bits is `invalid`.

    Example: `#tenon.expr<B * S + 1>`. Build it through `tenon::DimExpr`.
  }];
  let parameters = (ins "unsigned":$kind, "int64_t":$value, "::mlir::StringAttr":$name,
                        ArrayRefParameter<"::mlir::Attribute">:$operands);
  let hasCustomAssemblyFormat = 1;
}

def Tenon_DimsAttr : Tenon_Attr<"Dims", "dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "the dimensions of a tensor, by expression";
  let description = [{
    The encoding of a tensor type with symbolic dimensions: one expression per
    dimension; static dimensions repeat their size.

    Example: `tensor<?x?x768xf32, #tenon.dims<[B, S * 2, 768]>>`.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute">:$exprs);
  let hasCustomAssemblyFormat = 1;
}

def Tenon_SymbolsAttr : Tenon_Attr<"Symbols", "symbols"> {
  let summary = "the symbols of a module, with range and divisibility";
  let description = [{
    Parallel arrays: name, least and greatest value, and a step of which every
    value is a multiple.

    Example: `#tenon.symbols<B in 1 to 64, S in 8 to 2048 by 8>`.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$names,
                        ArrayRefParameter<"int64_t">:$mins,
                        ArrayRefParameter<"int64_t">:$maxs,
                        ArrayRefParameter<"int64_t">:$steps);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Tenon_StoreAttr : Tenon_Attr<"Store", "store"> {
  let summary = "where the bytes of a weight lie";
  let description = [{
    A file (as the frontend resolved it, `*` for bytes held by the compiler's
    own weight store), the offset of the first byte and the number of bytes.

    Example: `#tenon.store<"model.bin", 4096, 9437184>`.
  }];
  let parameters = (ins "::mlir::StringAttr":$file, "int64_t":$offset, "int64_t":$size);
  let assemblyFormat = "`<` $file `,` $offset `,` $size `>`";
}

def Tenon_Combiner : I32EnumAttr<"Combiner", "how a reduction combines two elements", [
    I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Add", 1, "add">,
    I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Max", 3, "max">,
    I32EnumAttrCase<"Min", 4, "min">, I32EnumAttrCase<"And", 5, "and">,
    I32EnumAttrCase<"Or", 6, "or">, I32EnumAttrCase<"Xor", 7, "xor">]> {
  let cppNamespace = "::tenon";
  let genSpecializedAttr = 0;
}
def Tenon_CombinerAttr : EnumAttr<Tenon_Dialect, Tenon_Combiner, "combiner"> {
  let assemblyFormat = "`<` $value `>`";
}

def Tenon_PadMode : I32EnumAttr<"PadMode", "what lies outside of a padded tensor", [
    I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Edge", 1, "edge">,
    I32EnumAttrCase<"Reflect", 2, "reflect">, I32EnumAttrCase<"Wrap", 3, "wrap">]> {
  let cppNamespace = "::tenon";
  let genSpecializedAttr = 0;
}
def Tenon_PadModeAttr : EnumAttr<Tenon_Dialect, Tenon_PadMode, "pad_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

#endif // TENON_ATTRS
