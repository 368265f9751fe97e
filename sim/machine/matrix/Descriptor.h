// The 64-bit shared-memory matrix descriptors of wgmma, and where they say that
// the 16-byte units of a matrix lie.
//
//   bits   0..13  start address / 16         32..45  stride byte offset / 16
//         16..29  leading byte offset / 16   49..51  base offset (swizzle phase)
//         62..63  swizzle: 0 none, 1 128 bytes, 2 64 bytes, 3 32 bytes
//
// In units of 16 bytes, with W units in a swizzled row (PTX manual, "strides";
// CUTLASS's canonical layouts say the same):
//
//   K-major   row r, k chunk c     none      (r%8)   + (r/8)*SBO + c*LBO
//                                  swizzled  (r%8)*W + (r/8)*SBO + c
//   MN-major  mn unit u, row k     none      u*SBO + (k%8) + (k/8)*LBO
//                                  swizzled  (u%W) + (u/W)*LBO + (k%8)*W + (k/8)*SBO
//
// and the swizzle is applied to the sum. A unit of an MN-major matrix holds 8
// elements along m or n at one k; only 16-bit types have it.
#pragma once

#include "sim/machine/matrix/Swizzle.h"

namespace tenon::sim {

struct MatrixDescriptor {
  uint32_t start = 0;         // bytes, within the shared window
  uint32_t leadingOffset = 0; // bytes
  uint32_t strideOffset = 0;  // bytes
  uint32_t baseOffset = 0;    // in units of 128 bytes
  Swizzle mode = Swizzle::None;
};

MatrixDescriptor decodeDescriptor(uint64_t bits);

/// Shared address of unit (row, chunk) of a K-major matrix.
uint32_t unitAddressKMajor(const MatrixDescriptor &, uint32_t row, uint32_t chunk);

/// Shared address of the 8 elements [8 * unit, 8 * unit + 8) at `k`.
uint32_t unitAddressMnMajor(const MatrixDescriptor &, uint32_t unit, uint32_t k);

} // namespace tenon::sim
