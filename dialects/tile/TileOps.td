//===- TileOps.td - Operations of the tile dialect ---------------*- tablegen -*-===//
#ifndef TENON_DIALECTS_TILE_TILEOPS_TD
#define TENON_DIALECTS_TILE_TILEOPS_TD

include "dialects/tile/TileDialect.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// An expression over the function's symbols; build it through tenon::DimExpr.
def Tile_Size : Attr<CPred<"::llvm::isa<::tenon::DimExprAttr>($_self)">, "a size expression"> {
  let storageType = "::tenon::DimExprAttr";
  let returnType = "::tenon::DimExprAttr";
  let convertFromStorage = "$_self";
}

// What a tile holds: signless integers, index, floats.
def Tile_Scalar : AnyTypeOf<[AnySignlessInteger, Index, AnyFloat]>;
def Tile_Tensor : StaticShapeTensorOf<[Tile_Scalar]>;
// A view, written in full (`!tile.view<f32>`) wherever its type appears.
def Tile_View : Type<CPred<"::llvm::isa<::tenon::tile::ViewType>($_self)">, "a view">;
def Tile_Tile : AnyTypeOf<[Tile_Scalar, Tile_Tensor], "a tile (static tensor) or a scalar">;
def Tile_Mask : AnyTypeOf<[I1, StaticShapeTensorOf<[I1]>], "an i1 tile or an i1">;
def Tile_Indices : StaticShapeTensorOf<[Index, I32, I64]>;

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

