// Methods of strings, lists and dictionaries: those that read. None changes its
// object, as in the sandbox that Hugging Face renders templates in.
#include "runtime/llm/template/Interpreter.h"
#include "runtime/llm/text/Case.h"
#include "runtime/llm/text/Utf8.h"

namespace tenon::llm {

namespace {

using Method = Value (*)(Interpreter &, const Value &, const Arguments &);

const std::string &textArgument(const Arguments &arguments, size_t position, const char *name) {
  const Value *found = arguments.find(position, name);
  if (!found || !found->is(Value::Kind::String))
    throw TemplateError("argument " + std::to_string(position + 1) + " should be a string" +
                        (found ? std::string(", not ") + found->typeName() : std::string()));
  return found->asString();
}

int64_t countArgument(const Arguments &arguments, size_t position, const char *name,
                      int64_t fallback) {
  const Value *found = arguments.find(position, name);
  if (!found)
    return fallback;
  if (!found->is(Value::Kind::Int))
    throw TemplateError(std::string("an integer is required, not ") + found->typeName());
  return found->asInt();
}

// ---- Strings ------------------------------------------------------------------

template <bool left, bool right>
Value strip(Interpreter &in, const Value &self, const Arguments &arguments) {
  const Value *given = arguments.find(0, "chars");
  const std::string *characters =
      given && given->is(Value::Kind::String) ? &given->asString() : nullptr;
  return in.heap().text(std::string(stripped(self.asString(), left, right, characters)));
}

/// Whether the text starts (or ends) with the argument or any of a tuple's.
template <bool end>
Value affix(Interpreter &, const Value &self, const Arguments &arguments) {
  const std::string &text = self.asString();
  auto fits = [&](const Value &affix) {
    if (!affix.is(Value::Kind::String))
      throw TemplateError("the affix must be a string or a tuple of strings");
    const std::string &part = affix.asString();
    return text.size() >= part.size() &&
           text.compare(end ? text.size() - part.size() : 0, part.size(), part) == 0;
  };
  const Value *given = arguments.find(0, "prefix");
  if (!given)
    throw TemplateError("an affix is expected");
  if (!given->is(Value::Kind::Tuple))
    return Value::boolean(fits(*given));
  bool any = false;
  for (const Value &part : given->asList())
    any = any || fits(part);
  return Value::boolean(any);
}

/// At runs of white space, none of which remains.
List splitSpaces(const std::string &text, int64_t limit) {
  List parts;
  size_t at = 0;
  while (true) {
    std::string_view rest = stripped(std::string_view(text).substr(at), true, false);
    at = text.size() - rest.size();
    if (rest.empty())
      return parts;
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.push_back(Value::string(std::string(stripped(rest, false, true))));
      return parts;
    }
    size_t end = 0;
    while (end < rest.size() && !isSpace(decode(rest, end).value))
      end += decode(rest, end).length;
    parts.push_back(Value::string(std::string(rest.substr(0, end))));
    at += end;
  }
}

Value split(Interpreter &in, const Value &self, const Arguments &arguments) {
  const std::string &text = self.asString();
  in.heap().charge(text.size() * 2);
  int64_t limit = countArgument(arguments, 1, "maxsplit", -1);
  const Value *given = arguments.find(0, "sep");
  if (!given || given->is(Value::Kind::None))
    return in.heap().listOf(splitSpaces(text, limit));
  const std::string &separator = textArgument(arguments, 0, "sep");
  if (separator.empty())
    throw TemplateError("empty separator");
  List parts;
  size_t at = 0, found;
  while (limit != 0 && (found = text.find(separator, at)) != std::string::npos) {
    parts.push_back(Value::string(text.substr(at, found - at)));
    at = found + separator.size();
    --limit;
  }
  parts.push_back(Value::string(text.substr(at)));
  return in.heap().listOf(std::move(parts));
}

Value rsplit(Interpreter &in, const Value &self, const Arguments &arguments) {
  const std::string &text = self.asString(), &separator = textArgument(arguments, 0, "sep");
  int64_t limit = countArgument(arguments, 1, "maxsplit", -1);
  if (separator.empty())
    throw TemplateError("empty separator");
  List parts;
  size_t end = text.size();
  while (limit != 0 && end >= separator.size()) {
    size_t found = text.rfind(separator, end - separator.size());
    if (found == std::string::npos)
      break;
    parts.insert(parts.begin(), Value::string(text.substr(found + separator.size(),
                                                          end - found - separator.size())));
    end = found;
    --limit;
    in.heap().step(parts.size());
  }
  parts.insert(parts.begin(), Value::string(text.substr(0, end)));
  return in.heap().listOf(std::move(parts));
}

Value splitLines(Interpreter &in, const Value &self, const Arguments &) {
  const std::string &text = self.asString();
  List lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find_first_of("\r\n", at);
    lines.push_back(Value::string(text.substr(at, end == std::string::npos ? end : end - at)));
    if (end == std::string::npos)
      break;
    at = end + (text.compare(end, 2, "\r\n") == 0 ? 2 : 1);
  }
  in.heap().charge(text.size());
  return in.heap().listOf(std::move(lines));
}

