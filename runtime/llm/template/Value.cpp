// Values: kinds, truth, equality, order, and Python's ways to print them.
#include "runtime/llm/template/Value.h"

#include "runtime/llm/text/Utf8.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace tenon::llm {

namespace {

constexpr int maxNesting = 100;

void checkNesting(int depth) {
  if (depth > maxNesting)
    throw TemplateError("values are nested more than " + std::to_string(maxNesting) + " deep");
}

/// A key by which equal values, and only those, are found: 1, 1.0 and true are one key.
std::string keyOf(const Value &key) {
  if (key.is(Value::Kind::String))
    return "s" + key.asString();
  if (key.isNumber())
    return "n" + floatText(key.asDouble());
  if (key.is(Value::Kind::None) || key.is(Value::Kind::Undefined))
    return key.is(Value::Kind::None) ? "0" : "u";
  throw TemplateError(std::string("unhashable type: '") + key.typeName() + "'");
}

void appendRepr(std::string &out, const Value &value, int depth);

void appendItems(std::string &out, const List &list, int depth) {
  for (size_t i = 0; i < list.size(); ++i) {
    out += i ? ", " : "";
    appendRepr(out, list[i], depth);
  }
}

void appendQuoted(std::string &out, const std::string &text) {
  bool single = text.find('\'') != std::string::npos, twin = text.find('"') != std::string::npos;
  char quote = single && !twin ? '"' : '\'';
  out += quote;
  for (char c : text) {
    if (c == quote || c == '\\')
      (out += '\\') += c;
    else if (c == '\n' || c == '\r' || c == '\t')
      (out += '\\') += c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += "\\x" + hexText(static_cast<unsigned char>(c), 2);
    else
      out += c;
  }
  out += quote;
}

void appendDict(std::string &out, const Dict &dict, int depth) {
  out += '{';
  const char *separator = "";
  for (const auto &[key, value] : dict.items()) {
    out += std::exchange(separator, ", ");
    appendRepr(out, key, depth);
    out += ": ";
    appendRepr(out, value, depth);
  }
  out += '}';
}

void appendRepr(std::string &out, const Value &value, int depth) {
  checkNesting(depth);
  switch (value.kind()) {
  case Value::Kind::Undefined:
    out += "Undefined";
    return;
  case Value::Kind::None:
    out += "None";
    return;
  case Value::Kind::Bool:
    out += value.asBool() ? "True" : "False";
    return;
  case Value::Kind::Int:
    out += std::to_string(value.asInt());
    return;
  case Value::Kind::Float:
    out += floatText(value.asDouble());
    return;
  case Value::Kind::String:
    return appendQuoted(out, value.asString());
  case Value::Kind::List:
    out += '[';
    appendItems(out, value.asList(), depth + 1);
    out += ']';
    return;
  case Value::Kind::Tuple:
    out += '(';
    appendItems(out, value.asList(), depth + 1);
    out += value.asList().size() == 1 ? ",)" : ")";
    return;
  case Value::Kind::Namespace:
    out += "<Namespace ";
    appendDict(out, value.asDict(), depth + 1);
    out += '>';
    return;
  case Value::Kind::Dict:
    return appendDict(out, value.asDict(), depth + 1);
  case Value::Kind::Callable:
    out += "<function " + value.asCallable().name + ">";
  }
}

/// -1, 0, 1; for numbers, strings and sequences.
int compare(const Value &a, const Value &b, int depth) {
  checkNesting(depth);
  if (a.isNumber() && b.isNumber()) {
    if (!a.is(Value::Kind::Float) && !b.is(Value::Kind::Float))
      return a.asInt() < b.asInt() ? -1 : a.asInt() > b.asInt();
    return a.asDouble() < b.asDouble() ? -1 : a.asDouble() > b.asDouble();
  }
  if (a.is(Value::Kind::String) && b.is(Value::Kind::String)) {
    int order = a.asString().compare(b.asString()); // UTF-8 sorts as code points do
    return order < 0 ? -1 : order > 0;
  }
  if (!a.isSequence() || a.kind() != b.kind())
    throw TemplateError(std::string("'<' not supported between instances of '") + a.typeName() +
                        "' and '" + b.typeName() + "'");
  const List &left = a.asList(), &right = b.asList();
  for (size_t i = 0; i < left.size() && i < right.size(); ++i)
    if (!equal(left[i], right[i], depth + 1))
      return compare(left[i], right[i], depth + 1);
  return left.size() < right.size() ? -1 : left.size() > right.size();
}

bool equalDicts(const Dict &a, const Dict &b, int depth) {
  if (a.items().size() != b.items().size())
    return false;
  for (const auto &[key, value] : a.items()) {
    const Value *other = b.find(key);
    if (!other || !equal(value, *other, depth + 1))
      return false;
  }
  return true;
}

} // namespace

