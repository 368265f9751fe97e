//===- SpmdOps.td - the spmd dialect ---------------------------*- tablegen -*-===//
#ifndef TENON_DIALECTS_SPMD_SPMDOPS_TD
#define TENON_DIALECTS_SPMD_SPMDOPS_TD

include "dialects/tenon/TenonAttrs.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Spmd_Dialect : Dialect {
  let name = "spmd";
  let cppNamespace = "::tenon::spmd";
  let summary = "one program that runs on every rank of a mesh";
  let description = [{
    A module with `spmd.mesh = #spmd.mesh<...>` is executed by one rank for each
    point of the mesh. The coordinate of a rank along axis `tp` is the symbol
    `rank.tp`, so that what differs between ranks (a slice's start, the part of a
    weight) is a size expression like any other. Tensors have the shapes of one
    rank; ranks meet in the collectives below, whose ranks are those that differ
    in the axis alone. A collective moves whole tensors and adds a leading
    dimension where it brings those of several ranks together: what else is to be
    rearranged are views, which fuse with their neighbours.

    `spmd.split` on a `tenon.weight` says which part of the store the rank holds.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = ["::tenon::TenonDialect"];
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral kMeshName = "spmd.mesh";
    static constexpr ::llvm::StringLiteral kSplitName = "spmd.split";
  }];
}

class Spmd_Attr<string name, string attrMnemonic> : AttrDef<Spmd_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Spmd_MeshAttr : Spmd_Attr<"Mesh", "mesh"> {
  let summary = "named axes and their sizes, the slowest link first";
  let description = [{
    Ranks are numbered row-major: the last axis changes fastest.

    Example: `#spmd.mesh<"node" = 2, "gpu" = 8>`
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$names,
                        ArrayRefParameter<"int64_t">:$sizes);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Ranks along an axis, 0 if there is no such axis.
    int64_t getSize(::llvm::StringRef axis) const;
    int64_t getNumRanks() const;
  }];
}

def Spmd_SplitAttr : Spmd_Attr<"Split", "split"> {
  let summary = "which part of a weight a rank holds";
  let description = [{
    Of a weight of type `whole`, dimension `dims[i]` is cut into as many equal
    parts as axis `axes[i]` has ranks, in order.

    Example: `tenon.weight @w : tensor<768x1536xf32> #tenon.store<"m.bin", 0, 9437184>
              {spmd.split = #spmd.split<tensor<768x3072xf32>, dims[1], axes["tp"]>}`
  }];
  let parameters = (ins "::mlir::Type":$whole, ArrayRefParameter<"int64_t">:$dims,
                        ArrayRefParameter<"::mlir::StringAttr">:$axes);
  let assemblyFormat = "`<` $whole `,` `dims` `[` $dims `]` `,` `axes` `[` $axes `]` `>`";
}

class Spmd_Op<string mnemonic> : Op<Spmd_Dialect, mnemonic, [Pure]> {
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Spmd_AllReduceOp : Spmd_Op<"all_reduce"> {
  let summary = "the tensors of all ranks, combined element by element";
  let description = [{
    `add`, `mul`, `max` or `min`; in the order of ranks, so that the answer is the
    same on every rank and in every run.

    Example: `%1 = spmd.all_reduce <add> %0 axis "tp" : (tensor<4x8xf32>) -> tensor<4x8xf32>`
  }];
  let arguments = (ins Tenon_CombinerAttr:$combiner, AnyRankedTensor:$input, StrAttr:$axis);
  let assemblyFormat = [{
    $combiner $input `axis` $axis attr-dict `:` functional-type(operands, results)
  }];
}

def Spmd_AllGatherOp : Spmd_Op<"all_gather"> {
  let summary = "the tensors of all ranks, one after another";
  let description = [{
    Element i of the result's first dimension is the tensor of rank i.

    Example: `%1 = spmd.all_gather %0 axis "tp" : (tensor<4x8xf32>) -> tensor<2x4x8xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$input, StrAttr:$axis);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` functional-type(operands, results)";
}

def Spmd_ReduceScatterOp : Spmd_Op<"reduce_scatter"> {
  let summary = "element i of the first dimension, combined over all ranks, on rank i";
  let description = [{
    Example: `%1 = spmd.reduce_scatter <add> %0 axis "tp" :
              (tensor<2x4x8xf32>) -> tensor<4x8xf32>`
  }];
  let arguments = (ins Tenon_CombinerAttr:$combiner, AnyRankedTensor:$input, StrAttr:$axis);
  let assemblyFormat = [{
    $combiner $input `axis` $axis attr-dict `:` functional-type(operands, results)
  }];
}

def Spmd_AllToAllOp : Spmd_Op<"all_to_all"> {
  let summary = "element i of the first dimension goes to rank i";
  let description = [{
    Element i of the result's first dimension came from rank i.

    Example: `%1 = spmd.all_to_all %0 axis "tp" : (tensor<2x4xf32>) -> tensor<2x4xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$input, StrAttr:$axis);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` functional-type(operands, results)";
}

#endif
