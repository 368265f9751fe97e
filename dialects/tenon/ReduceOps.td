//===- ReduceOps.td - reductions, contractions, irregular operations --------===//

#ifndef TENON_REDUCE_OPS
#define TENON_REDUCE_OPS

include "dialects/tenon/TenonBase.td"

def Tenon_ReduceOp : Tenon_Op<"reduce", [Pure, FactorRuleMethods]> {
  let summary = "combine along dimensions";
  let description = [{
    The reduced dimensions leave the shape. f16 and bf16 are combined in f32.
    Over no element, the result is the combiner's neutral element.

    Example: `%1 = tenon.reduce <add> %0 dims [1] : (tensor<4x8xf32>) -> tensor<4xf32>`
  }];
  let arguments = (ins Tenon_CombinerAttr:$combiner, Tenon_Tensor:$input, DenseI64ArrayAttr:$dims);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $combiner $input `dims` $dims attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::tenon::Combiner":$combiner, "::mlir::Value":$input,
                                 "::llvm::ArrayRef<int64_t>":$dims)>];
}

def Tenon_ContractOp : Tenon_Op<"contract", [Pure, FactorRuleMethods]> {
  let summary = "einsum: sum of products";
  let description = [{
    Each operand and the result name their dimensions by factor numbers; factors
    absent from the result are summed. Products of f16 and bf16 are added in
    f32 and rounded once, at the end.

    Example (matmul): `%2 = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %0, %1 :
                      (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>`
  }];
  let arguments = (ins Variadic<Tenon_Tensor>:$inputs,
                       TypedArrayAttrBase<DenseI64ArrayAttr, "factors">:$operandFactors,
                       DenseI64ArrayAttr:$resultFactors);
  let results = (outs Tenon_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$inputs,
                                 "::llvm::ArrayRef<::llvm::SmallVector<int64_t>>":$operandFactors,
                                 "::llvm::ArrayRef<int64_t>":$resultFactors,
                                 "::mlir::Type":$elementType)>];
}

defvar RowMethods = DeclareOpInterfaceMethods<IrregularOpInterface, ["getOwnDim"]>;

def Tenon_ArgReduceOp : Tenon_Op<"arg_reduce", [Pure, RowMethods]> {
  let summary = "index of the extreme element along a dimension";
  let description = [{
    `<max>` or `<min>`; of equal elements the first, or with `last` the last. NaN
    counts as the extreme. The dimension leaves the shape.

    Example: `%1 = tenon.arg_reduce <max> %0 dim 1 : (tensor<4x8xf32>) -> tensor<4xi64>`
  }];
  let arguments = (ins Tenon_CombinerAttr:$combiner, Tenon_Tensor:$input, I64Attr:$dim,
                       UnitAttr:$last);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $combiner $input `dim` $dim (`last` $last^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Tenon_ScanOp : Tenon_Op<"scan", [Pure, RowMethods]> {
  let summary = "running combination along a dimension";
  let description = [{
    `result[i] = combine(input[0..i])`, without i itself if `exclusive`, from the
    end if `reverse`.

    Example: `%1 = tenon.scan <add> %0 dim 0 : (tensor<8xf32>) -> tensor<8xf32>`
  }];
  let arguments = (ins Tenon_CombinerAttr:$combiner, Tenon_Tensor:$input, I64Attr:$dim,
                       UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $combiner $input `dim` $dim (`exclusive` $exclusive^)? (`reverse` $reverse^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Tenon_ScatterOp : Tenon_Op<"scatter", [Pure,
    DeclareOpInterfaceMethods<IrregularOpInterface, ["getIndependentDims"]>]> {
  let summary = "write or combine at computed indices";
  let description = [{
    A copy of `data` in which, for each point of `updates`, the element at the
    index (dimension i: the value of index operand `dataDims[i]`, or update
    dimension `-1 - dataDims[i]`) is combined with the update (`<none>`:
    replaced; of several writers the last in row-major order counts).

    Example: `%3 = tenon.scatter <none> %0 [%1] %2 data [0, -2] index [0] :
              (tensor<9x4xf32>, tensor<2xi64>, tensor<2x4xf32>) -> tensor<9x4xf32>`
  }];
  let arguments = (ins Tenon_CombinerAttr:$combiner, Tenon_Tensor:$data,
                       Variadic<Tenon_IndexTensor>:$indices, Tenon_Tensor:$updates,
                       DenseI64ArrayAttr:$dataDims, DenseI64ArrayAttr:$indexDims);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = [{
    $combiner $data `[` $indices `]` $updates `data` $dataDims `index` $indexDims attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Tenon_SortOp : Tenon_Op<"sort", [Pure, RowMethods]> {
  let summary = "stable sort along a dimension, with the permutation";
  let description = [{
    Ascending, or `descending`; NaN counts as the greatest. Equal elements keep
    their order. Results: values, and the index each came from.

    Example: `%1, %2 = tenon.sort %0 dim 0 : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xi64>)`
  }];
  let arguments = (ins Tenon_Tensor:$input, I64Attr:$dim, UnitAttr:$descending);
  let results = (outs Tenon_Tensor:$values, Tenon_Tensor:$indices);
  let assemblyFormat = [{
    $input `dim` $dim (`descending` $descending^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Tenon_NonZeroOp : Tenon_Op<"nonzero", [Pure,
    DeclareOpInterfaceMethods<IrregularOpInterface>]> {
  let summary = "row-major positions of the non-zero elements, and their number";
  let description = [{
    Result 0 has room for every element ([n, rank], rows past the count are
    zero); result 1 is the count, from which `tenon.bind` makes a size.

    Example: `%1, %2 = tenon.nonzero %0 : (tensor<4x2xi1>) -> (tensor<8x2xi64>, tensor<i64>)`
  }];
  let arguments = (ins Tenon_Tensor:$input);
  let results = (outs Tenon_Tensor:$positions, Tenon_Tensor:$count);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // TENON_REDUCE_OPS
