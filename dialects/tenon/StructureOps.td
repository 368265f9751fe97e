//===- StructureOps.td - functions, weights, states, control flow -----------===//

#ifndef TENON_STRUCTURE_OPS
#define TENON_STRUCTURE_OPS

include "dialects/tenon/TenonBase.td"

def Tenon_FuncOp : Tenon_Op<"func", [FunctionOpInterface, IsolatedFromAbove]> {
  let summary = "an entry point, or a function called by one";
  let description = [{
    Argument attributes `tenon.name` and result attributes `tenon.name` carry the
    model's names. A function without `private` visibility is an entry point.

    Example: `tenon.func @main(%x: tensor<4xf32> {tenon.name = "x"}) -> tensor<4xf32> { ... }`
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region AnyRegion:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// The model's name of an argument or result; its position if it has none.
    std::string getInputName(unsigned index);
    std::string getOutputName(unsigned index);
  }];
}

def Tenon_ReturnOp : Tenon_Op<"return", [Pure, HasParent<"FuncOp">, ReturnLike, Terminator]> {
  let summary = "the results of a function";
  let description = [{Example: `tenon.return %0 : tensor<4xf32>`}];
  let arguments = (ins Variadic<Tenon_Tensor>:$results);
  let assemblyFormat = "attr-dict ($results^ `:` type($results))?";
  let hasVerifier = 1;
}

def Tenon_CallOp : Tenon_Op<"call", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "call a private function";
  let description = [{Example: `%1 = tenon.call @layer(%0) : (tensor<4xf32>) -> tensor<4xf32>`}];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<Tenon_Tensor>:$inputs);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let assemblyFormat = "$callee `(` $inputs `)` attr-dict `:` functional-type(operands, results)";
}