Value replace(Interpreter &in, const Value &self, const Arguments &arguments) {
  const std::string &text = self.asString(), &from = textArgument(arguments, 0, "old"),
                    &to = textArgument(arguments, 1, "new");
  int64_t limit = countArgument(arguments, 2, "count", -1);
  std::string out;
  size_t at = 0;
  while (limit != 0 && at <= text.size()) {
    size_t found = from.empty() ? at : text.find(from, at);
    if (found == std::string::npos)
      break;
    out.append(text, at, found - at).append(to);
    in.heap().charge(found - at + to.size());
    at = found + from.size();
    --limit;
    if (from.empty()) { // between all characters
      if (at == text.size())
        return in.heap().text(std::move(out));
      unsigned step = decode(text, at).length;
      out.append(text, at, step);
      at += step;
    }
  }
  return in.heap().text(out.append(text, std::min(at, text.size())));
}

template <std::string (*map)(std::string_view)>
Value cased(Interpreter &in, const Value &self, const Arguments &) {
  return in.heap().text(map(self.asString()));
}

template <bool last>
Value find(Interpreter &, const Value &self, const Arguments &arguments) {
  const std::string &text = self.asString(), &part = textArgument(arguments, 0, "sub");
  size_t found = last ? text.rfind(part) : text.find(part);
  return Value::integer(found == std::string::npos ? -1
                                                   : static_cast<int64_t>(length(
                                                         std::string_view(text).substr(0, found))));
}

Value count(Interpreter &, const Value &self, const Arguments &arguments) {
  const std::string &text = self.asString(), &part = textArgument(arguments, 0, "sub");
  int64_t number = 0;
  for (size_t at = 0; !part.empty() && (at = text.find(part, at)) != std::string::npos;
       at += part.size())
    ++number;
  return Value::integer(part.empty() ? static_cast<int64_t>(length(text)) + 1 : number);
}

template <bool (*holds)(uint32_t)>
Value every(Interpreter &, const Value &self, const Arguments &) {
  const std::string &text = self.asString();
  for (size_t at = 0; at < text.size(); at += decode(text, at).length)
    if (!holds(decode(text, at).value))
      return Value::boolean(false);
  return Value::boolean(!text.empty());
}

bool isDigit(uint32_t c) { return c >= '0' && c <= '9'; }

Value joinText(Interpreter &in, const Value &self, const Arguments &arguments) {
  if (arguments.positional.empty())
    throw TemplateError("join expects a list");
  std::string out;
  const char *separator = "";
  for (const Value &part : in.elements(arguments.positional[0])) {
    if (!part.is(Value::Kind::String))
      throw TemplateError(std::string("join expects strings, not ") + part.typeName());
    in.heap().charge(self.asString().size() + part.asString().size());
    out.append(*separator ? self.asString() : "").append(part.asString());
    separator = "x";
  }
  return Value::string(std::move(out));
}

template <bool prefix>
Value removeAffix(Interpreter &in, const Value &self, const Arguments &arguments) {
  const std::string &text = self.asString(), &part = textArgument(arguments, 0, "affix");
  bool fits = !part.empty() && text.size() >= part.size() &&
              text.compare(prefix ? 0 : text.size() - part.size(), part.size(), part) == 0;
  return fits ? in.heap().text(prefix ? text.substr(part.size())
                                      : text.substr(0, text.size() - part.size()))
              : self;
}

