//===- Cost.h - what a division costs on one mesh axis ----------*- C++ -*-===//
//
// Seconds, by the slowest of arithmetic and memory for computing, and by the
// published costs of ring algorithms for collectives (n ranks, b bytes of the whole
// tensor, link rate L, latency t):
//
//   all_gather, reduce_scatter   t + b (n-1)/n / L
//   all_reduce                   t + 2 b (n-1)/n / L
//   all_to_all                   t + b/n (n-1)/n / L
//
// Sizes that are free count as kTypicalSize, within their range.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_PASSES_SHARD_COST_H
#define TENON_PASSES_SHARD_COST_H

#include "passes/shard/Form.h"

namespace tenon::shard {

/// Per second; the defaults are of an H100 with NVLink.
struct Rates {
  double flops = 400e12;
  double memory = 3.0e12; ///< bytes
  double link = 400e9;    ///< bytes, per rank and direction
  double latency = 5e-6;  ///< seconds of a collective
};

class Cost {
public:
  static constexpr int64_t kTypicalSize = 512;
  /// More than any plan costs: what cannot be done.
  static constexpr double kImpossible = 1e18;

  Cost(const Rates &rates, int64_t ranks, const SymbolRanges &symbols)
      : rates(rates), ranks(ranks), symbols(symbols) {}

  /// Of bringing a value from one form into another, on every rank.
  double convert(mlir::Type type, Form from, Form to) const;
  /// Of computing one operation by a strategy.
  double compute(mlir::Operation *op, const Strategy &strategy) const;

private:
  double size(DimExpr expr) const;
  double bytes(mlir::Type type) const;
  double bytes(mlir::Type type, Form form) const;

  Rates rates;
  int64_t ranks;
  const SymbolRanges &symbols;
};

} // namespace tenon::shard

#endif // TENON_PASSES_SHARD_COST_H
