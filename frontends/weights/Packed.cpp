//===- Packed.cpp - packed blocks as planes -------------------------------===//

#include "frontends/weights/Packed.h"
#include <cstring>

namespace tenon {

namespace {

/// Where a field lies in a block: `width` elements of `bytes` bytes at `offset`.
struct Field {
  const char *name;
  Plane::Type type;
  int64_t offset, width;
};

llvm::ArrayRef<Field> fieldsOf(StorageType type) {
  static constexpr Field q4_0[] = {{"scale", Plane::F16, 0, 1}, {"quants", Plane::U8, 2, 16}};
  static constexpr Field q4_1[] = {
      {"scale", Plane::F16, 0, 1}, {"min", Plane::F16, 2, 1}, {"quants", Plane::U8, 4, 16}};
  static constexpr Field q5_0[] = {
      {"scale", Plane::F16, 0, 1}, {"high", Plane::U8, 2, 4}, {"quants", Plane::U8, 6, 16}};
  static constexpr Field q5_1[] = {{"scale", Plane::F16, 0, 1},
                                   {"min", Plane::F16, 2, 1},
                                   {"high", Plane::U8, 4, 4},
                                   {"quants", Plane::U8, 8, 16}};
  static constexpr Field q8_0[] = {{"scale", Plane::F16, 0, 1}, {"quants", Plane::I8, 2, 32}};
  // The 12 bytes at 4 are unpacked to "scales" and "mins" of 8 bytes each.
  static constexpr Field q4_k[] = {
      {"scale", Plane::F16, 0, 1}, {"min", Plane::F16, 2, 1}, {"quants", Plane::U8, 16, 128}};
  static constexpr Field q5_k[] = {{"scale", Plane::F16, 0, 1},
                                   {"min", Plane::F16, 2, 1},
                                   {"high", Plane::U8, 16, 32},
                                   {"quants", Plane::U8, 48, 128}};
  static constexpr Field q6_k[] = {{"low", Plane::U8, 0, 128},
                                   {"high", Plane::U8, 128, 64},
                                   {"scales", Plane::I8, 192, 16},
                                   {"scale", Plane::F16, 208, 1}};
  switch (type) {
  case StorageType::Q4_0: return q4_0;
  case StorageType::Q4_1: return q4_1;
  case StorageType::Q5_0: return q5_0;
  case StorageType::Q5_1: return q5_1;
  case StorageType::Q8_0: return q8_0;
  case StorageType::Q4_K: return q4_k;
  case StorageType::Q5_K: return q5_k;
  case StorageType::Q6_K: return q6_k;
  default: return {};
  }
}

int64_t elementBytes(Plane::Type type) { return type == Plane::F16 ? 2 : 1; }

/// The eight 6-bit scales and minima that Q4_K and Q5_K keep in 12 bytes.
void addScales(llvm::ArrayRef<char> bytes, int64_t blockBytes, std::vector<Plane> &planes) {
  int64_t blocks = bytes.size() / blockBytes;
  Plane scales{"scales", Plane::U8, 8, std::vector<char>(blocks * 8)}, mins = scales;
  mins.name = "mins";
  for (int64_t block = 0; block < blocks; ++block) {
    auto *q = reinterpret_cast<const uint8_t *>(bytes.data() + block * blockBytes + 4);
    for (int64_t j = 0; j < 8; ++j) {
      uint8_t scale = j < 4 ? q[j] & 63 : (q[j + 4] & 15) | ((q[j - 4] >> 6) << 4);
      uint8_t min = j < 4 ? q[j + 4] & 63 : (q[j + 4] >> 4) | ((q[j] >> 6) << 4);
      scales.bytes[block * 8 + j] = static_cast<char>(scale);
      mins.bytes[block * 8 + j] = static_cast<char>(min);
    }
  }
  planes.push_back(std::move(scales));
  planes.push_back(std::move(mins));
}

} // namespace

std::vector<Plane> unpackPlanes(StorageType type, llvm::ArrayRef<char> bytes) {
  int64_t blockBytes = storageInfo(type).blockBytes, blocks = bytes.size() / blockBytes;
  std::vector<Plane> planes;
  for (const Field &field : fieldsOf(type)) {
    int64_t width = field.width * elementBytes(field.type);
    Plane plane{field.name, field.type, field.width, std::vector<char>(blocks * width)};
    for (int64_t block = 0; block < blocks; ++block)
      std::memcpy(plane.bytes.data() + block * width,
                  bytes.data() + block * blockBytes + field.offset, width);
    planes.push_back(std::move(plane));
  }
  if (type == StorageType::Q4_K || type == StorageType::Q5_K)
    addScales(bytes, blockBytes, planes);
  return planes;
}

} // namespace tenon