def Tile_FuncOp : Tile_Op<"func", [FunctionOpInterface, IsolatedFromAbove, AffineScope]> {
  let summary = "a kernel: what one block does";
  let description = [{
    The block's arguments are the views of the buffers, then the linear number
    of the block (an index, from 0 to the grid's size). `grid` says how many
    blocks there are and `symbols` names the symbols that expressions inside may
    use, in the order of the table that the caller passes.

    Buffers of different views do not overlap unless one of them is only read,
    or both arguments carry `tile.may_alias` (an update in place).

    Numbered constraints: `func_c1` arguments are views in global memory and one
    final index; `func_c2` no results; `func_c3` grid and all expressions inside
    use listed symbols only (no factors); `func_c4` symbols are distinct.

    Example:
    ```mlir
    tile.func @relu(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index)
        grid(#tenon.expr<N ceildiv 64>) symbols(["N"]) {
      ...
      tile.return
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       Tile_Size:$grid, StrArrayAttr:$symbols,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region MinSizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::llvm::ArrayRef<::mlir::Type>":$views,
                                 "::tenon::DimExpr":$grid,
                                 "::llvm::ArrayRef<::llvm::StringRef>":$symbols)>];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// The views of the buffers.
    ::llvm::ArrayRef<::mlir::BlockArgument> getViews() { return getBody().getArguments().drop_back(); }
    /// The linear number of the block.
    ::mlir::BlockArgument getBlockId() { return getBody().getArguments().back(); }
  }];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
}

def Tile_ReturnOp : Tile_Op<"return", [Pure, Terminator, HasParent<"FuncOp">]> {
  let summary = "the end of a kernel";
  let description = "Ends a `tile.func`. Example: `tile.return`.";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Sizes and memory
//===----------------------------------------------------------------------===//

def Tile_DimOp : Tile_Op<"dim", [Pure]> {
  let summary = "the value of a size expression";
  let description = [{
    Evaluates an expression over the function's symbols; the same for all blocks.
    Example: `%n = tile.dim <B * S>`
  }];
  let arguments = (ins Tile_Size:$expr);
  let results = (outs Index:$result);
  let builders = [OpBuilder<(ins "::tenon::DimExpr":$expr), [{
    build($_builder, $_state, $_builder.getIndexType(),
          ::llvm::cast<::tenon::DimExprAttr>(expr.getAttr()));
  }]>];
  let assemblyFormat = "$expr attr-dict";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ScratchOp : Tile_Op<"scratch", [HasParent<"FuncOp">]> {
  let summary = "memory of the block's own";
  let description = [{
    Reserves `elements` elements, aligned to 64 bytes, for the whole function.
    Each `tile.scratch` has its own place; the bytes of all of them together are
    an expression that the caller asks for and provides per thread.
    Example: `%s = tile.scratch <K * 4> -> !tile.view<f32, scratch>`
  }];
  let arguments = (ins Tile_Size:$elements);
  let results = (outs Tile_View:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$elementType, "::tenon::DimExpr":$elements), [{
    build($_builder, $_state, ViewType::get(elementType, MemorySpace::Scratch),
          ::llvm::cast<::tenon::DimExprAttr>(elements.getAttr()));
  }]>];
  let assemblyFormat = "$elements attr-dict `->` type($result)";
  let hasVerifier = 1;
}

def Tile_LoadOp : Tile_Op<"load", [AttrSizedOperandSegments]> {
  let summary = "reads a tile at an offset with a stride per dimension";
  let description = [{
    Element `(i, j, ...)` is `view[offset + i*s0 + j*s1 + ...]`, counted in
    elements. Strides are static or index values. A mask (every dimension equal
    to the tile's, or 1) leaves out elements: their memory is not touched and
    they hold `fill`, or zero without one.

    Numbered constraints: `access_c1` the tile's element type is the view's;
    `access_c2` one stride per dimension; `access_c3` the mask broadcasts to the
    tile's shape; `access_c4` the fill is a scalar of the element type, and needs
    a mask.

    Example:
    ```mlir
    %t = tile.load %x[%off] strides [768, 1] : !tile.view<f32> -> tensor<12x32xf32>
    %u = tile.load %x[%off] strides [%ld, 1] mask(%m : tensor<12x1xi1>) fill(%c : f32)
        : !tile.view<f32> -> tensor<12x32xf32>
    %s = tile.load %x[%off] strides [] : !tile.view<f32> -> f32
    ```
  }];
  let arguments = (ins Arg<Tile_View, "what is read", [MemRead]>:$view, Index:$offset,
                       Variadic<Index>:$strides, DenseI64ArrayAttr:$static_strides,
                       Optional<Tile_Mask>:$mask, Optional<Tile_Scalar>:$fill);
  let results = (outs Tile_Tile:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$view,
      "::mlir::Value":$offset, "::llvm::ArrayRef<::mlir::OpFoldResult>":$strides,
      CArg<"::mlir::Value", "{}">:$mask, CArg<"::mlir::Value", "{}">:$fill)>];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedStrides();
  }];
  let assemblyFormat = [{
    $view `[` $offset `]` `strides` custom<DynamicIndexList>($strides, $static_strides)
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`fill` `(` $fill^ `:` type($fill) `)`)?
    attr-dict `:` type($view) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store", [AttrSizedOperandSegments]> {
  let summary = "writes a tile at an offset with a stride per dimension";
  let description = [{
    The inverse of `tile.load`, with the same strides and mask (`access_c1` to
    `access_c3`). Elements must not overlap, strides of dimensions longer than 1
    are not 0.
    Example: `tile.store %t, %y[%off] strides [768, 1] : tensor<12x32xf32> -> !tile.view<f32>`
  }];
  let arguments = (ins Tile_Tile:$value, Arg<Tile_View, "what is written", [MemWrite]>:$view,
                       Index:$offset, Variadic<Index>:$strides, DenseI64ArrayAttr:$static_strides,
                       Optional<Tile_Mask>:$mask);
  let builders = [OpBuilder<(ins "::mlir::Value":$value, "::mlir::Value":$view,
      "::mlir::Value":$offset, "::llvm::ArrayRef<::mlir::OpFoldResult>":$strides,
      CArg<"::mlir::Value", "{}">:$mask)>];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedStrides();
  }];
  let assemblyFormat = [{
    $value `,` $view `[` $offset `]` `strides` custom<DynamicIndexList>($strides, $static_strides)
    (`mask` `(` $mask^ `:` type($mask) `)`)?
    attr-dict `:` type($value) `->` type($view)
  }];
  let hasVerifier = 1;
}

def Tile_GatherOp : Tile_Op<"gather", [AttrSizedOperandSegments]> {
  let summary = "reads elements at the indices that a tile holds";
  let description = [{
    Element `p` is `view[indices[p]]`. Mask and fill as in `tile.load`.
    Example: `%t = tile.gather %x[%i : tensor<4x16xindex>] : !tile.view<f32> -> tensor<4x16xf32>`
  }];
  let arguments = (ins Arg<Tile_View, "what is read", [MemRead]>:$view, Tile_Indices:$indices,
                       Optional<Tile_Mask>:$mask, Optional<Tile_Scalar>:$fill);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = [{
    $view `[` $indices `:` type($indices) `]`
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`fill` `(` $fill^ `:` type($fill) `)`)?
    attr-dict `:` type($view) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_ScatterOp : Tile_Op<"scatter"> {
  let summary = "writes elements at the indices that a tile holds";
  let description = [{
    `view[indices[p]] = value[p]`. Where indices are equal, one of the elements
    is stored; which one is not specified.
    Example: `tile.scatter %t, %y[%i : tensor<16xindex>] : tensor<16xf32> -> !tile.view<f32>`
  }];
  let arguments = (ins Tile_Tensor:$value, Arg<Tile_View, "what is written", [MemWrite]>:$view,
                       Tile_Indices:$indices, Optional<Tile_Mask>:$mask);
  let assemblyFormat = [{
    $value `,` $view `[` $indices `:` type($indices) `]`
    (`mask` `(` $mask^ `:` type($mask) `)`)?
    attr-dict `:` type($value) `->` type($view)
  }];
  let hasVerifier = 1;
}

def Tile_CheckOp : Tile_Op<"check", [MemoryEffects<[MemWrite]>]> {
  let summary = "ends the kernel with an error unless all of the condition holds";
  let description = [{
    If an element of the condition is false, the launch fails with the message.
    Nothing after it in the block runs on a CPU; other blocks may or may not run.
    Example: `tile.check %ok, "index out of range" : tensor<1x16xi1>`
  }];
  let arguments = (ins Tile_Mask:$condition, StrAttr:$message);
  let assemblyFormat = "$condition `,` $message attr-dict `:` type($condition)";
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

def Tile_IotaOp : Tile_Op<"iota", [Pure]> {
  let summary = "each element's own coordinate along a dimension";
  let description = [{
    Example: `%j = tile.iota dim 1 : tensor<1x32xindex>` holds 0, 1, ..., 31.
    `iota_c1`: the dimension exists and elements are index or integers.
  }];
  let arguments = (ins I64Attr:$dim);
  let results = (outs StaticShapeTensorOf<[Index, AnySignlessInteger]>:$result);
  let assemblyFormat = "`dim` $dim attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tile_SplatOp : Tile_Op<"splat", [Pure]> {
  let summary = "a tile whose elements are all one scalar";
  let description = [{
    Example: `%t = tile.splat %s : f32 -> tensor<12x32xf32>`. `splat_c1`: the types agree.
  }];
  let arguments = (ins Tile_Scalar:$scalar);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = "$scalar attr-dict `:` type($scalar) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ExtractOp : Tile_Op<"extract", [Pure]> {
  let summary = "the only element of a tile of one element";
  let description = [{
    Example: `%s = tile.extract %t : tensor<1x1xf32> -> f32`. `extract_c1`: one element, same type.
  }];
  let arguments = (ins Tile_Tensor:$tile);
  let results = (outs Tile_Scalar:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "repeats dimensions of size 1";
  let description = [{
    Same rank; each dimension of the operand is the result's or 1 (`broadcast_c1`).
    Example: `%t = tile.broadcast %b : tensor<1x32xf32> -> tensor<12x32xf32>`
  }];
  let arguments = (ins Tile_Tensor:$tile);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ReduceKind : I32EnumAttr<"ReduceKind", "how a reduction combines", [
    I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Mul", 1, "mul">,
    I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
    I32EnumAttrCase<"MaxU", 4, "maxu">, I32EnumAttrCase<"MinU", 5, "minu">,
    I32EnumAttrCase<"And", 6, "and">, I32EnumAttrCase<"Or", 7, "or">,
    I32EnumAttrCase<"Xor", 8, "xor">]> {
  let cppNamespace = "::tenon::tile";
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "combines the elements along a dimension";
  let description = [{
    The dimension stays, with size 1. Sums are taken in a tree whose shape depends
    on the target's vector width but never on the number of threads. Maximum and
    minimum of floats give NaN if an element is NaN (as `arith.maximumf`); `maxu`
    and `minu` compare integers as unsigned.

    `reduce_c1`: the result is the operand's type with the dimension 1;
    `reduce_c2`: the kind suits the element type.

    Example: `%m = tile.reduce max %t dim 1 : tensor<12x32xf32> -> tensor<12x1xf32>`
  }];
  let arguments = (ins Tile_ReduceKind:$kind, Tile_Tensor:$tile, I64Attr:$dim);
  let results = (outs Tile_Tensor:$result);
  let builders = [OpBuilder<(ins "ReduceKind":$kind, "::mlir::Value":$tile, "int64_t":$dim)>];
  let assemblyFormat = "$kind $tile `dim` $dim attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_DotOp : Tile_Op<"dot", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "acc + a * b, a product of matrices";
  let description = [{
    `acc[m,n] + sum over k of a[m,k] * b[k,n]`, each step one fused multiply-add
    for floats, k ascending. Equal leading (batch) dimensions are allowed.

    `dot_c1`: ranks are equal and at least 2, M, N, K and batch sizes agree;
    `dot_c2`: all element types are equal, except that f32 may accumulate f16 and
    bf16 and i32 may accumulate i8 (a and b sign-extended).

    Example:
    ```mlir
    %r = tile.dot %a, %b, %c : tensor<12x1xf32>, tensor<1x32xf32>, tensor<12x32xf32>
    ```
  }];
  let arguments = (ins Tile_Tensor:$a, Tile_Tensor:$b, Tile_Tensor:$acc);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = "$a `,` $b `,` $acc attr-dict `:` type($a) `,` type($b) `,` type($acc)";
  let hasVerifier = 1;
}

#endif
