// The execution model of the simulated machine: a lecture. No code.
//
// 1. Lanes, splits, warps
//
// Thirty-two lanes form a warp. Lanes at one pc form a split and run together,
// one instruction for all of them. A branch on which lanes disagree parts a split
// in two; two splits that arrive at one pc (with the same calls behind them) merge.
//
// Which split runs? The one with the deepest call, then the lowest pc; ops are laid
// out so that a pc is a priority: reverse postorder of the blocks, loop exits last.
//
//     A: if (x) B: ... else C: ...      order A C B D or A B C D: both sides run
//     D: ...                            before D, so all lanes meet there
//     while (p) body; after             `after` has the highest number: lanes that
//                                       leave wait behind the loop for the others
//
// A lane may spin on what another lane of its warp has yet to do. So after 512
// instructions with others waiting (64 where a loop holds an atomic or volatile
// access) the next split in order gets a turn. Turns count instructions, not time:
// every run is the same.
//
// Instructions that need lanes together (mma, .sync shuffles, votes) are meeting
// points: a split that lacks lanes waits for them. It is a finding only when the
// missing lanes cannot come any more.
//
// 2. Happens before
//
// Two accesses race when they share a byte, one of them writes, not both are
// strong (atomic, volatile, relaxed, ...), and neither happens before the other.
// Happens-before is kept with vector clocks (Lamport 1978; Mattern 1989; FastTrack,
// Flanagan and Freund 2009). Each warp, and each slot of an asynchronous engine, is
// an entity e with a clock; its row says what it knows of every other.
//
//     warp 0: st s[0]      epoch (0, 5)            rows: 0 knows {0:5, 1:3}
//     warp 0: bar.arrive   gives its row, steps    0: {0:6, 1:3}
//     warp 1: bar.sync     takes it                1: {0:5, 1:4}
//     warp 1: ld s[0]      5 <= row1[0] = 5        ordered
//
// Without the barrier row1[0] is below 5: a race, whichever of the two the
// scheduler ran first, and whatever the data. That is why a missing wait shows with
// every seed and order.
//
// 3. Cells
//
// A word remembers its last plain write and who accessed it otherwise since: one
// epoch, or the number of an interned set (SharedCells.h). For global memory the
// epoch is an id; one reader is kept and a bit "more" (GlobalCells.cpp).
//
// 4. Why nothing is reported falsely
//
// Rows only grow, and each join takes at least what the PTX memory model's
// causality order takes: a release of one lane counts for its warp, all releases on
// an address count, not only the one that was read. So what is unordered here is
// unordered in PTX. Cells hold only accesses that happened; whatever is forgotten
// (old readers, clock overflow) can only hide a race. tests/sim/machine/core/
// RaceOracleTest.cpp holds the cells against a comparison of all pairs.
//
// 5. What is missed
//
// Races between lanes of one warp; an access whose other half was forgotten;
// scopes of strong accesses (a .cta atomic counts as strong for the whole GPU);
// copies by the host, which the driver orders.
#pragma once
