// The kernels that the simulator's speed is measured with, as PTX text without its
// header. Each entry is named as its function here, without "Kernel".
#pragma once

#include <string>

namespace tenon::sim::bench {

constexpr unsigned sweepBytes = 4096; // that an iteration of loads or copy moves on

std::string aluKernel();     // a chain of integer operations
std::string loadsKernel();   // loads of 16 bytes a lane, side by side
std::string copyKernel();    // as many stores besides
std::string gatherKernel();  // loads of 4 bytes a lane from anywhere
std::string sharedKernel();  // store, barrier, load of a neighbour, barrier
std::string productKernel(); // an 8 x 8 tile a thread of an f32 product
std::string mmaKernel();     // mma.sync m16n8k16, f16 into f32

} // namespace tenon::sim::bench
