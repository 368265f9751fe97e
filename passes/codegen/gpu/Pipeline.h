//===- Pipeline.h - A product's loop through shared memory --------*- C++ -*-===//
//
// A loop whose body ends in `acc = tile.dot a, b, acc` becomes a pipeline of S steps:
//
//   start copying steps 0 .. S-2 to shared memory
//   for each step i:
//     wait for step i's copies; barrier        (all have left step i-1, too)
//     start copying step i+S-1 to where step i-1 was
//     multiply step i out of shared memory
//
// Everything else in the body computes a or b, for the step that is being copied. An
// operand that is nothing but a load of aligned neighbours goes by cp.async; any other
// is computed in registers and stored. Each operand (a Side) has two layouts: how
// threads copy it, and how they read it as fragments; the swizzle between them is
// computed (dialects/tile/layout), and an address is
//
//   shared + step's offset + (thread's bits ^ constant)
//
// where the constants that meet the thread's bits become bases before the loop and
// all others immediates (Side::address).
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_GPU_PIPELINE_H
#define TENON_PASSES_CODEGEN_GPU_PIPELINE_H

#include "passes/codegen/gpu/GpuEmitter.h"

#include "llvm/ADT/MapVector.h"

namespace tenon::tile {

/// The function's attribute kPipelineAttr.
struct PipelineSchedule {
  int64_t m, n, k, warpsM, warpsN, stages;

  static std::optional<PipelineSchedule> of(FuncOp func);
  int64_t threads() const { return 32 * warpsM * warpsN; }
  int64_t warpM() const { return m / warpsM; }
  int64_t warpN() const { return n / warpsN; }
  /// Where the accumulators lie, by the type of the function's products.
  Distribution accumulators(FuncOp func) const;
};

/// Byte addresses in shared memory of elements that lie at
/// (a linear function of the thread number's bits) ^ (a constant).
class SharedAddresses {
public:
  SharedAddresses() = default;
  /// \p offsets: element number -> element offset; \p threads: what each bit adds to
  /// an element number.
  SharedAddresses(BitMatrix offsets, int64_t elementBytes,
                  llvm::ArrayRef<std::pair<unsigned, uint64_t>> threads);

  /// The same elements, read or written by other threads.
  SharedAddresses over(llvm::ArrayRef<std::pair<unsigned, uint64_t>> threads) const {
    return SharedAddresses(offsets, bytes, threads);
  }

  /// The constant part of an element number, in bytes.
  uint64_t constant(uint64_t element) const { return offsets.apply(element) * bytes; }
  uint64_t low(uint64_t constant) const { return constant & span; }
  uint64_t high(uint64_t constant) const { return constant & ~span; }
  llvm::ArrayRef<std::pair<unsigned, uint64_t>> threadBits() const { return images; }

private:
  BitMatrix offsets;
  int64_t bytes = 1;
  llvm::SmallVector<std::pair<unsigned, uint64_t>> images; ///< in bytes
  uint64_t span = 0;
};

class Pipeline {
public:
  Pipeline(GpuEmitter &emitter, mlir::scf::ForOp loop, DotOp dot);

  /// The product at the end of a loop's body, or null.
  static DotOp productOf(mlir::scf::ForOp loop);
  /// Copies into each such loop what its operands are computed from, so that each
  /// side can lie over threads in its own way.
  static mlir::LogicalResult prepare(FuncOp func);
  mlir::LogicalResult run();

private:
  /// One operand.
  struct Side {
    mlir::Value tile;
    unsigned depthDim = 0, innerDim = 0; ///< k's dimension, the contiguous one
    int64_t shape[2] = {};               ///< outer, inner, in shared memory
    int64_t elementBytes = 2, begin = 0; ///< first byte in a step
    int64_t vector = 1;                  ///< neighbours copied at once
    LoadOp direct;                       ///< copied by cp.async; else computed
    llvm::SmallVector<mlir::Operation *> once, perStep;
    Distribution copies;
    SharedAddresses write, read;
    llvm::DenseMap<mlir::Value, Fragments> values; ///< in the way of copying
    /// By the bits of a constant that meet the thread's: offsets, before the loop; and
    /// pointers into the step that is read.
    llvm::MapVector<uint64_t, mlir::Value> writeBases, readBases, stepBases;

    int64_t bytes() const { return shape[0] * shape[1] * elementBytes; }
    bool depthInner() const { return depthDim == innerDim; }
    /// The registers that start a vector of the copy: their number and element.
    llvm::SmallVector<std::pair<int64_t, uint64_t>> vectors() const;
    /// The number of an element in the order outer, inner.
    uint64_t element(int64_t other, int64_t depth) const {
      return depthInner() ? other * shape[1] + depth : depth * shape[1] + other;
    }
  };

  // PipelineCopy.cpp: global to shared memory.
  mlir::LogicalResult planSide(Side &side, mlir::Value tile, unsigned depthDim);
  void chooseInner(Side &side);
  mlir::LogicalResult layOut(Side &side);
  mlir::LogicalResult emitIn(Side &side, llvm::ArrayRef<mlir::Operation *> ops, bool isFirst);
  mlir::LogicalResult copySide(Side &side, mlir::Value iv, mlir::Value step, bool isFirst);
  void copyDirect(Side &side, mlir::Value step);
  void storeComputed(Side &side, mlir::Value step);
  mlir::Value writeAddress(Side &side, uint64_t element, mlir::Value step);
  mlir::Value ownerOf(Side &side);

  // Pipeline.cpp: the loop.
  mlir::LogicalResult copyStep(mlir::Value iv, mlir::Value step, bool isFirst);
  mlir::LogicalResult copyIf(mlir::Value iv, mlir::Value step, bool isFirst);
  mlir::Value nextStep(mlir::Value step);
  mlir::Value threadOffset(const SharedAddresses &addresses);
  llvm::MapVector<uint64_t, mlir::Value> basesOf(const SharedAddresses &addresses,
                                                 llvm::ArrayRef<uint64_t> elements);

  // Products.cpp: out of shared memory.
  void layOutReads();
  llvm::SmallVector<uint64_t> elementsRead(Side &side);
  void startReads(mlir::Value step);
  mlir::Value readAddress(Side &side, uint64_t element);
  llvm::SmallVector<mlir::Value> multiply(llvm::ArrayRef<mlir::Value> sums);
  llvm::SmallVector<mlir::Value> multiplyTensor(llvm::ArrayRef<mlir::Value> sums);
  llvm::SmallVector<mlir::Value> multiplyScalar(llvm::ArrayRef<mlir::Value> sums);
  llvm::SmallVector<mlir::Value> loadMatrices(Side &side, uint64_t element, bool transposed);
  llvm::SmallVector<mlir::Value> loadElements(Side &side, int64_t depth);

  GpuEmitter &emitter;
  VectorBuilder &builder;
  mlir::scf::ForOp loop;
  DotOp dot;
  PipelineSchedule schedule;
  bool isTensor; ///< on tensor cores, in 16-bit numbers
  Side left, right;
  int64_t stepBytes = 0;
  mlir::Value shared;
};

} // namespace tenon::tile

#endif
