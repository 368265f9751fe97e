//===- ViewOps.td - operations that only move data -------------------------===//
//
// Each is an index map: the fusion composes it away or makes it part of the
// consumer's loads. None costs a launch by itself.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_VIEW_OPS
#define TENON_VIEW_OPS

include "dialects/tenon/TenonBase.td"

class Tenon_ViewOp<string mnemonic, list<Trait> traits = []>
    : Tenon_Op<mnemonic, traits # [Pure, DeclareOpInterfaceMethods<FactorRuleInterface, ["isView"]>]> {
  let results = (outs Tenon_Tensor:$result);
  let hasVerifier = 1;
}

def Tenon_ReshapeOp : Tenon_ViewOp<"reshape"> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    The dimensions of the result type say the new shape; the products of both
    shapes are equal (checked at compile time where they can be compared).

    Example: `%1 = tenon.reshape %0 : (tensor<2x6xf32>) -> tensor<3x4xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$input);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tenon_TransposeOp : Tenon_ViewOp<"transpose"> {
  let summary = "permute dimensions";
  let description = [{
    Result dimension i is input dimension `permutation[i]`.

    Example: `%1 = tenon.transpose %0 [1, 0] : (tensor<2x6xf32>) -> tensor<6x2xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let assemblyFormat = "$input $permutation attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::llvm::ArrayRef<int64_t>":$permutation)>];
}

def Tenon_BroadcastOp : Tenon_ViewOp<"broadcast"> {
  let summary = "repeat along dimensions";
  let description = [{
    Input dimension i becomes result dimension `dims[i]`; an input dimension of
    static size 1 is repeated, and so is every result dimension not named.

    Example: `%1 = tenon.broadcast %0 [1] : (tensor<8xf32>) -> tensor<4x8xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$input, DenseI64ArrayAttr:$dims);
  let assemblyFormat = "$input $dims attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Tenon_SliceOp : Tenon_ViewOp<"slice"> {
  let summary = "every step-th element from a start";
  let description = [{
    `result[i...] = input[starts + i * steps]`; starts are size expressions, the
    result type says the sizes, steps may be negative.

    Example: `%1 = tenon.slice %0 [#tenon.expr<2>] [1] : (tensor<8xf32>) -> tensor<4xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$input, TypedArrayAttrBase<Tenon_DimExprAttr, "starts">:$starts,
                       DenseI64ArrayAttr:$steps);
  let assemblyFormat = "$input $starts $steps attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Tenon_PadOp : Tenon_ViewOp<"pad"> {
  let summary = "surround a tensor";
  let description = [{
    `low[i]` elements before dimension i (negative: cropped); the result type
    says how many there are in all. Mode `constant` puts in the value, `edge`
    repeats the border, `reflect` mirrors at it, `wrap` goes round.

    Example: `%2 = tenon.pad %0, %1 [#tenon.expr<1>] <constant> :
              (tensor<4xf32>, tensor<f32>) -> tensor<6xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$input, Tenon_Tensor:$value,
                       TypedArrayAttrBase<Tenon_DimExprAttr, "low">:$low, Tenon_PadModeAttr:$mode);
  let assemblyFormat = [{
    $input `,` $value $low $mode attr-dict `:` functional-type(operands, results)
  }];
}

def Tenon_ConcatOp : Tenon_ViewOp<"concat"> {
  let summary = "put tensors one after another along a dimension";
  let description = [{
    Example: `%2 = tenon.concat %0, %1 dim 0 :
              (tensor<4xf32>, tensor<2xf32>) -> tensor<6xf32>`
  }];
  let arguments = (ins Variadic<Tenon_Tensor>:$inputs, I64Attr:$dim);
  let assemblyFormat = "$inputs `dim` $dim attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$inputs, "int64_t":$dim)>];
}

def Tenon_WindowOp : Tenon_Op<"window", [Pure,
    DeclareOpInterfaceMethods<FactorRuleInterface, ["isView", "getFill"]>]> {
  let summary = "sliding windows over the last dimensions";
  let description = [{
    The last `kernel.size()` dimensions of the input become pairs: positions of
    the window, then positions inside it.

      result[..., o0, k0, o1, k1] = input[..., o0*stride + k0*dilation - low, ...]

    With `base` dilation b > 1 the input is read as if b - 1 holes lay between
    its elements (transposed convolution). Outside, and in holes, it is `fill`.
    A convolution is a contraction of its windows with the kernel; a pool is a
    reduction over k.

    Example: `%1 = tenon.window %0 kernel [3] strides [1] dilations [1] low [1] base [1]
              fill 0.0 : (tensor<1x4x8xf32>) -> tensor<1x4x8x3xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$base, F64Attr:$fill);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $input `kernel` $kernel `strides` $strides `dilations` $dilations `low` $low `base` $base
    `fill` $fill attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Tenon_IotaOp : Tenon_Op<"iota", [Pure, FactorRuleMethods]> {
  let summary = "the index along a dimension";
  let description = [{
    Example: `%0 = tenon.iota dim 0 : tensor<8xi64>`
  }];
  let arguments = (ins I64Attr:$dim);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "`dim` $dim attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tenon_GatherOp : Tenon_Op<"gather", [Pure, FactorRuleMethods]> {
  let summary = "read at computed indices";
  let description = [{
    Dimension i of the data is read at the value of index operand `dataDims[i]`
    if that is in [0, n), else at result dimension `-1 - dataDims[i]`. Index
    operands have one shape; their dimension j is result dimension
    `indexDims[j]`. An index outside of the data is an error at run time;
    negative indices are not wrapped here.

    Example (rows of an embedding table):
    `%2 = tenon.gather %0 [%1] data [0, -3] index [0, 1] :
          (tensor<30522x384xf32>, tensor<2x5xi64>) -> tensor<2x5x384xf32>`
  }];
  let arguments = (ins Tenon_Tensor:$data, Variadic<Tenon_IndexTensor>:$indices,
                       DenseI64ArrayAttr:$dataDims, DenseI64ArrayAttr:$indexDims);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $data `[` $indices `]` `data` $dataDims `index` $indexDims attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // TENON_VIEW_OPS
