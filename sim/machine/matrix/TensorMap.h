// Tensor maps: the 128-byte objects that cuTensorMapEncodeTiled makes and bulk
// tensor copies read. NVIDIA does not document its encoding; this one is our own.
//
// A map describes a tensor of up to five dimensions in global memory (innermost
// first) and a box of it. A copy names the box's corner; elements outside of the
// tensor read as zero (or NaN) and are not written. In shared memory the box is
// dense, innermost dimension first, rows permuted by the swizzle.
//
//   rank 2, f16, dims {100, 50}, strides {256}, box {64, 8}, corner (64, 48):
//   row y (0..7) of the box: elements 64..99 of tensor row 48 + y, then 28
//   zeroes; rows 2..7 all zero, since 50 rows exist
#pragma once

#include "sim/machine/matrix/Swizzle.h"

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace tenon::sim {

constexpr unsigned tensorMapBytes = 128;
constexpr unsigned maxTensorRank = 5;

/// The numbers of CUtensorMapDataType.
enum class TensorElement : uint8_t {
  U8, U16, U32, S32, U64, S64, F16, F32, F64, BF16, F32Ftz, TF32, TF32Ftz
};
uint32_t bytesOf(TensorElement type);

struct TensorMap {
  uint64_t address = 0;
  TensorElement type = TensorElement::U8;
  uint32_t rank = 1;
  Swizzle mode = Swizzle::None;
  bool fillNaN = false;
  std::array<uint64_t, maxTensorRank> dims{};    // elements
  std::array<uint64_t, maxTensorRank> strides{}; // bytes; [0] is the element's size
  std::array<uint32_t, maxTensorRank> box{};     // elements of the tensor
  std::array<uint32_t, maxTensorRank> steps{};   // element strides

  /// Elements that land in shared memory along a dimension.
  uint32_t boxElements(uint32_t dimension) const {
    return (box[dimension] + steps[dimension] - 1) / steps[dimension];
  }
  uint32_t rowBytes() const { return boxElements(0) * bytesOf(type); }
  /// Bytes that a load brings (and counts on its mbarrier), out-of-bounds ones too.
  uint64_t boxBytes() const;
};

/// The arguments of cuTensorMapEncodeTiled, as numbers of its enumerations.
struct TensorMapArguments {
  uint32_t dataType = 0, rank = 0;
  uint64_t globalAddress = 0;
  const uint64_t *globalDim = nullptr;
  const uint64_t *globalStrides = nullptr; // rank - 1
  const uint32_t *boxDim = nullptr;
  const uint32_t *elementStrides = nullptr;
  uint32_t interleave = 0, swizzle = 0, l2Promotion = 0, oobFill = 0;
};

enum class EncodeStatus : uint8_t { Ok, Invalid, NotSupported };

/// Checks every argument as the driver does and writes the object. On failure
/// `reason` says what is wrong.
EncodeStatus encodeTensorMap(const TensorMapArguments &, std::span<std::byte, tensorMapBytes>,
                             std::string &reason);

/// False if the bytes are no tensor map of ours.
bool decodeTensorMap(std::span<const std::byte, tensorMapBytes>, TensorMap &);

/// cuTensorMapReplaceAddress.
EncodeStatus replaceTensorMapAddress(std::span<std::byte, tensorMapBytes>, uint64_t address);

/// A run of elements of one row of the box: `bytes` at box offset `offset`
/// (before the swizzle), from global `address`, or filled where `inside` is false.
struct BoxRun {
  uint64_t address = 0;
  uint32_t offset = 0;
  uint32_t bytes = 0;
  bool inside = true;
};

/// Calls visit(run) for every run of the box whose corner is `corner`, in the
/// order of the box; stops when visit returns false, and then returns false.
template <typename Visit>
bool visitBox(const TensorMap &map, const int32_t *corner, Visit visit);

} // namespace tenon::sim

#include "sim/machine/matrix/TensorBox.h"
