//===- ExecOps.td - the exec dialect ---------------------------*- tablegen -*-===//
#ifndef TENON_DIALECTS_EXEC_EXECOPS_TD
#define TENON_DIALECTS_EXEC_EXECOPS_TD

include "dialects/tenon/TenonAttrs.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Exec_Dialect : Dialect {
  let name = "exec";
  let cppNamespace = "::tenon::exec";
  let summary = "the program that the runtime executes";
  let description = [{
    Memory, launches, copies and host control flow, in order of execution. Sizes
    are expressions over the program's symbols. Values are buffers (ranges of
    bytes) and arenas; nothing here knows what a kernel computes.
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::tenon::TenonDialect"];
}

class Exec_Type<string name, string typeMnemonic> : TypeDef<Exec_Dialect, name> {
  let mnemonic = typeMnemonic;
}
def Exec_BufferType : Exec_Type<"Buffer", "buffer"> {
  let summary = "a range of bytes: input, output, weight, constant, state or part of an arena";
}
def Exec_ArenaType : Exec_Type<"Arena", "arena"> {
  let summary = "memory whose size is the highest end of the buffers placed in it";
}

class Exec_Op<string mnemonic, list<Trait> traits = []> : Op<Exec_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Programs and where bytes come from
//===----------------------------------------------------------------------===//

def Exec_ProgramOp : Exec_Op<"program", [Symbol, IsolatedFromAbove, NoTerminator,
                                        SingleBlock]> {
  let summary = "what one entry point executes";
  let description = [{
    The block's arguments are the inputs, then the outputs. Types are the
    tensors' (with `#tenon.dims`), from which callers' shapes bind the symbols.

    `program_c1`: as many names as types, and as many arguments as both together.
    `program_c2`: symbols have distinct names and ranges that are not empty.

    Example: `exec.program @main inputs(["x"], [tensor<4xf32>]) outputs(["y"], [tensor<4xf32>])
              symbols(<>) { ^bb0(%x: !exec.buffer, %y: !exec.buffer): ... }`
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$input_names,
                       TypeArrayAttr:$input_types, StrArrayAttr:$output_names,
                       TypeArrayAttr:$output_types, Tenon_SymbolsAttr:$symbols);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `inputs` `(` $input_names `,` $input_types `)` `outputs` `(` $output_names `,`
    $output_types `)` `symbols` `(` $symbols `)` attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Exec_WeightOp : Exec_Op<"weight", [Pure]> {
  let summary = "the bytes of a weight";
  let description = [{Example: `%w = exec.weight @w`}];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs Exec_BufferType:$result);
  let assemblyFormat = "$weight attr-dict";
}

def Exec_ConstantOp : Exec_Op<"constant", [Pure]> {
  let summary = "the bytes of a small constant";
  let description = [{Example: `%c = exec.constant dense<1.0> : tensor<4xf32>`}];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Exec_BufferType:$result);
  let assemblyFormat = "$value attr-dict";
}

def Exec_StateOp : Exec_Op<"state", [Pure]> {
  let summary = "the bytes of a state";
  let description = [{Example: `%s = exec.state @kv`}];
  let arguments = (ins FlatSymbolRefAttr:$state);
  let results = (outs Exec_BufferType:$result);
  let assemblyFormat = "$state attr-dict";
}

def Exec_ArenaOp : Exec_Op<"arena"> {
  let summary = "make an arena ready";
  let description = [{
    Its size is evaluated here, so it comes after the binding of every symbol on
    which the sizes of its buffers depend. Contents are undefined.

    `lower_bound` is the least size that any plan for the same order of
    operations could have.

    Example: `%a = exec.arena`
  }];
  let arguments = (ins OptionalAttr<Tenon_DimExprAttr>:$lower_bound);
  let results = (outs Exec_ArenaType:$result);
  let assemblyFormat = "attr-dict";
}

