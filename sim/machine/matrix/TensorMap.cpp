// Encoding and decoding of tensor maps. The checks are those that the driver
// documents for cuTensorMapEncodeTiled; what is legal there and not simulated
// (packed 4- and 6-bit types, interleaved layouts) is NotSupported.
#include "sim/machine/matrix/TensorMap.h"

#include <cstring>

namespace tenon::sim {

uint32_t bytesOf(TensorElement type) {
  constexpr uint8_t kBytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
  return kBytes[unsigned(type)];
}

uint64_t TensorMap::boxBytes() const {
  uint64_t bytes = bytesOf(type);
  for (uint32_t d = 0; d < rank; ++d)
    bytes *= boxElements(d);
  return bytes;
}

namespace {

constexpr uint32_t kMagic = 0x314d5454; // "TTM1"
constexpr uint32_t kFirstPackedType = 13, kTypes = 16;

/// The object as it lies in memory.
struct Encoded {
  uint32_t magic;
  uint8_t type, rank, mode, fillNaN;
  uint64_t address;
  uint64_t dims[maxTensorRank];
  uint64_t strides[maxTensorRank - 1];
  uint16_t box[maxTensorRank];
  uint8_t steps[maxTensorRank];
  uint8_t zero[25];
};
static_assert(sizeof(Encoded) == tensorMapBytes);

struct Verdict {
  EncodeStatus status = EncodeStatus::Ok;
  std::string reason;
};

Verdict invalid(std::string reason) { return {EncodeStatus::Invalid, std::move(reason)}; }

Verdict checkEnumerations(const TensorMapArguments &a) {
  if (a.dataType >= kTypes)
    return invalid("tensor data type " + std::to_string(a.dataType) + " is none");
  if (a.rank < 1 || a.rank > maxTensorRank)
    return invalid("tensor rank " + std::to_string(a.rank) + " is not in 1..5");
  if (a.interleave > 2 || a.swizzle > 6 || a.l2Promotion > 3 || a.oobFill > 1)
    return invalid("interleave, swizzle, L2 promotion or fill mode is none");
  if (a.dataType >= kFirstPackedType)
    return {EncodeStatus::NotSupported, "packed 4- and 6-bit tensor maps are not simulated"};
  if (a.interleave != 0)
    return {EncodeStatus::NotSupported, "interleaved tensor maps are not simulated"};
  if (a.swizzle > 3)
    return {EncodeStatus::NotSupported, "128-byte swizzles with other atoms are not simulated"};
  if (!a.globalDim || !a.boxDim || !a.elementStrides || (a.rank > 1 && !a.globalStrides))
    return invalid("a required array is null");
  return {};
}

Verdict checkTensor(const TensorMapArguments &a) {
  if (a.globalAddress % 16 != 0 || a.globalAddress == 0)
    return invalid("global address is not a multiple of 16");
  for (uint32_t d = 0; d < a.rank; ++d)
    if (a.globalDim[d] == 0 || a.globalDim[d] > uint64_t(1) << 32)
      return invalid("dimension " + std::to_string(d) + " of " + std::to_string(a.globalDim[d]) +
                     " elements is not in 1..2^32");
  for (uint32_t d = 0; d + 1 < a.rank; ++d)
    if (a.globalStrides[d] % 16 != 0 || a.globalStrides[d] >= uint64_t(1) << 40)
      return invalid("stride " + std::to_string(d) + " of " + std::to_string(a.globalStrides[d]) +
                     " bytes is not a multiple of 16 below 2^40");
  return {};
}

Verdict checkBox(const TensorMapArguments &a) {
  for (uint32_t d = 0; d < a.rank; ++d) {
    if (a.boxDim[d] == 0 || a.boxDim[d] > 256)
      return invalid("box dimension " + std::to_string(d) + " of " + std::to_string(a.boxDim[d]) +
                     " elements is not in 1..256");
    if (a.elementStrides[d] == 0 || a.elementStrides[d] > 8)
      return invalid("element stride " + std::to_string(d) + " is not in 1..8");
  }
  uint64_t inner = uint64_t(a.boxDim[0]) * bytesOf(TensorElement(a.dataType));
  if (inner % 16 != 0)
    return invalid("inner box dimension of " + std::to_string(inner) +
                   " bytes is not a multiple of 16");
  if (a.swizzle != 0 && inner > swizzleBytes(Swizzle(a.swizzle)))
    return invalid("inner box dimension of " + std::to_string(inner) +
                   " bytes is more than the swizzle's " +
                   std::to_string(swizzleBytes(Swizzle(a.swizzle))));
  bool isFloat = a.dataType >= unsigned(TensorElement::F16);
  if (a.oobFill == 1 && !isFloat)
    return invalid("NaN fill needs a floating-point type");
  return {};
}

} // namespace

EncodeStatus encodeTensorMap(const TensorMapArguments &a,
                             std::span<std::byte, tensorMapBytes> out, std::string &reason) {
  for (auto check : {checkEnumerations, checkTensor, checkBox})
    if (Verdict verdict = check(a); verdict.status != EncodeStatus::Ok) {
      reason = std::move(verdict.reason);
      return verdict.status;
    }
  Encoded e = {};
  e.magic = kMagic;
  e.type = uint8_t(a.dataType);
  e.rank = uint8_t(a.rank);
  e.mode = uint8_t(a.swizzle);
  e.fillNaN = uint8_t(a.oobFill);
  e.address = a.globalAddress;
  for (uint32_t d = 0; d < a.rank; ++d) {
    e.dims[d] = a.globalDim[d];
    e.box[d] = uint16_t(a.boxDim[d]);
    // Without interleave the innermost dimension is always taken whole.
    e.steps[d] = uint8_t(d == 0 ? 1 : a.elementStrides[d]);
    if (d + 1 < a.rank)
      e.strides[d] = a.globalStrides[d];
  }
  std::memcpy(out.data(), &e, sizeof e);
  return EncodeStatus::Ok;
}

bool decodeTensorMap(std::span<const std::byte, tensorMapBytes> bytes, TensorMap &map) {
  Encoded e;
  std::memcpy(&e, bytes.data(), sizeof e);
  if (e.magic != kMagic || e.rank < 1 || e.rank > maxTensorRank || e.type >= kFirstPackedType ||
      e.mode > 3)
    return false;
  map.address = e.address;
  map.type = TensorElement(e.type);
  map.rank = e.rank;
  map.mode = Swizzle(e.mode);
  map.fillNaN = e.fillNaN != 0;
  for (uint32_t d = 0; d < map.rank; ++d) {
    if (e.box[d] == 0 || e.box[d] > 256 || e.steps[d] == 0)
      return false;
    map.dims[d] = e.dims[d];
    map.box[d] = e.box[d];
    map.steps[d] = e.steps[d];
    map.strides[d] = d == 0 ? bytesOf(map.type) : e.strides[d - 1];
  }
  return true;
}

EncodeStatus replaceTensorMapAddress(std::span<std::byte, tensorMapBytes> bytes,
                                     uint64_t address) {
  TensorMap map;
  if (!decodeTensorMap(bytes, map) || address == 0 || address % 16 != 0)
    return EncodeStatus::Invalid;
  std::memcpy(bytes.data() + offsetof(Encoded, address), &address, sizeof address);
  return EncodeStatus::Ok;
}

} // namespace tenon::sim
