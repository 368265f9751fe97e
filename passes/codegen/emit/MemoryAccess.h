//===- MemoryAccess.h - One piece from or to memory ---------------*- C++ -*-===//
//
// Every access comes down to one of these forms, cheapest first:
//
//   contiguous     one vector load or store, masked by the hardware
//   repeated       (stride 0) one scalar
//   stride 2       two vector loads and a shuffle
//   anywhere       a gather or scatter instruction where the target has a good
//                  one, else lane by lane; a masked-off lane is pointed to
//                  `spill`, so that no branch is needed
//
// i1 is a byte in memory; the rest of the compiler never sees that.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_EMIT_MEMORYACCESS_H
#define TENON_PASSES_CODEGEN_EMIT_MEMORYACCESS_H

#include "passes/codegen/Cpu.h"
#include "passes/codegen/emit/Fragments.h"
#include "passes/codegen/emit/VectorBuilder.h"

namespace tenon::tile {

class MemoryAccess {
public:
  /// \p element is the type of a tile's elements; \p spill at least 8 bytes.
  MemoryAccess(VectorBuilder &builder, CpuFeatures features, mlir::Type element, mlir::Value spill);

  /// The type of an element in memory.
  mlir::Type stored() const { return memoryElement; }

  /// Lanes at `pointer + lane * stride`. \p stride is a constant or an i64;
  /// \p mask may have no value; \p fill is a scalar, or null for zero.
  Piece load(mlir::Value pointer, int64_t lanes, mlir::OpFoldResult stride, Piece mask,
             mlir::Value fill);
  void store(Piece value, mlir::Value pointer, int64_t lanes, mlir::OpFoldResult stride,
             Piece mask);

  /// Lanes at \p pointers, a vector of pointers.
  mlir::Value gather(mlir::Value pointers, Piece mask, mlir::Value fill);
  void scatter(mlir::Value value, mlir::Value pointers, Piece mask);

private:
  mlir::Value loadScalar(mlir::Value pointer, mlir::Value mask, mlir::Value fill);
  void storeScalar(mlir::Value value, mlir::Value pointer, mlir::Value mask);
  mlir::Value loadContiguous(mlir::Value pointer, int64_t lanes, Piece mask, mlir::Value fill);
  mlir::Value loadEverySecond(mlir::Value pointer, int64_t lanes);
  mlir::Value gatherStored(mlir::Value pointers, Piece mask, mlir::Value fill);
  mlir::Value pointersAt(mlir::Value pointer, int64_t lanes, mlir::OpFoldResult stride);
  bool hasGather() const;
  mlir::Value maskVector(Piece mask, int64_t lanes);
  mlir::Value fillVector(mlir::Value fill, int64_t lanes);
  mlir::Value fromMemory(mlir::Value value);
  mlir::Value toMemory(mlir::Value value);

  VectorBuilder &builder;
  CpuFeatures features;
  mlir::Type memoryElement;
  bool isBool;
  mlir::Value spill;
};

} // namespace tenon::tile

#endif
