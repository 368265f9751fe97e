//===- TileDialect.td - The tile dialect and its types -----------*- tablegen -*-===//
#ifndef TENON_DIALECTS_TILE_TILEDIALECT_TD
#define TENON_DIALECTS_TILE_TILEDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/EnumAttr.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::tenon::tile";
  let summary = "what one thread block (or one step of a CPU thread) does";
  let description = [{
    A `tile.func` is a kernel: a program for one block, started for every block
    of a grid. It loads *tiles* (small arrays of static shape) from *views*
    (pointers to buffers), computes on them, and stores tiles.

    A tile is a builtin ranked tensor of static shape, so that `arith`, `math`
    and `scf` work on tiles unchanged; a tensor of rank 0 and a plain scalar mean
    the same. Integers are signless, `index` may be an element type, `i1` is one
    byte per element in memory. All sizes that are not static are expressions
    over the function's symbols, read by `tile.dim`.

    Nothing here says which thread or register holds an element: a CPU gives
    every tile a list of vectors, a GPU gives it a layout (the tensor's encoding).
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect", "::tenon::TenonDialect"];
}

def Tile_Space : I32EnumAttr<"MemorySpace", "where a view points", [
    I32EnumAttrCase<"Global", 0, "global">, I32EnumAttrCase<"Scratch", 1, "scratch">]> {
  let cppNamespace = "::tenon::tile";
}

def Tile_ViewType : TypeDef<Tile_Dialect, "View"> {
  let mnemonic = "view";
  let summary = "a pointer to the elements of a buffer";
  let description = [{
    `!tile.view<f32>` points to global memory (a buffer of the program);
    `!tile.view<f32, scratch>` to memory that belongs to one block (scratch
    memory of a CPU thread, shared memory of a GPU) and whose contents are
    undefined when the block starts. Offsets into a view count elements.
  }];
  let parameters = (ins "::mlir::Type":$elementType,
                        DefaultValuedParameter<"MemorySpace", "MemorySpace::Global">:$space);
  let builders = [TypeBuilderWithInferredContext<(ins "::mlir::Type":$elementType,
      CArg<"MemorySpace", "MemorySpace::Global">:$space), [{
    return $_get(elementType.getContext(), elementType, space);
  }]>];
  let assemblyFormat = "`<` $elementType (`,` $space^)? `>`";
  let genVerifyDecl = 1;
}

#endif
