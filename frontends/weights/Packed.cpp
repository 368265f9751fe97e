//===- Packed.cpp - packed blocks as planes -------------------------------===//

#include "frontends/weights/Packed.h"
#include <cstring>

namespace tenon {

namespace {

/// Where a field lies in a block: `width` elements at `offset`.
struct Field {
  const char *name;
  Plane::Type type;
  int64_t offset, width;
};

llvm::ArrayRef<Field> fieldsOf(StorageType type) {
  static constexpr Field q4_0[] = {{"scale", Plane::F16, 0, 1}, {"quants", Plane::U32, 2, 4}};
  static constexpr Field q4_1[] = {
      {"scale", Plane::F16, 0, 1}, {"min", Plane::F16, 2, 1}, {"quants", Plane::U32, 4, 4}};
  static constexpr Field q5_0[] = {
      {"scale", Plane::F16, 0, 1}, {"high", Plane::U32, 2, 1}, {"quants", Plane::U32, 6, 4}};
  static constexpr Field q5_1[] = {{"scale", Plane::F16, 0, 1},
                                   {"min", Plane::F16, 2, 1},
                                   {"high", Plane::U32, 4, 1},
                                   {"quants", Plane::U32, 8, 4}};
  static constexpr Field q8_0[] = {{"scale", Plane::F16, 0, 1}, {"quants", Plane::U32, 2, 8}};
  // The 12 bytes at 4 are unpacked to "scales" and "mins" of 8 bytes each.
  static constexpr Field q4_k[] = {
      {"scale", Plane::F16, 0, 1}, {"min", Plane::F16, 2, 1}, {"quants", Plane::U32, 16, 32}};
  static constexpr Field q5_k[] = {{"scale", Plane::F16, 0, 1},
                                   {"min", Plane::F16, 2, 1},
                                   {"high", Plane::U32, 16, 8},
                                   {"quants", Plane::U32, 48, 32}};
  static constexpr Field q6_k[] = {{"low", Plane::U32, 0, 32},
                                   {"high", Plane::U32, 128, 16},
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

int64_t elementBytes(Plane::Type type) {
  return type == Plane::F16 ? 2 : type == Plane::U32 ? 4 : 1;
}

/// The eight 6-bit scales and minima that Q4_K and Q5_K keep in 12 bytes.
void readScales(const uint8_t *q, uint8_t *scales, uint8_t *mins) {
  for (int64_t j = 0; j < 8; ++j) {
    scales[j] = j < 4 ? q[j] & 63 : (q[j + 4] & 15) | ((q[j - 4] >> 6) << 4);
    mins[j] = j < 4 ? q[j + 4] & 63 : (q[j + 4] >> 4) | ((q[j] >> 6) << 4);
  }
}

/// Bit 4 q + b of Q5's high bits to 8 b + q: a shift then gives those of four codes.
uint32_t spreadHighBits(uint32_t bits) {
  uint32_t spread = 0;
  for (int q = 0; q < 8; ++q)
    for (int b = 0; b < 4; ++b)
      spread |= ((bits >> (4 * q + b)) & 1) << (8 * b + q);
  return spread;
}

/// Places a tensor's blocks in planes.
class PanelWriter {
public:
  PanelWriter(StorageType type, int64_t blocks, int64_t rowBlocks, int64_t panel)
      : type(type), rowBlocks(rowBlocks), panel(panel) {
    for (const Field &field : fieldsOf(type))
      addPlane(field.name, field.type, field.width, blocks);
    if (hasScales()) {
      addPlane("scales", Plane::U8, 8, blocks);
      addPlane("mins", Plane::U8, 8, blocks);
    }
  }

  void write(int64_t block, const char *bytes) {
    size_t next = 0;
    for (const Field &field : fieldsOf(type)) {
      bool isHigh = (type == StorageType::Q5_0 || type == StorageType::Q5_1) && field.width == 1 &&
                    field.type == Plane::U32;
      writeField(planes[next++], block, bytes + field.offset, isHigh);
    }
    if (!hasScales())
      return;
    uint8_t scales[8], mins[8];
    readScales(reinterpret_cast<const uint8_t *>(bytes) + 4, scales, mins);
    writeField(planes[next], block, reinterpret_cast<char *>(scales), false);
    writeField(planes[next + 1], block, reinterpret_cast<char *>(mins), false);
  }

  std::vector<Plane> planes;

private:
  bool hasScales() const { return type == StorageType::Q4_K || type == StorageType::Q5_K; }
  void addPlane(const char *name, Plane::Type type, int64_t width, int64_t blocks) {
    planes.push_back({name, type, width, std::vector<char>(blocks * width * elementBytes(type))});
  }

  void writeField(Plane &plane, int64_t block, const char *from, bool isHigh) {
    int64_t row = block / rowBlocks, size = elementBytes(plane.type);
    int64_t at = (row / panel * rowBlocks + block % rowBlocks) * plane.width * panel + row % panel;
    for (int64_t i = 0; i < plane.width; ++i, from += size, at += panel) {
      uint32_t element = 0;
      std::memcpy(&element, from, size);
      if (isHigh)
        element = spreadHighBits(element);
      if (type == StorageType::Q8_0 && plane.type == Plane::U32)
        element ^= 0x80808080; // q + 128
      std::memcpy(plane.bytes.data() + at * size, &element, size);
    }
  }

  StorageType type;
  int64_t rowBlocks, panel;
};

} // namespace

int64_t panelRows(llvm::ArrayRef<int64_t> dims) {
  return dims.size() == 2 && dims[0] % 16 == 0 ? 16 : 1;
}

std::vector<Plane> unpackPlanes(StorageType type, llvm::ArrayRef<char> bytes, int64_t rowBlocks,
                                int64_t panel) {
  int64_t blockBytes = storageInfo(type).blockBytes, blocks = bytes.size() / blockBytes;
  PanelWriter writer(type, blocks, rowBlocks, panel);
  for (int64_t block = 0; block < blocks; ++block)
    writer.write(block, bytes.data() + block * blockBytes);
  return std::move(writer.planes);
}

} // namespace tenon
