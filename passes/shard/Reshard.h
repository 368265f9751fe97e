//===- Reshard.h - a value from one form into another -----------*- C++ -*-===//
//
//   from \ to     replicated             split(e)
//   replicated    -                      slice
//   split(d)      all_gather             all_to_all
//   partial       all_reduce             reduce_scatter
//
// Collectives move whole tensors; what has to be brought to the front for them, or
// from there, are reshapes and transposes.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_SHARD_RESHARD_H
#define TENON_PASSES_SHARD_RESHARD_H

#include "dialects/spmd/Spmd.h"
#include "passes/shard/Form.h"
#include "mlir/IR/Builders.h"

namespace tenon::shard {

class Resharder {
public:
  Resharder(mlir::OpBuilder &builder, llvm::StringRef axis, int64_t ranks)
      : builder(builder), axis(builder.getStringAttr(axis)), ranks(ranks) {}

  /// The type that a rank sees of a value of type \p type in a form.
  mlir::RankedTensorType localType(mlir::Type type, Form form) const;
  /// \p value is of the whole type \p type in form \p from; makes form \p to of it
  /// at the builder's place.
  mlir::Value convert(mlir::Value value, mlir::Type type, Form from, Form to);

private:
  mlir::Value slice(mlir::Value value, unsigned dim);
  mlir::Value gather(mlir::Value value, unsigned dim);
  mlir::Value reduce(mlir::Value value, Combiner combiner, Form to);
  mlir::Value exchange(mlir::Value value, unsigned from, unsigned to);
  mlir::Value unfold(mlir::Value value, unsigned dim);
  mlir::Value fold(mlir::Value value, unsigned dim);

  mlir::OpBuilder &builder;
  mlir::StringAttr axis;
  int64_t ranks;
};

} // namespace tenon::shard

#endif // TENON_PASSES_SHARD_RESHARD_H