def Tenon_WeightOp : Tenon_Op<"weight", [Symbol]> {
  let summary = "a tensor of the model, by reference to where its bytes lie";
  let description = [{
    The bytes are never part of the IR. Row-major in the store; `order` says in
    which order the bundle keeps the dimensions, major to minor.

    `weight_c1`: the shape is static.
    `weight_c2`: the range of the store is not negative.
    `weight_c3`: `order` is empty (row-major) or a permutation of the dimensions.

    Example: `tenon.weight @w : tensor<768x3072xf32> #tenon.store<"m.bin", 4096, 9437184>`
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Tenon_Tensor>:$type,
                       Tenon_StoreAttr:$store, OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DenseI64ArrayAttr>:$order);
  let assemblyFormat = "$sym_name `:` $type $store attr-dict";
  let hasVerifier = 1;
}

def Tenon_ReadOp : Tenon_Op<"read", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a weight";
  let description = [{Example: `%0 = tenon.read @w : tensor<768x3072xf32>`}];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

def Tenon_StateOp : Tenon_Op<"state", [Symbol]> {
  let summary = "a tensor that lives across calls, one per session";
  let description = [{
    Starts as zeros.

    Example: `tenon.state @kv : tensor<2x2048x64xf16>`
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Tenon_Tensor>:$type,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
}

def Tenon_LoadStateOp : Tenon_Op<"load_state", [DeclareOpInterfaceMethods<SymbolUserOpInterface>,
                                               MemoryEffects<[MemRead]>]> {
  let summary = "the value of a state";
  let description = [{Example: `%0 = tenon.load_state @kv : tensor<2x2048x64xf16>`}];
  let arguments = (ins FlatSymbolRefAttr:$state);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$state attr-dict `:` type($result)";
}

def Tenon_StoreStateOp : Tenon_Op<"store_state",
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>, MemoryEffects<[MemWrite]>]> {
  let summary = "the next value of a state";
  let description = [{
    Scheduling makes the update in place and refuses if a copy would be needed.

    Example: `tenon.store_state %1, @kv : tensor<2x2048x64xf16>`
  }];
  let arguments = (ins Tenon_Tensor:$value, FlatSymbolRefAttr:$state);
  let assemblyFormat = "$value `,` $state attr-dict `:` type($value)";
}

def Tenon_ConstantOp : Tenon_Op<"constant", [Pure, ConstantLike,
                                            AllTypesMatch<["value", "result"]>]> {
  let summary = "a small constant";
  let description = [{
    At most 1 KB, or a splat; anything larger is a weight.

    Example: `%0 = tenon.constant dense<0.5> : tensor<f32>`
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value)>];
}

def Tenon_DimOp : Tenon_Op<"dim", [Pure]> {
  let summary = "a size expression as a tensor";
  let description = [{Example: `%0 = tenon.dim <B * 2> : tensor<i64>`}];
  let arguments = (ins Tenon_DimExprAttr:$expr);
  let results = (outs Tenon_Tensor:$result);
  let assemblyFormat = "$expr attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tenon_BindOp : Tenon_Op<"bind"> {
  let summary = "bind symbols to values computed at run time";
  let description = [{
    The i-th element of the (i64) operand becomes the value of `names[i]`, from
    here on; a value outside of the symbol's range is an error at run time.

    Example: `tenon.bind %0 ["N0", "N1"] : tensor<2xi64>`
  }];
  let arguments = (ins Tenon_Tensor:$values, StrArrayAttr:$names);
  let assemblyFormat = "$values $names attr-dict `:` type($values)";
  let hasVerifier = 1;
}

def Tenon_CheckOp : Tenon_Op<"check"> {
  let summary = "two sizes that must be equal at run time";
  let description = [{
    Example: `tenon.check <N0 * N1> equals <B * 8> "reshape changes the number of elements"`
  }];
  let arguments = (ins Tenon_DimExprAttr:$left, Tenon_DimExprAttr:$right, StrAttr:$message);
  let assemblyFormat = "$left `equals` $right $message attr-dict";
}

def Tenon_OrdersAttr : TypedArrayAttrBase<DenseI64ArrayAttr, "orders of dimensions">;

def Tenon_KernelOp : Tenon_Op<"kernel", [Pure, IsolatedFromAbove,
                                         SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "a fused region: one launch";
  let description = [{
    Block arguments stand for the operands. `operand_orders` and `result_orders`
    say in which order dimensions lie in memory (one list per operand and result,
    major to minor, empty for row-major). Formed by passes/fuse per target;
    `schedule` is what the target's cost model chose (a dictionary read by the
    tile generator).

    `kernel_c1`: arguments have the types of operands, yielded values of results.
    `kernel_c2`: one order per operand and per result, where orders are given.
    `kernel_c3`: each is empty or a permutation of the dimensions.

    Example: `%1 = tenon.kernel "k0"(%0) : (tensor<4xf32>) -> tensor<4xf32> {
                   ^bb0(%x: tensor<4xf32>): tenon.yield %x : tensor<4xf32> }`
  }];
  let arguments = (ins StrAttr:$name, Variadic<Tenon_Tensor>:$inputs,
                       OptionalAttr<DictionaryAttr>:$schedule,
                       OptionalAttr<Tenon_OrdersAttr>:$operand_orders,
                       OptionalAttr<Tenon_OrdersAttr>:$result_orders);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results, "::mlir::StringAttr":$name,
                                 "::mlir::ValueRange":$inputs,
                                 CArg<"::mlir::DictionaryAttr", "{}">:$schedule), [{
    build($_builder, $_state, results, name, inputs, schedule, nullptr, nullptr);
  }]>];
  let assemblyFormat = [{
    $name `(` $inputs `)` attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
}

def Tenon_YieldOp : Tenon_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["KernelOp", "IfOp", "LoopOp"]>]> {
  let summary = "the results of a region";
  let description = [{Example: `tenon.yield %0 : tensor<4xf32>`}];
  let arguments = (ins Variadic<Tenon_Tensor>:$results);
  let assemblyFormat = "attr-dict ($results^ `:` type($results))?";
  let builders = [OpBuilder<(ins)>];
}

def Tenon_IfOp : Tenon_Op<"if", [RecursiveMemoryEffects, NoRegionArguments,
                                 SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "one of two regions, by a value known at run time";
  let description = [{
    Example: `%1 = tenon.if %0 : (tensor<i1>) -> tensor<4xf32> { ... } { ... }`
  }];
  let arguments = (ins Tenon_Tensor:$condition);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$thenRegion, SizedRegion<1>:$elseRegion);
  let assemblyFormat = [{
    $condition attr-dict `:` functional-type(operands, results) $thenRegion $elseRegion
  }];
  let hasVerifier = 1;
}

def Tenon_LoopOp : Tenon_Op<"loop", [RecursiveMemoryEffects,
                                     SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "repeat a region with carried values";
  let description = [{
    Runs while the iteration number is below `tripCount` (tensor<i64>) and the
    condition (tensor<i1>, first carried out of the body) holds. The body's
    arguments are the iteration number (tensor<i64>), then the carried values;
    it yields the next condition, then the carried values. Results are the
    carried values at the end.

    Example: `%1 = tenon.loop %n, %c (%0) : (tensor<i64>, tensor<i1>, tensor<4xf32>)
              -> tensor<4xf32> { ^bb0(%i: tensor<i64>, %x: tensor<4xf32>): ... }`
  }];
  let arguments = (ins Tenon_Tensor:$tripCount, Tenon_Tensor:$condition,
                       Variadic<Tenon_Tensor>:$inits);
  let results = (outs Variadic<Tenon_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $tripCount `,` $condition `(` $inits `)` attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
}

#endif // TENON_STRUCTURE_OPS
