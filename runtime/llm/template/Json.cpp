// JSON in and out of template values. Out: as Python's json.dumps writes it.
#include "runtime/llm/template/Json.h"

#include "runtime/llm/text/Utf8.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace tenon::llm {

constexpr int maxJsonDepth = 100;

Value fromJson(Heap &heap, const nlohmann::ordered_json &json, int depth) {
  if (depth > maxJsonDepth)
    throw TemplateError("a value is nested more than " + std::to_string(maxJsonDepth) + " deep");
  switch (json.type()) {
  case nlohmann::json::value_t::boolean:
    return Value::boolean(json.get<bool>());
  case nlohmann::json::value_t::number_integer:
    return Value::integer(json.get<int64_t>());
  case nlohmann::json::value_t::number_unsigned:
    if (json.get<uint64_t>() > INT64_MAX)
      throw TemplateError("an integer does not fit 64 bits");
    return Value::integer(json.get<int64_t>());
  case nlohmann::json::value_t::number_float:
    return Value::real(json.get<double>());
  case nlohmann::json::value_t::string:
    return heap.text(json.get_ref<const std::string &>());
  case nlohmann::json::value_t::array: {
    List list;
    for (const auto &item : json)
      list.push_back(fromJson(heap, item, depth + 1));
    return heap.listOf(std::move(list));
  }
  case nlohmann::json::value_t::object: {
    Dict *dict = heap.newDict();
    for (const auto &[key, value] : json.items()) {
      heap.charge(key.size() * 2 + 4 * sizeof(Value));
      dict->set(Value::string(key), fromJson(heap, value, depth + 1));
    }
    return Value::dict(dict);
  }
  default:
    return Value::none();
  }
}

namespace {

class Writer {
public:
  Writer(int indent, bool sorted, bool ascii) : indent(indent), sorted(sorted), ascii(ascii) {}

  void write(const Value &value, int depth) {
    if (depth > maxJsonDepth)
      throw TemplateError("a value is nested more than " + std::to_string(maxJsonDepth) + " deep");
    switch (value.kind()) {
    case Value::Kind::None:
      out += "null";
      return;
    case Value::Kind::Bool:
      out += value.asBool() ? "true" : "false";
      return;
    case Value::Kind::Int:
      out += std::to_string(value.asInt());
      return;
    case Value::Kind::Float:
      return writeFloat(value.asDouble());
    case Value::Kind::String:
      return writeString(value.asString());
    case Value::Kind::List:
    case Value::Kind::Tuple:
      return writeList(value.asList(), depth);
    case Value::Kind::Dict:
      return writeDict(value.asDict(), depth);
    default:
      throw TemplateError(std::string("Object of type ") + value.typeName() +
                          " is not JSON serializable");
    }
  }

  std::string out;

private:
  void writeFloat(double value) {
    out += std::isnan(value)   ? "NaN"
           : std::isinf(value) ? (value < 0 ? "-Infinity" : "Infinity")
                               : floatText(value);
  }

  void writeString(const std::string &text) {
    out += '"';
    for (size_t at = 0; at < text.size();) {
      CodePoint point = decode(text, at);
      writeCharacter(point, std::string_view(text).substr(at, point.length));
      at += point.length;
    }
    out += '"';
  }

  void writeCharacter(CodePoint point, std::string_view bytes) {
    static const std::string_view special = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
    size_t known =
        point.value < 0x80 ? special.find(static_cast<char>(point.value)) : std::string_view::npos;
    if (known != std::string_view::npos)
      (out += '\\') += letters[known];
    else if (point.value < 0x20)
      out += "\\u" + hexText(point.value, 4);
    else if (!ascii || point.value < 0x7f)
      out += bytes;
    else if (point.value < 0x10000)
      out += "\\u" + hexText(point.value, 4);
    else
      out += "\\u" + hexText(0xD800 + ((point.value - 0x10000) >> 10), 4) + "\\u" +
             hexText(0xDC00 + ((point.value - 0x10000) & 0x3FF), 4);
  }

  void newLine(int depth) {
    if (indent >= 0)
      out += "\n" + std::string(static_cast<size_t>(indent) * depth, ' ');
  }

  void separate(bool first, int depth) {
    if (!first)
      out += indent >= 0 ? "," : ", ";
    newLine(depth);
  }

  void writeList(const List &list, int depth) {
    out += '[';
    for (size_t i = 0; i < list.size(); ++i) {
      separate(i == 0, depth + 1);
      write(list[i], depth + 1);
    }
    if (!list.empty())
      newLine(depth);
    out += ']';
  }

  static std::string keyText(const Value &key) {
    switch (key.kind()) {
    case Value::Kind::String:
      return key.asString();
    case Value::Kind::Bool:
      return key.asBool() ? "true" : "false";
    case Value::Kind::None:
      return "null";
    default:
      return toText(key);
    }
  }

  void writeDict(const Dict &dict, int depth) {
    std::vector<std::pair<std::string, const Value *>> items;
    for (const auto &[key, value] : dict.items())
      items.emplace_back(keyText(key), &value);
    if (sorted)
      std::stable_sort(items.begin(), items.end(),
                       [](const auto &a, const auto &b) { return a.first < b.first; });
    out += '{';
    for (size_t i = 0; i < items.size(); ++i) {
      separate(i == 0, depth + 1);
      writeString(items[i].first);
      out += ": ";
      write(*items[i].second, depth + 1);
    }
    if (!items.empty())
      newLine(depth);
    out += '}';
  }

  int indent;
  bool sorted, ascii;
};

} // namespace

std::string toJson(const Value &value, int indent, bool sorted, bool ascii) {
  Writer writer(indent, sorted, ascii);
  writer.write(value, 0);
  return std::move(writer.out);
}

} // namespace tenon::llm
