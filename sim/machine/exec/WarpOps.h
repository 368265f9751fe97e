// Instructions among the lanes of a warp. Operands of each: [0] the result, [1]
// the result predicate, [2] ... sources, the last one the member mask.
#pragma once

#include "sim/machine/exec/Warp.h"

namespace tenon::sim {

class WarpOp : public ExtendedOp {
public:
  bool oneMask = false; // the member mask is a constant
  uint32_t required(const Warp &warp, uint32_t mask) const override;
  uint32_t together(const Warp &warp, uint32_t mask) const override;
  void propagateTaint(Warp &warp, uint32_t mask) const override;
};

class ShuffleOp : public WarpOp {
public:
  enum Mode : uint8_t { Up, Down, Butterfly, Index };
  Mode mode = Index;
  ShuffleOp() { name = "shfl.sync"; }
  Step run(Warp &warp, uint32_t mask) const override;
  void propagateTaint(Warp &warp, uint32_t mask) const override;

private:
  /// Lane whose value `lane` gets, and whether that is in range.
  unsigned sourceOf(const Warp &warp, unsigned lane, bool &inRange) const;
};

class VoteOp : public WarpOp {
public:
  enum Mode : uint8_t { All, Any, Uniform, Ballot };
  Mode mode = Ballot;
  VoteOp() { name = "vote.sync"; }
  Step run(Warp &warp, uint32_t mask) const override;
};

class MatchOp : public WarpOp {
public:
  bool all = false;
  MatchOp() { name = "match.sync"; }
  Step run(Warp &warp, uint32_t mask) const override;
};

class ReduceOp : public WarpOp {
public:
  enum Mode : uint8_t { Add, Min, Max, And, Or, Xor };
  Mode mode = Add;
  bool isSigned = false, isFloat = false, abs = false, nan = false;
  ReduceOp() { name = "redux.sync"; }
  Step run(Warp &warp, uint32_t mask) const override;

private:
  uint32_t combine(uint32_t a, uint32_t b) const;
};

class ElectOp : public WarpOp {
public:
  ElectOp() { name = "elect.sync"; }
  Step run(Warp &warp, uint32_t mask) const override;
};

class WarpSyncOp : public WarpOp {
public:
  WarpSyncOp() { name = "bar.warp.sync"; }
  Step run(Warp &warp, uint32_t mask) const override;
};

/// barrier.cluster.arrive and wait. No operands.
class ClusterBarrierOp : public ExtendedOp {
public:
  bool arrive = false, release = true;
  ClusterBarrierOp() { name = "barrier.cluster"; }
  Step run(Warp &warp, uint32_t mask) const override;
};

} // namespace tenon::sim