const Value *Dict::find(const Value &key) const {
  auto found = index.find(keyOf(key));
  return found == index.end() ? nullptr : &entries[found->second].second;
}

void Dict::set(const Value &key, Value value) {
  auto [place, fresh] = index.try_emplace(keyOf(key), entries.size());
  if (fresh)
    entries.emplace_back(key, std::move(value));
  else
    entries[place->second].second = std::move(value);
}

Value Value::undefined(std::string what) {
  return Value(Undefined{std::make_shared<const std::string>(std::move(what))});
}

Value Value::string(std::string text) {
  return Value(Text{std::make_shared<const std::string>(std::move(text)), false});
}

Value Value::markup(std::string text) {
  return Value(Text{std::make_shared<const std::string>(std::move(text)), true});
}

Value::Kind Value::kind() const {
  if (auto *sequence = std::get_if<Sequence>(&data))
    return sequence->isTuple ? Kind::Tuple : Kind::List;
  if (auto *mapping = std::get_if<Mapping>(&data))
    return mapping->isNamespace ? Kind::Namespace : Kind::Dict;
  if (std::holds_alternative<const Callable *>(data))
    return Kind::Callable;
  return static_cast<Kind>(data.index()); // Undefined to String are in the variant's order
}

bool Value::truthy() const {
  switch (kind()) {
  case Kind::Undefined:
  case Kind::None:
    return false;
  case Kind::Bool:
  case Kind::Int:
    return asInt() != 0;
  case Kind::Float:
    return asDouble() != 0;
  case Kind::String:
    return !asString().empty();
  case Kind::List:
  case Kind::Tuple:
    return !asList().empty();
  case Kind::Dict:
    return !asDict().items().empty();
  default:
    return true;
  }
}

const char *Value::typeName() const {
  static const char *const names[] = {"Undefined", "NoneType",  "bool",    "int",
                                      "float",     "str",       "list",    "tuple",
                                      "dict",      "Namespace", "function"};
  return names[static_cast<int>(kind())];
}

std::string Value::undefinedMessage() const {
  auto *undefined = std::get_if<Undefined>(&data);
  if (!undefined || !undefined->what)
    return "a value is undefined";
  return *undefined->what;
}

const Value *Arguments::find(size_t position, std::string_view name) const {
  if (position < positional.size())
    return &positional[position];
  for (const auto &[key, value] : named)
    if (key == name)
      return &value;
  return nullptr;
}

bool equal(const Value &a, const Value &b, int depth) {
  checkNesting(depth);
  if (a.isNumber() && b.isNumber())
    return a.is(Value::Kind::Float) || b.is(Value::Kind::Float) ? a.asDouble() == b.asDouble()
                                                                : a.asInt() == b.asInt();
  if (a.kind() != b.kind())
    return false;
  switch (a.kind()) {
  case Value::Kind::String:
    return a.asString() == b.asString();
  case Value::Kind::List:
  case Value::Kind::Tuple:
    return a.asList().size() == b.asList().size() &&
           std::equal(a.asList().begin(), a.asList().end(), b.asList().begin(),
                      [&](const Value &x, const Value &y) { return equal(x, y, depth + 1); });
  case Value::Kind::Dict:
    return equalDicts(a.asDict(), b.asDict(), depth);
  case Value::Kind::Namespace:
    return &a.asDict() == &b.asDict();
  case Value::Kind::Callable:
    return &a.asCallable() == &b.asCallable();
  default:
    return true;
  }
}

std::string escaped(const std::string &text) {
  std::string out;
  for (char c : text)
    out += c == '&'    ? "&amp;"
           : c == '<'  ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '"'  ? "&#34;"
           : c == '\'' ? "&#39;"
                       : std::string(1, c);
  return out;
}

bool less(const Value &a, const Value &b, int depth) { return compare(a, b, depth) < 0; }

std::string toText(const Value &value) {
  if (value.is(Value::Kind::String))
    return value.asString();
  return value.is(Value::Kind::Undefined) ? "" : toRepr(value);
}

std::string toRepr(const Value &value) {
  std::string out;
  appendRepr(out, value, 0);
  return out;
}

std::string floatText(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  char digits[400];
  double size = std::fabs(value);
  bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  auto end = std::to_chars(digits, digits + sizeof digits, value,
                           plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(digits, end.ptr);
  return plain && text.find('.') == std::string::npos ? text + ".0" : text;
}

} // namespace tenon::llm
