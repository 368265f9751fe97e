// Decoding of wgmma's matrix descriptors and their address arithmetic.
#include "sim/machine/matrix/Descriptor.h"

namespace tenon::sim {

constexpr uint32_t kSharedMask = 0x3ffff; // 14 bits of 16-byte units

static uint32_t field(uint64_t bits, unsigned shift) {
  return uint32_t(bits >> shift & 0x3fff) << 4;
}

MatrixDescriptor decodeDescriptor(uint64_t bits) {
  constexpr Swizzle kModes[] = {Swizzle::None, Swizzle::Bytes128, Swizzle::Bytes64,
                                Swizzle::Bytes32};
  return {.start = field(bits, 0),
          .leadingOffset = field(bits, 16),
          .strideOffset = field(bits, 32),
          .baseOffset = uint32_t(bits >> 49 & 7),
          .mode = kModes[bits >> 62]};
}

static uint32_t place(const MatrixDescriptor &d, uint32_t offset) {
  return swizzle(d.mode, (d.start + offset) & kSharedMask, d.baseOffset);
}

uint32_t unitAddressKMajor(const MatrixDescriptor &d, uint32_t row, uint32_t chunk) {
  uint32_t rowBytes = swizzleBytes(d.mode);
  uint32_t chunkBytes = d.mode == Swizzle::None ? d.leadingOffset : 16;
  return place(d, row % 8 * rowBytes + row / 8 * d.strideOffset + chunk * chunkBytes);
}

uint32_t unitAddressMnMajor(const MatrixDescriptor &d, uint32_t unit, uint32_t k) {
  if (d.mode == Swizzle::None)
    return place(d, unit * d.strideOffset + k % 8 * 16 + k / 8 * d.leadingOffset);
  uint32_t width = swizzleBytes(d.mode) / 16;
  return place(d, unit % width * 16 + unit / width * d.leadingOffset +
                      k % 8 * swizzleBytes(d.mode) + k / 8 * d.strideOffset);
}

} // namespace tenon::sim
