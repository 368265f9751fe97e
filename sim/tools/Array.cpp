// The .npy format, version 1 and 2: little-endian, C order.
#include "sim/tools/Array.h"

#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tenon::sim::tools {
namespace {

struct TypeName {
  const char *own, *numpy;
  unsigned bytes;
};
constexpr TypeName Types[] = {{"i8", "|i1", 1},  {"u8", "|u1", 1},  {"i16", "<i2", 2}, {"u16", "<u2", 2},
                              {"f16", "<f2", 2}, {"i32", "<i4", 4}, {"u32", "<u4", 4}, {"f32", "<f4", 4},
                              {"i64", "<i8", 8}, {"u64", "<u8", 8}, {"f64", "<f8", 8}};

std::string quotedAfter(const std::string &header, const std::string &key) {
  size_t at = header.find(key);
  size_t open = at == std::string::npos ? at : header.find('\'', at + key.size());
  size_t close = open == std::string::npos ? open : header.find('\'', open + 1);
  return close == std::string::npos ? "" : header.substr(open + 1, close - open - 1);
}

} // namespace

unsigned elementBytes(const std::string &type) {
  for (const TypeName &name : Types)
    if (type == name.own)
      return name.bytes;
  return 0;
}

Array readNpy(const std::string &path) {
  auto fail = [&](const char *why) { return std::runtime_error("'" + path + "' " + why); };
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw fail("cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  std::string data = text.str();
  if (data.size() < 12 || std::memcmp(data.data(), "\x93NUMPY", 6))
    throw fail("is not an .npy file");
  bool wide = data[6] >= 2;
  size_t length = 0;
  std::memcpy(&length, data.data() + 8, wide ? 4 : 2);
  size_t begin = (wide ? 12 : 10) + length;
  if (begin > data.size())
    throw fail("is cut off");
  std::string header = data.substr(wide ? 12 : 10, length);
  Array array;
  std::string descr = quotedAfter(header, "'descr':");
  unsigned bytes = 0;
  for (const TypeName &name : Types)
    if (descr == name.numpy)
      array.type = name.own, bytes = name.bytes;
  if (!bytes || header.find("'fortran_order': True") != std::string::npos)
    throw fail("has a type or order that is not supported");
  size_t at = header.find('(', header.find("'shape':"));
  uint64_t total = bytes;
  for (++at; at < header.size() && header[at] != ')'; ++at)
    if (header[at] >= '0' && header[at] <= '9') {
      array.shape.push_back(std::strtoull(header.c_str() + at, nullptr, 10));
      if (__builtin_mul_overflow(total, array.shape.back(), &total))
        throw fail("is too large");
      at = header.find_first_not_of("0123456789", at) - 1;
    }
  if (total > data.size() - begin)
    throw fail("is cut off");
  auto *first = reinterpret_cast<const std::byte *>(data.data() + begin);
  array.bytes.assign(first, first + total);
  return array;
}

void writeNpy(const std::string &path, const Array &array) {
  std::string shape;
  for (uint64_t n : array.shape)
    shape += std::to_string(n) + ",";
  const char *descr = "<f4";
  for (const TypeName &name : Types)
    if (array.type == name.own)
      descr = name.numpy;
  std::string header = std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  uint16_t length = static_cast<uint16_t>(header.size());
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00", 8);
  file.write(reinterpret_cast<const char *>(&length), 2);
  file << header;
  file.write(reinterpret_cast<const char *>(array.bytes.data()), static_cast<std::streamsize>(array.bytes.size()));
  if (!file)
    throw std::runtime_error("'" + path + "' cannot be written");
}

} // namespace tenon::sim::tools
