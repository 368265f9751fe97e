//===- MeshOptions.h - the text of --mesh and --shard -----------*- C++ -*-===//

#ifndef TENON_COMPILER_DRIVER_MESHOPTIONS_H
#define TENON_COMPILER_DRIVER_MESHOPTIONS_H

#include "passes/shard/Passes.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// "node=2" and "gpu=8": axes, slowest link first.
llvm::Expected<MeshSizes> parseMesh(llvm::ArrayRef<std::string> axes);

/// "PATTERN=DIM:AXIS", of an axis of the mesh.
llvm::Expected<ShardRule> parseShardRule(llvm::StringRef text, const MeshSizes &mesh);

} // namespace tenon

#endif