/// str.format with {}, {0} and {name}; no format specifications, no attributes.
Value formatBraces(Interpreter &in, const Value &self, const Arguments &arguments) {
  const std::string &text = self.asString();
  std::string out;
  size_t automatic = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    bool doubled = at + 1 < text.size() && text[at + 1] == text[at];
    if ((text[at] != '{' && text[at] != '}') || doubled) {
      out += text[at];
      at += doubled && (text[at] == '{' || text[at] == '}');
      continue;
    }
    size_t end = text.find('}', at);
    if (text[at] == '}' || end == std::string::npos)
      throw TemplateError("single brace in format string");
    std::string field = text.substr(at + 1, end - at - 1);
    bool number = field.find_first_not_of("0123456789") == std::string::npos;
    if (number && field.size() > 6)
      throw TemplateError("format string has an index that is too large");
    size_t position = field.empty() ? automatic++
                      : number      ? std::stoul(field)
                                    : arguments.positional.size();
    const Value *value =
        arguments.find(position, number ? std::string_view() : std::string_view(field));
    if (!value)
      throw TemplateError("format string has no argument for '{" + field + "}'");
    std::string part = toText(*value);
    in.heap().charge(part.size());
    out += part;
    at = end;
  }
  return in.heap().text(std::move(out));
}

// ---- Dictionaries and lists -----------------------------------------------------

Value get(Interpreter &, const Value &self, const Arguments &arguments) {
  if (arguments.positional.empty())
    throw TemplateError("get expects a key");
  const Value *found = self.asDict().find(arguments.positional[0]),
              *fallback = arguments.find(1, "default");
  return found ? *found : fallback ? *fallback : Value::none();
}

enum class Part { Keys, Values, Items };
template <Part part>
Value listed(Interpreter &in, const Value &self, const Arguments &) {
  List list;
  for (const auto &[key, value] : self.asDict().items())
    list.push_back(part == Part::Keys     ? key
                   : part == Part::Values ? value
                                          : in.heap().tupleOf({key, value}));
  return in.heap().listOf(std::move(list));
}

Value indexOf(Interpreter &, const Value &self, const Arguments &arguments) {
  for (size_t i = 0; !arguments.positional.empty() && i < self.asList().size(); ++i)
    if (equal(self.asList()[i], arguments.positional[0]))
      return Value::integer(static_cast<int64_t>(i));
  throw TemplateError("the value is not in the list");
}

Value countOf(Interpreter &, const Value &self, const Arguments &arguments) {
  int64_t number = 0;
  for (const Value &value : self.asList())
    number += !arguments.positional.empty() && equal(value, arguments.positional[0]);
  return Value::integer(number);
}

const std::map<std::string, Method, std::less<>> stringMethods = {
    {"strip", strip<true, true>},
    {"lstrip", strip<true, false>},
    {"rstrip", strip<false, true>},
    {"startswith", affix<false>},
    {"endswith", affix<true>},
    {"split", split},
    {"rsplit", rsplit},
    {"splitlines", splitLines},
    {"replace", replace},
    {"upper", cased<upper>},
    {"lower", cased<lower>},
    {"title", cased<title>},
    {"capitalize", cased<capitalize>},
    {"find", find<false>},
    {"rfind", find<true>},
    {"count", count},
    {"isdigit", every<isDigit>},
    {"isspace", every<isSpace>},
    {"join", joinText},
    {"removeprefix", removeAffix<true>},
    {"removesuffix", removeAffix<false>},
    {"format", formatBraces}};

const std::map<std::string, Method, std::less<>> dictMethods = {{"get", get},
                                                                {"keys", listed<Part::Keys>},
                                                                {"values", listed<Part::Values>},
                                                                {"items", listed<Part::Items>}};

const std::map<std::string, Method, std::less<>> listMethods = {{"index", indexOf},
                                                                {"count", countOf}};

} // namespace

Value findMethod(Interpreter &in, const Value &object, const std::string &name) {
  const auto *methods = object.is(Value::Kind::String) ? &stringMethods
                        : object.is(Value::Kind::Dict) ? &dictMethods
                        : object.isSequence()          ? &listMethods
                                                       : nullptr;
  auto found = methods ? methods->find(name) : listMethods.end();
  if (!methods || found == methods->end())
    return Value();
  Method method = found->second;
  return Value::callable(
      in.heap().newCallable(name, [object, method](Interpreter &in, const Arguments &arguments) {
        in.heap().step(object.is(Value::Kind::String) ? object.asString().size() / 64 : 0);
        return method(in, object, arguments);
      }));
}

} // namespace tenon::llm
