// Python's arithmetic on template values. Integers are 64 bits here; what does not
// fit is an error instead of a longer number.
#include "runtime/llm/template/Interpreter.h"
#include "runtime/support/Checked.h"

#include <charconv>
#include <cmath>

namespace tenon::llm {

namespace {

[[noreturn]] void unsupported(const std::string &op, const Value &a, const Value &b) {
  if (a.is(Value::Kind::Undefined) || b.is(Value::Kind::Undefined))
    throw TemplateError((a.is(Value::Kind::Undefined) ? a : b).undefinedMessage());
  throw TemplateError("unsupported operand types for " + op + ": '" + a.typeName() + "' and '" +
                      b.typeName() + "'");
}

int64_t integerPower(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (; exponent > 0; --exponent) {
    if (!checkedMul(result, base, result))
      throw TemplateError("an integer does not fit 64 bits");
    if (result == 0 || (result == 1 && base == 1))
      break;
    if (base == -1)
      return exponent % 2 ? result : -result;
  }
  return result;
}

Value integers(const std::string &op, int64_t a, int64_t b) {
  int64_t result;
  bool fits = true;
  if ((op == "//" || op == "%") && b == 0)
    throw TemplateError("integer division by zero");
  if (op == "+")
    fits = checkedAdd(a, b, result);
  else if (op == "-")
    fits = checkedSub(a, b, result);
  else if (op == "*")
    fits = checkedMul(a, b, result);
  else if (op == "//")
    fits = checkedFloorDiv(a, b, result);
  else if (op == "%")
    fits = checkedMod(a, b, result);
  else
    result = integerPower(a, b);
  if (!fits)
    throw TemplateError("an integer does not fit 64 bits");
  return Value::integer(result);
}

Value reals(const std::string &op, double a, double b) {
  if ((op == "/" || op == "//" || op == "%") && b == 0)
    throw TemplateError("division by zero");
  if (op == "+")
    return Value::real(a + b);
  if (op == "-")
    return Value::real(a - b);
  if (op == "*")
    return Value::real(a * b);
  if (op == "/")
    return Value::real(a / b);
  if (op == "//")
    return Value::real(std::floor(a / b));
  if (op == "%")
    return Value::real(a - b * std::floor(a / b));
  return Value::real(std::pow(a, b));
}

Value repeated(Interpreter &in, const Value &value, int64_t count) {
  uint64_t times = count > 0 ? static_cast<uint64_t>(count) : 0;
  uint64_t size = value.is(Value::Kind::String) ? value.asString().size()
                                                : value.asList().size() * sizeof(Value);
  uint64_t total;
  if (__builtin_mul_overflow(size, times, &total))
    total = UINT64_MAX / 2;
  in.heap().charge(total); // before it is made
  if (size == 0)
    times = 0;
  if (value.is(Value::Kind::String)) {
    std::string text;
    for (uint64_t i = 0; i < times; ++i)
      text += value.asString();
    return Value::string(std::move(text));
  }
  List list;
  for (uint64_t i = 0; i < times; ++i)
    list.insert(list.end(), value.asList().begin(), value.asList().end());
  return value.is(Value::Kind::Tuple) ? in.heap().tupleOf(std::move(list))
                                      : in.heap().listOf(std::move(list));
}

Value sum(Interpreter &in, const Value &a, const Value &b) {
  if (a.is(Value::Kind::String) && b.is(Value::Kind::String) && (a.isMarkup() || b.isMarkup())) {
    std::string left = a.isMarkup() ? a.asString() : escaped(a.asString());
    left += b.isMarkup() ? b.asString() : escaped(b.asString());
    in.heap().charge(left.size());
    return Value::markup(std::move(left));
  }
  if (a.is(Value::Kind::String) && b.is(Value::Kind::String))
    return in.heap().text(a.asString() + b.asString());
  if (!a.isSequence() || a.kind() != b.kind())
    unsupported("+", a, b);
  List list = a.asList();
  list.insert(list.end(), b.asList().begin(), b.asList().end());
  return a.is(Value::Kind::Tuple) ? in.heap().tupleOf(std::move(list))
                                  : in.heap().listOf(std::move(list));
}

} // namespace

Value binary(Interpreter &in, const std::string &op, const Value &a, const Value &b) {
  in.heap().step();
  if (op == "~")
    return in.heap().text(toText(a) + toText(b));
  if (a.isNumber() && b.isNumber()) {
    bool real = a.is(Value::Kind::Float) || b.is(Value::Kind::Float) || op == "/" ||
                (op == "**" && b.asInt() < 0);
    return real ? reals(op, a.asDouble(), b.asDouble()) : integers(op, a.asInt(), b.asInt());
  }
  if (op == "+")
    return sum(in, a, b);
  if (op == "%" && a.is(Value::Kind::String))
    return formatPercent(in, a.asString(), b);
  bool text = a.is(Value::Kind::String) || a.isSequence(),
       turned = b.is(Value::Kind::String) || b.isSequence();
  if (op == "*" && text && (b.is(Value::Kind::Int) || b.is(Value::Kind::Bool)))
    return repeated(in, a, b.asInt());
  if (op == "*" && turned && (a.is(Value::Kind::Int) || a.is(Value::Kind::Bool)))
    return repeated(in, b, a.asInt());
  unsupported(op, a, b);
}

namespace {

/// One conversion of a % format: flags, width, precision, letter.
struct Conversion {
  bool left = false, zero = false, plus = false;
  size_t width = 0;
  int precision = -1;
  char letter = 0;
};

size_t takeNumber(const std::string &format, size_t &at) {
  size_t value = 0;
  for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at)
    value = value * 10 + static_cast<size_t>(format[at] - '0');
  if (value > 10000)
    throw TemplateError("a format's width is too large");
  return value;
}

Conversion parseConversion(const std::string &format, size_t &at) {
  Conversion c;
  for (; at < format.size() && (format[at] == '-' || format[at] == '0' || format[at] == '+'); ++at)
    (format[at] == '-' ? c.left : format[at] == '0' ? c.zero : c.plus) = true;
  c.width = takeNumber(format, at);
  if (at < format.size() && format[at] == '.')
    c.precision = static_cast<int>(takeNumber(format, ++at));
  if (at >= format.size())
    throw TemplateError("incomplete format");
  c.letter = format[at++];
  return c;
}

std::string number(const Conversion &c, const Value &value) {
  if (!value.isNumber())
    throw TemplateError(std::string("%") + c.letter + " format: a number is required, not " +
                        value.typeName());
  char buffer[512];
  int precision = c.precision < 0 ? 6 : std::min(c.precision, 100);
  double real = value.asDouble();
  if (c.letter == 'd' || c.letter == 'i')
    return (c.plus && real >= 0 ? "+" : "") +
           std::to_string(value.is(Value::Kind::Float)
                              ? static_cast<int64_t>(std::trunc(std::clamp(real, -9e18, 9e18)))
                              : value.asInt());
  auto format = c.letter == 'f'   ? std::chars_format::fixed
                : c.letter == 'e' ? std::chars_format::scientific
                                  : std::chars_format::general;
  auto end = std::to_chars(buffer, buffer + sizeof buffer, real, format, precision);
  return (c.plus && real >= 0 ? "+" : "") + std::string(buffer, end.ptr);
}

std::string converted(const Conversion &c, const Value &value) {
  std::string text;
  if (c.letter == 's' || c.letter == 'r') {
    text = c.letter == 's' ? toText(value) : toRepr(value);
    if (c.precision >= 0)
      text = text.substr(0, c.precision);
  } else if (c.letter == 'd' || c.letter == 'i' || c.letter == 'f' || c.letter == 'e' ||
             c.letter == 'g') {
    text = number(c, value);
  } else {
    throw TemplateError(std::string("unsupported format character '") + c.letter + "'");
  }
  if (text.size() >= c.width)
    return text;
  size_t sign = c.zero && !text.empty() && (text[0] == '-' || text[0] == '+');
  if (c.left)
    return text + std::string(c.width - text.size(), ' ');
  return text.substr(0, sign) + std::string(c.width - text.size(), c.zero ? '0' : ' ') +
         text.substr(sign);
}

} // namespace

Value formatPercent(Interpreter &in, const std::string &format, const Value &values) {
  List arguments = values.is(Value::Kind::Tuple) ? values.asList() : List{values};
  std::string text;
  size_t used = 0;
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      text += format[at++];
      continue;
    }
    if (++at < format.size() && format[at] == '%') {
      text += format[at++];
      continue;
    }
    Conversion conversion = parseConversion(format, at);
    if (used >= arguments.size())
      throw TemplateError("not enough arguments for format string");
    text += converted(conversion, arguments[used++]);
    in.heap().charge(conversion.width);
  }
  if (used < arguments.size() && !values.is(Value::Kind::Dict))
    throw TemplateError("not all arguments converted during string formatting");
  return in.heap().text(std::move(text));
}

} // namespace tenon::llm
