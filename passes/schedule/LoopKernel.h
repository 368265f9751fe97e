//===- LoopKernel.h - all rounds of a loop as one kernel --------*- C++ -*-===//
//
// A loop of a program whose rounds only launch small kernels (the steps of a
// recurrent layer) spends its time between launches. As a kernel of one block
// that walks the rounds itself, and in each the blocks of each kernel, it is
// launched once:
//
//   exec.loop trips(<T>) carry(%n) into(%h) {      tile.func @loop(...) grid(1) {
//     exec.launch @k0 grid(<G>) ...                  for t in 0 .. T
//     exec.launch @k1 grid(<1>) ...           ->       for b in 0 .. G: body of @k0
//   }                                                  body of @k1
//                                                      copy n to h
//
// Loops that do not depend on each other (the two directions of a layer) are
// blocks of one kernel, and run side by side.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_SCHEDULE_LOOPKERNEL_H
#define TENON_PASSES_SCHEDULE_LOOPKERNEL_H

#include "dialects/exec/Exec.h"
#include "dialects/tile/TileDialect.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace tenon {

/// What a loop of launches reads and writes.
class LoopOfLaunches {
public:
  /// Nothing if the loop does anything that a kernel cannot do: branches, loops
  /// inside, a condition, sizes that are read from memory.
  static std::optional<LoopOfLaunches> find(exec::LoopOp loop, const mlir::SymbolTable &table);

  exec::LoopOp getLoop() const { return loop; }
  /// Every buffer and the type under which kernels see it.
  const llvm::MapVector<mlir::Value, mlir::Type> &getBuffers() const { return types; }
  bool writes(mlir::Value buffer) const { return written.contains(buffer); }
  /// Operations of one round at the least sizes.
  double leastFlops() const;

private:
  explicit LoopOfLaunches(exec::LoopOp loop) : loop(loop) {}
  bool visit(mlir::Operation &op, const mlir::SymbolTable &table);
  bool use(mlir::Value buffer, mlir::Type type, bool isWritten);

  exec::LoopOp loop;
  llvm::MapVector<mlir::Value, mlir::Type> types;
  llvm::DenseSet<mlir::Value> written;
};

/// Replaces loops, each of which depends on none of the others, by one launch
/// where the last of them is.
void launchLoops(llvm::ArrayRef<LoopOfLaunches> loops, mlir::SymbolTable &table);

} // namespace tenon

#endif
