//===- TileEmitter.h - From a tile.func to an llvm.func -----------*- C++ -*-===//
//
// Walks a tile program once and writes what a CPU does: two LLVM functions whose
// bodies hold llvm, arith and math operations on scalars and native vectors.
//
//   llvm.func @k(ptr args) -> i32          reads the argument block, calls
//   llvm.func private @k.body(ptr noalias x, ..., begin, end) -> i32
//     entry:   symbols, size expressions, scratch addresses
//     blocks:  for block in [begin, end): the program
//     fail(n): returns n: check number n did not hold
//
// Structured control flow becomes branches at once, so that a failed check can
// leave from anywhere. Fragments.h says what a tile becomes.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_EMIT_TILEEMITTER_H
#define TENON_PASSES_CODEGEN_EMIT_TILEEMITTER_H

#include "dialects/tile/TileDialect.h"
#include "passes/codegen/Cpu.h"
#include "passes/codegen/emit/Fragments.h"
#include "passes/codegen/emit/VectorBuilder.h"

#include "llvm/ADT/DenseMap.h"

namespace tenon::tile {

/// Discardable attributes of an emitted kernel, read when its code is packed.
inline constexpr llvm::StringLiteral kChecksAttr = "tile.checks";
inline constexpr llvm::StringLiteral kScratchAttr = "tile.scratch_bytes";

/// The text of a kernel without its name, locations and model nodes: equal texts
/// are equal code.
std::string fingerprint(FuncOp func);

/// a combined with b, values of one type.
mlir::Value combine(VectorBuilder &builder, ReduceKind kind, mlir::Value a, mlir::Value b);
/// All values into one, neighbours first.
mlir::Value combineTree(VectorBuilder &builder, ReduceKind kind,
                        llvm::SmallVector<mlir::Value> all);

/// Bytes of a scratch view, rounded up to 64; never negative.
DimExpr scratchSize(ScratchOp op);

/// What is virtual here differs on a GPU, where a piece is one thread's element
/// (gpu/GpuEmitter.h).
class TileEmitter {
public:
  TileEmitter(FuncOp func, CpuFeatures features);
  virtual ~TileEmitter() = default;
  /// Writes the two functions behind \p func, which stays.
  mlir::LogicalResult run();

protected:
  /// For other devices: tiles are cut into pieces of \p width lanes.
  TileEmitter(FuncOp func, int64_t width);

  // EmitFunc.cpp: the frame around the program.
  void emitEntry(mlir::LLVM::LLVMFuncOp body);
  mlir::LLVM::LLVMFuncOp createBody();
  mlir::LogicalResult emitBody(mlir::LLVM::LLVMFuncOp body);
  mlir::LogicalResult verifySizes(mlir::Operation &op);
  mlir::LogicalResult emitSizes(mlir::Value scratch);

  // EmitControl.cpp: operations, structured control flow.
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitOp(mlir::Operation &op);
  virtual mlir::LogicalResult emitFor(mlir::scf::ForOp op);
  virtual mlir::LogicalResult emitIf(mlir::scf::IfOp op);
  virtual mlir::LogicalResult emitWhile(mlir::scf::WhileOp op);
  virtual mlir::LogicalResult emitCheck(CheckOp op);

  // EmitElementwise.cpp: arith and math operations, piece by piece.
  mlir::LogicalResult emitElementwise(mlir::Operation &op);
  virtual mlir::LogicalResult emitConstant(mlir::arith::ConstantOp op);

  // EmitTiles.cpp: what changes a tile's shape.
  virtual mlir::LogicalResult emitIota(IotaOp op);
  mlir::LogicalResult emitBroadcast(BroadcastOp op);
  virtual mlir::LogicalResult emitReduce(ReduceOp op);
  virtual mlir::LogicalResult emitDot(DotOp op);

  // EmitMemory.cpp: loads and stores.
  virtual mlir::LogicalResult emitLoad(LoadOp op);
  virtual mlir::LogicalResult emitStore(StoreOp op);
  virtual mlir::LogicalResult emitGather(GatherOp op);
  virtual mlir::LogicalResult emitScatter(ScatterOp op);

  llvm::SmallVector<mlir::OpFoldResult> emittedStrides(llvm::ArrayRef<mlir::OpFoldResult> strides);
  struct PlannedLoad;
  void loadByBranch(PlannedLoad &load, const Fragments &mask, llvm::MutableArrayRef<Piece> pieces);
  Fragments splitLanes(const Fragments &from);

  // EmitExpr.cpp: size expressions over symbols.
  mlir::FailureOr<mlir::Value> emitExpr(DimExpr expr);

  /// The type of an element in registers: index is i64.
  mlir::Type elementOf(mlir::Type type);
  virtual TileLayout layoutOf(mlir::Type type) { return TileLayout(shapeOf(type), width); }
  /// Valid until the next definition.
  const Fragments &fragments(mlir::Value value) { return values.find(value)->second; }
  mlir::Value scalar(mlir::Value value) { return fragments(value).pieces.front().value; }
  void define(mlir::Value value, TileLayout layout, llvm::SmallVector<Piece> pieces);
  void defineScalar(mlir::Value value, mlir::Value scalar);
  mlir::Value vectorOf(Piece piece, int64_t lanes) {
    return piece.splat ? builder.splat(piece.value, lanes) : piece.value;
  }
  /// A tile as plain values, one per piece, as block arguments carry it.
  void flatten(mlir::Value value, llvm::SmallVectorImpl<mlir::Value> &flat);
  llvm::SmallVector<mlir::Value> flatten(mlir::ValueRange range);
  /// Block arguments for \p range, and its definition by them.
  void defineByArguments(mlir::ValueRange range, mlir::Block *block);
  mlir::Block *newBlock();
  void enter(mlir::Block *block) { builder.setInsertionPointToEnd(block); }
  mlir::Value allOf(const Fragments &mask);

  FuncOp func;
  CpuFeatures features;
  int64_t width; ///< lanes of a full vector, whatever the element
  VectorBuilder builder;
  llvm::DenseMap<mlir::Value, Fragments> values;
  llvm::DenseMap<mlir::Value, mlir::Value> pointers; ///< of views
  llvm::StringMap<mlir::Value> symbolValues;
  mlir::Region *region = nullptr; ///< of the body
  mlir::Block *failBlock = nullptr;
  mlir::Value spill; ///< memory that masked-off scalar accesses go to
  DimExpr scratchBytes;
  llvm::SmallVector<mlir::Attribute> checks;
};

} // namespace tenon::tile

#endif