def Exec_PlaceOp : Exec_Op<"place"> {
  let summary = "a buffer in an arena";
  let description = [{
    `size` bytes above all of the given buffers: its offset is the greatest of
    their ends, rounded up to 64, or 0. So reuse of memory and the order of
    buffers are fixed at compile time, while offsets follow from the symbols.

    `place_c1`: the buffers below are placed in the same arena.

    Example: `%t = exec.place %a size(<B * 3072>) above(%u, %v)`
  }];
  let arguments = (ins Exec_ArenaType:$arena, Tenon_DimExprAttr:$size,
                       Variadic<Exec_BufferType>:$above);
  let results = (outs Exec_BufferType:$result);
  let assemblyFormat = "$arena `size` `(` $size `)` (`above` `(` $above^ `)`)? attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

def Exec_LaunchOp : Exec_Op<"launch", [AttrSizedOperandSegments]> {
  let summary = "run all blocks of a kernel";
  let description = [{
    The kernel's buffers are `reads`, then `writes`. `flops` and `bytes` are for
    reports. The location names the model's nodes.

    Example: `exec.launch @k0 grid(<B>) reads(%x, %w) writes(%y)`
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Tenon_DimExprAttr:$grid,
                       Variadic<Exec_BufferType>:$reads, Variadic<Exec_BufferType>:$writes,
                       OptionalAttr<Tenon_DimExprAttr>:$flops,
                       OptionalAttr<Tenon_DimExprAttr>:$bytes);
  let assemblyFormat = [{
    $kernel `grid` `(` $grid `)` `reads` `(` $reads `)` `writes` `(` $writes `)` attr-dict
  }];
}

def Exec_CopyOp : Exec_Op<"copy"> {
  let summary = "copy bytes between buffers of one size";
  let description = [{Example: `exec.copy %t to %y`}];
  let arguments = (ins Exec_BufferType:$source, Exec_BufferType:$target);
  let assemblyFormat = "$source `to` $target attr-dict";
}

def Exec_FillOp : Exec_Op<"fill"> {
  let summary = "fill a buffer with a pattern of 1, 2, 4 or 8 bytes";
  let description = [{Example: `exec.fill %t with 1065353216 width 4`}];
  let arguments = (ins Exec_BufferType:$target, I64Attr:$pattern, I64Attr:$width);
  let assemblyFormat = "$target `with` $pattern `width` $width attr-dict";
}

def Exec_CollectiveOp : Exec_Op<"collective"> {
  let summary = "meet the other ranks along an axis of the mesh";
  let description = [{
    `kind` is all_reduce, all_gather, reduce_scatter or all_to_all, with elements of
    `type` (dialects/spmd); `combiner` is `none` where nothing is combined.

    Example: `exec.collective "all_reduce" <add> axis "tp" %t to %u : f32`
  }];
  let arguments = (ins StrAttr:$kind, Tenon_CombinerAttr:$combiner, StrAttr:$axis,
                       Exec_BufferType:$source, Exec_BufferType:$target, TypeAttr:$type);
  let assemblyFormat = "$kind $combiner `axis` $axis $source `to` $target attr-dict `:` $type";
}

def Exec_StoreOp : Exec_Op<"store"> {
  let summary = "write a size as an integer";
  let description = [{Example: `exec.store <B * 2> to %t : i64`}];
  let arguments = (ins Tenon_DimExprAttr:$value, Exec_BufferType:$target, TypeAttr:$type);
  let assemblyFormat = "$value `to` $target attr-dict `:` $type";
}

def Exec_BindOp : Exec_Op<"bind"> {
  let summary = "read a symbol's value from memory";
  let description = [{
    Element `index` of the buffer; the range is checked.
    Example: `exec.bind "N0" to %t[0] : i64`
  }];
  let arguments = (ins StrAttr:$symbol, Exec_BufferType:$source, I64Attr:$index, TypeAttr:$type);
  let assemblyFormat = "$symbol `to` $source `[` $index `]` attr-dict `:` $type";
}

def Exec_CheckOp : Exec_Op<"check"> {
  let summary = "end the run unless two sizes are equal";
  let description = [{
    Example: `exec.check <N0> equals <B> "sizes differ"`
  }];
  let arguments = (ins Tenon_DimExprAttr:$left, Tenon_DimExprAttr:$right, StrAttr:$message);
  let assemblyFormat = "$left `equals` $right $message attr-dict";
}

def Exec_IfOp : Exec_Op<"if", [NoTerminator, NoRegionArguments]> {
  let summary = "one of two blocks, by a byte in memory";
  let description = [{Example: `exec.if %c { ... } { ... }`}];
  let arguments = (ins Exec_BufferType:$condition);
  let regions = (region SizedRegion<1>:$then, SizedRegion<1>:$otherwise);
  let assemblyFormat = "$condition attr-dict-with-keyword $then $otherwise";
}

def Exec_LoopOp : Exec_Op<"loop", [NoTerminator, NoRegionArguments, AttrSizedOperandSegments]> {
  let summary = "repeat a block";
  let description = [{
    While `counter` (a symbol, from 0) is below `trips` and the condition's byte
    is not zero: runs the block, then copies each of `from` into its `to`. Tested
    before the first round. Afterwards the counter holds the number of rounds.

    `loop_c1`: as many `from` as `to`.

    Example: `exec.loop "i" trips(<N>) while(%c) carry(%t) into(%u) { ... }`
  }];
  let arguments = (ins StrAttr:$counter, OptionalAttr<Tenon_DimExprAttr>:$trips,
                       Optional<Exec_BufferType>:$condition, Variadic<Exec_BufferType>:$from,
                       Variadic<Exec_BufferType>:$to);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $counter (`trips` `(` $trips^ `)`)? (`while` `(` $condition^ `)`)?
    (`carry` `(` $from^ `)` `into` `(` $to `)`)? attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

#endif
