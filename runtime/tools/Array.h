// Arrays in files: .npy by our own reader and writer, .npz through libzip.
#pragma once

#include "runtime/bundle/ElementType.h"
#include "runtime/support/Status.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tenon::tools {

/// An array in memory. Fortran order is kept by strides (in elements).
struct Array {
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides; ///< empty: row-major
  std::vector<char> bytes;

  int64_t elements() const;
};

/// Decodes the contents of an .npy file (versions 1 to 3, little-endian).
Status decodeNpy(const std::vector<char> &file, Array &array);
/// bf16 and float8 are written as f32. Sub-byte types are refused.
Status encodeNpy(const Array &array, std::vector<char> &file);

Status readFile(const std::string &path, std::vector<char> &bytes);
/// Writes beside the final name and renames.
Status writeFile(const std::string &path, const std::vector<char> &bytes);

Status readNpy(const std::string &path, Array &array);
Status writeNpy(const std::string &path, const Array &array);

/// All arrays of an .npz file by name (without ".npy").
Status readNpz(const std::string &path, std::map<std::string, Array> &arrays);
Status writeNpz(const std::string &path, const std::vector<std::pair<std::string, Array>> &arrays);

/// Converts to another type where that loses nothing but float precision:
/// between float types. False for anything else.
bool convertFloats(const Array &from, ElementType type, Array &to);

/// "out/a:0" gives "out_a_0"; a name that was given before gets "_2", "_3".
class FileNames {
public:
  std::string get(const std::string &name);

private:
  std::map<std::string, int> taken;
};

} // namespace tenon::tools
