// The .npy format: a magic, a version, a header that is a Python dictionary of
// three known keys, then the elements.
#include "runtime/tools/Array.h"

#include "runtime/program/DlTensor.h"

#include <cctype>
#include <cstring>

namespace tenon::tools {
namespace {

struct NpyType {
  const char *descr; ///< without byte order
  ElementType type;
};
constexpr NpyType types[] = {
    {"b1", ElementType::I1},  {"i1", ElementType::I8},  {"u1", ElementType::U8},
    {"i2", ElementType::I16}, {"u2", ElementType::U16}, {"i4", ElementType::I32},
    {"u4", ElementType::U32}, {"i8", ElementType::I64}, {"u8", ElementType::U64},
    {"f2", ElementType::F16}, {"f4", ElementType::F32}, {"f8", ElementType::F64},
};
constexpr char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

Status invalid(const std::string &message) { return Status(TENON_INVALID_ARGUMENT, message); }

/// Reads the header's dictionary: strings, True/False and tuples of integers.
class HeaderParser {
public:
  explicit HeaderParser(std::string text) : text(std::move(text)) {}

  Status parse(Array &array) {
    if (!eat('{'))
      return bad();
    while (!eat('}')) {
      std::string key;
      if (!quoted(key) || !eat(':'))
        return bad();
      TENON_TRY(value(key, array));
      eat(',');
    }
    return found == 7 ? Status() : bad();
  }

private:
  Status bad() { return invalid("the .npy header is damaged"); }
  void skip() {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])))
      ++at;
  }
  bool eat(char c) {
    skip();
    if (at >= text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }
  bool word(const char *name) {
    skip();
    if (text.compare(at, std::strlen(name), name) != 0)
      return false;
    at += std::strlen(name);
    return true;
  }
  bool quoted(std::string &out) {
    skip();
    if (at >= text.size() || (text[at] != '\'' && text[at] != '"'))
      return false;
    size_t end = text.find(text[at], at + 1);
    if (end == std::string::npos)
      return false;
    out = text.substr(at + 1, end - at - 1);
    at = end + 1;
    return true;
  }

  Status value(const std::string &key, Array &array) {
    if (key == "descr") {
      std::string descr;
      found |= 1;
      return quoted(descr) ? type(descr, array.type) : invalid("structured arrays are not read");
    }
    if (key == "fortran_order") {
      found |= 2;
      fortran = word("True");
      return fortran || word("False") ? Status() : bad();
    }
    found |= 4;
    return key == "shape" ? tuple(array.shape) : bad();
  }
  Status type(const std::string &descr, ElementType &out) {
    bool native = descr.size() == 3 && std::strchr("<|=", descr[0]);
    for (const NpyType &known : types)
      if (native && descr.substr(1) == known.descr) {
        out = known.type;
        return {};
      }
    // What NumPy writes for ml_dtypes' bfloat16: two bytes without a meaning.
    if (native && descr.substr(1) == "V2") {
      out = ElementType::BF16;
      return {};
    }
    return invalid("elements of .npy type '" + descr + "' are not read");
  }
  Status tuple(std::vector<int64_t> &shape) {
    if (!eat('('))
      return bad();
    while (!eat(')')) {
      skip();
      size_t start = at;
      int64_t size = 0;
      while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])))
        if (__builtin_mul_overflow(size, 10, &size) ||
            __builtin_add_overflow(size, text[at++] - '0', &size))
          return bad();
      if (at == start)
        return bad();
      shape.push_back(size);
      eat(',');
    }
    return {};
  }

  std::string text;
  size_t at = 0;
  unsigned found = 0;

public:
  bool fortran = false;
};

/// Start and end of the header's text.
bool findHeader(const std::vector<char> &file, size_t &start, size_t &end) {
  if (file.size() < 10 || std::memcmp(file.data(), magic, sizeof magic) != 0)
    return false;
  auto byte = [&](size_t i) { return size_t{static_cast<unsigned char>(file[i])}; };
  size_t length = byte(8) | byte(9) << 8;
  start = 10;
  if (byte(6) > 1) {
    if (byte(6) > 3 || file.size() < 12)
      return false;
    length |= byte(10) << 16 | byte(11) << 24;
    start = 12;
  }
  end = start + length;
  return end <= file.size();
}

} // namespace

int64_t Array::elements() const {
  int64_t count;
  return countElements(shape.data(), shape.size(), count) ? count : 0;
}

Status decodeNpy(const std::vector<char> &file, Array &array) {
  size_t start, end;
  if (!findHeader(file, start, end))
    return invalid("not an .npy file");
  HeaderParser parser(std::string(file.begin() + start, file.begin() + end));
  array = {};
  TENON_TRY(parser.parse(array));
  int64_t elements, bytes;
  if (!countElements(array.shape.data(), array.shape.size(), elements) ||
      !countBytes(array.type, elements, bytes) || static_cast<uint64_t>(bytes) != file.size() - end)
    return invalid("the .npy file has " + std::to_string(file.size() - end) +
                   " bytes of elements, not what its shape " +
                   shapeText(array.shape.data(), array.shape.size()) + " says");
  if (parser.fortran && array.shape.size() > 1) {
    int64_t stride = 1;
    for (int64_t size : array.shape) {
      array.strides.push_back(stride);
      stride *= size;
    }
  }
  array.bytes.assign(file.begin() + end, file.end());
  return {};
}

Status encodeNpy(const Array &array, std::vector<char> &file) {
  const char *descr = nullptr;
  for (const NpyType &known : types)
    if (known.type == array.type)
      descr = known.descr;
  if (!descr) {
    Array converted;
    if (!convertFloats(array, ElementType::F32, converted))
      return invalid(std::string("elements of type ") + elementTypeText(array.type) +
                     " cannot be written to .npy");
    return encodeNpy(converted, file);
  }
  std::string header = std::string("{'descr': '") + (elementBytes(array.type) == 1 ? "|" : "<") +
                       descr + "', 'fortran_order': False, 'shape': (";
  for (int64_t size : array.shape)
    header += std::to_string(size) + ", ";
  if (array.shape.size() > 1)
    header.resize(header.size() - 2);
  else if (array.shape.size() == 1)
    header.pop_back();
  header += "), }";
  size_t total = (10 + header.size() + 1 + 63) / 64 * 64;
  header.resize(total - 11, ' ');
  header += '\n';
  file.assign(magic, magic + sizeof magic);
  file.insert(file.end(), {1, 0, static_cast<char>(header.size() & 0xFF),
                           static_cast<char>(header.size() >> 8)});
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), array.bytes.begin(), array.bytes.end());
  return {};
}

} // namespace tenon::tools
