// Arrays as kernel arguments: from .npy files or made on the spot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tenon::sim::tools {

struct Array {
  std::string type = "f32"; // i8 u8 i16 u16 f16 i32 u32 f32 i64 u64 f64
  std::vector<uint64_t> shape;
  std::vector<std::byte> bytes;
};

/// Bytes of one element, 0 for an unknown type.
unsigned elementBytes(const std::string &type);
/// Throw std::runtime_error that names the file.
Array readNpy(const std::string &path);
void writeNpy(const std::string &path, const Array &array);

} // namespace tenon::sim::tools
