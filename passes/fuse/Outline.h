//===- Outline.h - writing a partition as tenon.kernel ----------*- C++ -*-===//

#ifndef TENON_PASSES_FUSE_OUTLINE_H
#define TENON_PASSES_FUSE_OUTLINE_H

#include "passes/fuse/Partition.h"

namespace tenon::fuse {

/// Moves the nodes of each kernel into a `tenon.kernel`, views and scalar
/// constants with each reader, and orders the block. Kernels are called k<N>,
/// counting on from \p counter.
void outlineKernels(mlir::Block &block, const Graph &graph, llvm::ArrayRef<Kernel> kernels,
                    unsigned &counter);

/// Orders the operations of a block so that values are defined before they are
/// used, otherwise by \p priority; operations with side effects keep their order
/// and nothing moves before the symbol binding it came after.
void orderBlock(mlir::Block &block,
                const llvm::DenseMap<mlir::Operation *, std::pair<unsigned, unsigned>> &priority);

} // namespace tenon::fuse

#endif // TENON_PASSES_FUSE_OUTLINE_H
