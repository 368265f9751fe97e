// Plain barriers, as most are: all threads of the block, whole warps, nothing else in
// progress. The handlers do these themselves and go on with the block's next warp.
//
// A warp that arrives so is only noted (NamedBarrier::whole, Warp::held). If all do,
// completion exchanges the clocks of all at once; what needs to know more of an
// arrival before that (settleBarrier) has it made an ordinary one.
#pragma once

#include "sim/machine/exec/Warp.h"

namespace tenon::sim {

/// Arrives at such a barrier, and completes it as the last; false (nothing done) if
/// it is none. The warp goes on behind the op, now or once the barrier is complete.
bool wholeBarrier(Warp &warp, const Op *op);

/// The same from the handlers: the warp of the block that runs next, on what is left of
/// this one's quantum; null if its loop must decide (Warp::leave and stop say on what).
Warp *passBarrier(Warp &warp, const Op *op);

/// Noted arrivals become ordinary ones: clocks given, lanes in the warp's list.
void settleBarrier(Block &block, uint32_t id);
void settleBarriers(Block &block);

/// Lets go all who wait for the barrier (exec/Barrier.cpp).
void completeBarrier(Block &block, uint32_t id);

/// Makes this warp the one that runs on its block's budget of instructions.
void takeOver(Warp &warp, int64_t quantum);

} // namespace tenon::sim
