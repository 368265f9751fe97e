//===- GpuEmitter.h - From a tile.func to one thread's code -------*- C++ -*-===//
//
// The same walk as on a CPU (emit/TileEmitter.h), for one of the T threads of a
// block. Where the elements of a tile lie is a map linear over bits: the thread
// number's bits, then a register number's, are the bits of the position along the
// innermost dimension; all other dimensions are registers. With T = 64:
//
//   tensor<12x128xf32>  24 registers: thread t holds columns t and t + 64 of 12 rows
//   tensor<1x32xf32>     1 register:  threads t and t + 32 both hold column t % 32
//   tensor<12x1xf32>    12 registers: every thread holds all of it
//
// So element-wise operations and broadcasts move nothing, loads of neighbours are
// neighbours in a warp, and a reduction along the innermost dimension is a
// butterfly of shuffles, then partial results of warps through shared memory. A
// tile of one column is the same in all threads: thread 0 alone stores it.
//
// Every branch and loop depends on such uniform values only, so a barrier may
// stand anywhere. One is set where scratch memory that was written is read, or
// that was read is written again (Hazards below).
//
// In a function with a pipeline (Pipeline.h) tiles lie instead as the accumulators of
// its products do, or as they are copied to shared memory: a Distribution says where,
// dimension by dimension.
//
//   kernel(buffers..., scratch, status, symbols...)
//
// A failed check writes its number to *status (the greatest one wins) and ends the
// block. Scratch memory is shared memory, or, where it may be too large for that, the
// caller's choice: with `scratch` null shared, else global memory with a slot per
// block; such a kernel loops over its blocks, so that there may be fewer than the grid.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_GPU_GPUEMITTER_H
#define TENON_PASSES_CODEGEN_GPU_GPUEMITTER_H

#include "passes/codegen/emit/TileEmitter.h"
#include "passes/codegen/gpu/Distribution.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace tenon::tile {

/// Attributes of an emitted kernel: its threads (i32) and, if its scratch memory
/// may be too large for shared memory, kGlobalScratchAttr.
inline constexpr llvm::StringLiteral kThreadsAttr = "tile.threads";
inline constexpr llvm::StringLiteral kGlobalScratchAttr = "tile.global_scratch";

/// Shared memory that every GPU gives a block without asking.
inline constexpr int64_t kSharedScratchBytes = 40 * 1024;

class GpuEmitter : public TileEmitter {
public:
  /// \p globalScratch: scratch memory may exceed kSharedScratchBytes.
  GpuEmitter(FuncOp func, bool globalScratch);
  /// Writes the kernel behind \p func, which stays.
  mlir::LogicalResult run();

private:
  friend class Pipeline;

  // GpuFunc.cpp
  mlir::LLVM::LLVMFuncOp createKernel();
  mlir::LogicalResult emitKernel(mlir::LLVM::LLVMFuncOp kernel);
  void emitThreads();
  mlir::Value scratchBase(mlir::LLVM::LLVMFuncOp kernel);
  mlir::LogicalResult emitBlocks(mlir::LLVM::LLVMFuncOp kernel);
  void emitFailure(mlir::Value status);
  mlir::Value sharedMemory(llvm::StringRef name, int64_t bytes);

  // GpuControl.cpp
  mlir::LogicalResult emitFor(mlir::scf::ForOp op) override;
  mlir::LogicalResult emitIf(mlir::scf::IfOp op) override;
  mlir::LogicalResult emitWhile(mlir::scf::WhileOp op) override;
  mlir::LogicalResult emitCheck(CheckOp op) override;
  mlir::LogicalResult emitConstant(mlir::arith::ConstantOp op) override;
  void barrier();
  void beforeScratch(bool isStore);

  // GpuTiles.cpp
  mlir::LogicalResult emitIota(IotaOp op) override;
  mlir::LogicalResult emitReduce(ReduceOp op) override;
  mlir::LogicalResult emitDot(DotOp op) override;
  mlir::Value exchange(mlir::Value value, int64_t distance);
  mlir::Value combineThreads(ReduceKind kind, mlir::Value value, llvm::ArrayRef<ThreadBit> bits);
  void combineWarps(ReduceKind kind, llvm::MutableArrayRef<mlir::Value> rows, int64_t threads);

  // GpuMemory.cpp
  /// One element of this thread.
  struct Place {
    mlir::Value pointer;
    mlir::Value mask;  ///< an i1; null if the element is always there
    int64_t same = -1; ///< an earlier place of the same address and mask
    /// Element `lane` of the `lanes` that are read together at place `leader`.
    int64_t leader = -1, lane = 0, lanes = 1;
  };
  mlir::LogicalResult emitLoad(LoadOp op) override;
  mlir::LogicalResult emitStore(StoreOp op) override;
  mlir::LogicalResult emitGather(GatherOp op) override;
  mlir::LogicalResult emitScatter(ScatterOp op) override;
  llvm::SmallVector<Place> stridedPlaces(mlir::Value view, mlir::Value offset,
                                         llvm::ArrayRef<mlir::OpFoldResult> strides,
                                         mlir::Type tile, mlir::Value mask);
  llvm::SmallVector<Place> indexedPlaces(mlir::Value view, mlir::Value indices, mlir::Value mask);
  void joinNeighbours(LoadOp op, llvm::MutableArrayRef<Place> places);
  void loadPlaces(mlir::Operation *op, mlir::Value view, llvm::ArrayRef<Place> places,
                  mlir::Value fill);
  void storePlaces(mlir::Value view, llvm::ArrayRef<Place> places, mlir::Value tile);
  mlir::Value owner(mlir::Type tile);

  TileLayout layoutOf(mlir::Type type) override;
  /// Elements along the innermost dimension; 1 for scalars.
  static int64_t innerSize(mlir::Type type);
  /// This thread's first position along an innermost dimension of that size.
  mlir::Value lane(int64_t size) { return lanes.lookup(size); }
  /// How a dimension of a tile of that shape lies over threads and registers.
  Spread spreadOf(llvm::ArrayRef<int64_t> shape, unsigned dim);
  /// This thread's part of a position along it, an i64; null if there is none.
  mlir::Value threadPart(llvm::ArrayRef<int64_t> shape, unsigned dim);
  /// The sum of what the bits of the thread number stand for, an i64.
  mlir::Value threadSum(llvm::ArrayRef<ThreadBit> bits);

  /// What a block may have done since its last barrier.
  struct Hazards {
    bool stored = false, loaded = false, reduced = false;
    bool any() const { return stored || loaded || reduced; }
    void operator|=(Hazards other) {
      stored |= other.stored, loaded |= other.loaded, reduced |= other.reduced;
    }
  };
  Hazards effectsOf(mlir::Operation *op);

  bool globalScratch;
  int64_t threads = 1;
  /// Of the tiles being emitted; null: over the innermost dimension.
  const Distribution *distribution = nullptr;
  Distribution accumulators; ///< of a function with a pipeline
  int64_t pipelineBytes = 0; ///< of shared memory
  int64_t reduceRows = 0; ///< most rows that one reduction hands between warps
  Hazards hazards;
  mlir::Value thread, block, isFirst, partials;
  llvm::DenseMap<int64_t, mlir::Value> lanes;
};

} // namespace tenon::tile

#endif
