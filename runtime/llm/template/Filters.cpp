// Filters, with the names and arguments of Jinja 3.1. tojson is Hugging Face's: no
// HTML escapes, keys in their order, characters as they are.
#include "runtime/llm/template/Interpreter.h"
#include "runtime/llm/template/Json.h"
#include "runtime/llm/text/Case.h"
#include "runtime/llm/text/Utf8.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

namespace tenon::llm {

namespace {

using Filter = Value (*)(Interpreter &, const Value &, const Arguments &);

bool flag(const Arguments &arguments, size_t position, const char *name, bool fallback) {
  const Value *found = arguments.find(position, name);
  return found ? found->truthy() : fallback;
}

int64_t whole(const Arguments &arguments, size_t position, const char *name, int64_t fallback) {
  const Value *found = arguments.find(position, name);
  if (!found || found->is(Value::Kind::None))
    return fallback;
  if (!found->isNumber() || found->is(Value::Kind::Float))
    throw TemplateError(std::string("argument '") + name + "' should be an integer, not " +
                        found->typeName());
  return found->asInt();
}

std::string textOr(const Arguments &arguments, size_t position, const char *name,
                   const char *fallback) {
  const Value *found = arguments.find(position, name);
  return found ? toText(*found) : fallback;
}

/// x.a.b or x.0 for an attribute argument "a.b".
Value walked(Interpreter &in, Value value, const Value &path) {
  if (path.is(Value::Kind::Int))
    return in.item(value, path);
  std::string rest = toText(path);
  while (true) {
    size_t dot = rest.find('.');
    std::string name = rest.substr(0, dot);
    bool number = !name.empty() && name.size() < 10 &&
                  name.find_first_not_of("0123456789") == std::string::npos;
    value = in.item(value, number ? Value::integer(std::stoll(name)) : Value::string(name));
    if (dot == std::string::npos)
      return value;
    rest = rest.substr(dot + 1);
  }
}

Value keyFor(Interpreter &in, const Value &value, const Arguments &arguments, size_t position) {
  const Value *path = arguments.find(position, "attribute");
  return path && !path->is(Value::Kind::None) ? walked(in, value, *path) : value;
}

// ---- Text -------------------------------------------------------------------------

Value trim(Interpreter &in, const Value &value, const Arguments &arguments) {
  const Value *given = arguments.find(0, "chars");
  std::string characters = given ? toText(*given) : "";
  bool none = !given || given->is(Value::Kind::None);
  return in.heap().text(
      std::string(stripped(toText(value), true, true, none ? nullptr : &characters)));
}

template <std::string (*map)(std::string_view)>
Value cased(Interpreter &in, const Value &value, const Arguments &) {
  return in.heap().text(map(toText(value)));
}

Value string(Interpreter &in, const Value &value, const Arguments &) {
  return value.is(Value::Kind::String) ? value : in.heap().text(toText(value));
}

Value escape(Interpreter &in, const Value &value, const Arguments &) {
  std::string text = value.isMarkup() ? value.asString() : escaped(toText(value));
  in.heap().charge(text.size());
  return Value::markup(std::move(text));
}

Value safe(Interpreter &, const Value &value, const Arguments &) {
  return Value::markup(toText(value));
}

Value replace(Interpreter &in, const Value &value, const Arguments &arguments) {
  return in.call(findMethod(in, Value::string(toText(value)), "replace"), arguments);
}

Value indent(Interpreter &in, const Value &value, const Arguments &arguments) {
  const Value *width = arguments.find(0, "width");
  std::string margin =
      width && width->is(Value::Kind::String)
          ? width->asString()
          : std::string(std::clamp<int64_t>(whole(arguments, 0, "width", 4), 0, 10000), ' ');
  bool first = flag(arguments, 1, "first", false), blank = flag(arguments, 2, "blank", false);
  std::string text = toText(value), out;
  for (size_t at = 0, line = 0; at <= text.size(); ++line) {
    size_t end = std::min(text.find('\n', at), text.size());
    bool pad = line ? blank || end > at : first;
    in.heap().charge(margin.size());
    out += (line ? "\n" : "") + (pad ? margin : "") + text.substr(at, end - at);
    at = end + 1;
  }
  return in.heap().text(std::move(out));
}

Value center(Interpreter &in, const Value &value, const Arguments &arguments) {
  std::string text = toText(value);
  int64_t room = std::min<int64_t>(whole(arguments, 0, "width", 80), 10000) -
                 static_cast<int64_t>(length(text));
  if (room <= 0)
    return in.heap().text(std::move(text));
  int64_t width = room + static_cast<int64_t>(length(text)), left = room / 2 + (room & width & 1);
  return in.heap().text(std::string(left, ' ') + text + std::string(room - left, ' '));
}

Value wordCount(Interpreter &in, const Value &value, const Arguments &) {
  Value words = in.call(findMethod(in, Value::string(toText(value)), "split"), {});
  return Value::integer(static_cast<int64_t>(words.asList().size()));
}

Value format(Interpreter &in, const Value &value, const Arguments &arguments) {
  return formatPercent(in, toText(value), in.heap().tupleOf(arguments.positional));
}

Value truncate(Interpreter &in, const Value &value, const Arguments &arguments) {
  std::string text = toText(value), end = textOr(arguments, 2, "end", "...");
  int64_t limit = whole(arguments, 0, "length", 255), leeway = whole(arguments, 3, "leeway", 5);
  std::vector<size_t> offsets = boundaries(text);
  int64_t size = static_cast<int64_t>(offsets.size()) - 1,
          keep = limit - static_cast<int64_t>(length(end));
  if (size <= limit + leeway || keep < 0)
    return in.heap().text(std::move(text));
  std::string cut = text.substr(0, offsets[keep]);
  if (!flag(arguments, 1, "killwords", false) && cut.rfind(' ') != std::string::npos)
    cut.resize(cut.rfind(' '));
  return in.heap().text(cut + end);
}

// ---- Numbers ----------------------------------------------------------------------

Value toInt(Interpreter &, const Value &value, const Arguments &arguments) {
  const Value *fallback = arguments.find(0, "default");
  if (value.is(Value::Kind::Float) && std::fabs(value.asDouble()) < 9e18)
    return Value::integer(static_cast<int64_t>(value.asDouble()));
  if (value.isNumber() && !value.is(Value::Kind::Float))
    return Value::integer(value.asInt());
  if (value.is(Value::Kind::String)) {
    std::string text(stripped(value.asString(), true, true));
    const char *begin = text.data() + (!text.empty() && text[0] == '+'),
               *end = text.data() + text.size();
    int64_t number;
    if (auto [rest, error] = std::from_chars(begin, end, number);
        error == std::errc() && rest == end)
      return Value::integer(number);
    double real;
    if (auto [rest, error] = std::from_chars(begin, end, real);
        error == std::errc() && rest == end && std::fabs(real) < 9e18)
      return Value::integer(static_cast<int64_t>(real));
  }
  return fallback ? *fallback : Value::integer(0);
}

Value toFloat(Interpreter &, const Value &value, const Arguments &arguments) {
  const Value *fallback = arguments.find(0, "default");
  if (value.isNumber())
    return Value::real(value.asDouble());
  if (value.is(Value::Kind::String)) {
    std::string text(stripped(value.asString(), true, true));
    double real;
    if (auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), real);
        error == std::errc() && rest == text.data() + text.size())
      return Value::real(real);
  }
  return fallback ? *fallback : Value::real(0);
}

Value absolute(Interpreter &in, const Value &value, const Arguments &) {
  if (!value.isNumber())
    throw TemplateError(std::string("bad operand type for abs(): '") + value.typeName() + "'");
  if (value.is(Value::Kind::Float))
    return Value::real(std::fabs(value.asDouble()));
  return value.asInt() < 0 ? binary(in, "-", Value::integer(0), value)
                           : Value::integer(value.asInt());
}

Value round(Interpreter &, const Value &value, const Arguments &arguments) {
  if (!value.isNumber())
    throw TemplateError(std::string("round expects a number, not ") + value.typeName());
  std::string method = textOr(arguments, 1, "method", "common");
  double scale = std::pow(10.0, static_cast<double>(std::clamp<int64_t>(
                                    whole(arguments, 0, "precision", 0), -300, 300)));
  double scaled = value.asDouble() * scale;
  double rounded = method == "ceil"    ? std::ceil(scaled)
                   : method == "floor" ? std::floor(scaled)
                                       : std::nearbyint(scaled);
  return Value::real(rounded / scale);
}

// ---- Lists --------------------------------------------------------------------------

Value count(Interpreter &, const Value &value, const Arguments &) {
  switch (value.kind()) {
  case Value::Kind::Undefined:
    return Value::integer(0);
  case Value::Kind::String:
    return Value::integer(static_cast<int64_t>(length(value.asString())));
  case Value::Kind::Dict:
    return Value::integer(static_cast<int64_t>(value.asDict().items().size()));
  case Value::Kind::List:
  case Value::Kind::Tuple:
    return Value::integer(static_cast<int64_t>(value.asList().size()));
  default:
    throw TemplateError(std::string("object of type '") + value.typeName() + "' has no len()");
  }
}

Value fallback(Interpreter &, const Value &value, const Arguments &arguments) {
  const Value *given = arguments.find(0, "default_value");
  bool missing =
      value.is(Value::Kind::Undefined) || (flag(arguments, 1, "boolean", false) && !value.truthy());
  return !missing ? value : given ? *given : Value::string("");
}

Value list(Interpreter &in, const Value &value, const Arguments &) {
  return in.heap().listOf(in.elements(value));
}

template <bool last>
Value end(Interpreter &in, const Value &value, const Arguments &) {
  List all = in.elements(value);
  return all.empty() ? Value::undefined("the sequence is empty") : last ? all.back() : all.front();
}

Value reversed(Interpreter &in, const Value &value, const Arguments &) {
  List all = in.elements(value);
  std::reverse(all.begin(), all.end());
  if (!value.is(Value::Kind::String))
    return in.heap().listOf(std::move(all));
  std::string text;
  for (const Value &character : all)
    text += character.asString();
  return in.heap().text(std::move(text));
}

Value join(Interpreter &in, const Value &value, const Arguments &arguments) {
  std::string separator = textOr(arguments, 0, "d", ""), out;
  bool first = true;
  for (const Value &item : in.elements(value)) {
    std::string text = toText(keyFor(in, item, arguments, 1));
    in.heap().charge(separator.size() + text.size());
    out += (std::exchange(first, false) ? "" : separator) + text;
  }
  return Value::string(std::move(out));
}

/// Sorting keys: strings without regard to case unless that is asked for.
Value sortKey(Interpreter &in, const Value &value, bool sensitive) {
  return value.is(Value::Kind::String) && !sensitive ? in.heap().text(lower(value.asString()))
                                                     : value;
}

Value sorted(Interpreter &in, List all, bool reverse,
             const std::function<Value(const Value &)> &key) {
  std::vector<std::pair<Value, Value>> keyed;
  for (Value &value : all)
    keyed.emplace_back(key(value), std::move(value));
  in.heap().step(keyed.size() * 8);
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto &a, const auto &b) {
    return reverse ? less(b.first, a.first) : less(a.first, b.first);
  });
  List result;
  for (auto &[unused, value] : keyed)
    result.push_back(std::move(value));
  return in.heap().listOf(std::move(result));
}

Value sort(Interpreter &in, const Value &value, const Arguments &arguments) {
  bool sensitive = flag(arguments, 1, "case_sensitive", false);
  return sorted(
      in, in.elements(value), flag(arguments, 0, "reverse", false),
      [&](const Value &item) { return sortKey(in, keyFor(in, item, arguments, 2), sensitive); });
}

Value dictSort(Interpreter &in, const Value &value, const Arguments &arguments) {
  if (!value.is(Value::Kind::Dict))
    throw TemplateError(std::string("dictsort expects a dictionary, not ") + value.typeName());
  bool sensitive = flag(arguments, 0, "case_sensitive", false);
  size_t by = textOr(arguments, 1, "by", "key") == "value";
  Value items = in.call(findMethod(in, value, "items"), {});
  return sorted(in, items.asList(), flag(arguments, 2, "reverse", false),
                [&](const Value &item) { return sortKey(in, item.asList()[by], sensitive); });
}

Value items(Interpreter &in, const Value &value, const Arguments &) {
  if (value.is(Value::Kind::Undefined))
    return in.heap().listOf({});
  if (!value.is(Value::Kind::Dict))
    throw TemplateError("can only get item pairs from a mapping");
  return in.call(findMethod(in, value, "items"), {});
}

Value unique(Interpreter &in, const Value &value, const Arguments &arguments) {
  Dict seen;
  List kept;
  for (const Value &item : in.elements(value)) {
    Value key =
        sortKey(in, keyFor(in, item, arguments, 1), flag(arguments, 0, "case_sensitive", false));
    if (!seen.find(key))
      kept.push_back(item);
    seen.set(key, Value::none());
  }
  return in.heap().listOf(std::move(kept));
}

template <bool greatest>
Value extreme(Interpreter &in, const Value &value, const Arguments &arguments) {
  List all = in.elements(value);
  if (all.empty())
    return Value::undefined("the sequence is empty");
  auto key = [&](const Value &item) {
    return sortKey(in, keyFor(in, item, arguments, 1), flag(arguments, 0, "case_sensitive", false));
  };
  Value best = all[0];
  for (const Value &item : all)
    if (greatest ? less(key(best), key(item)) : less(key(item), key(best)))
      best = item;
  return best;
}

Value sum(Interpreter &in, const Value &value, const Arguments &arguments) {
  const Value *start = arguments.find(1, "start");
  Value total = start ? *start : Value::integer(0);
  for (const Value &item : in.elements(value))
    total = binary(in, "+", total, keyFor(in, item, arguments, 0));
  return total;
}

/// What map, select and their like walk: nothing for any false value.
List walkable(Interpreter &in, const Value &value) {
  return value.truthy() ? in.elements(value) : List();
}

Value map(Interpreter &in, const Value &value, const Arguments &arguments) {
  List mapped;
  const Value *fallback = arguments.find(~size_t{0}, "default");
  bool byAttribute = arguments.positional.empty();
  Arguments rest;
  rest.named = arguments.named;
  if (!byAttribute)
    rest.positional.assign(arguments.positional.begin() + 1, arguments.positional.end());
  for (const Value &item : walkable(in, value)) {
    Value result = byAttribute ? keyFor(in, item, arguments, ~size_t{0})
                               : in.filter(toText(arguments.positional[0]), item, rest);
    mapped.push_back(byAttribute && fallback && result.is(Value::Kind::Undefined) ? *fallback
                                                                                  : result);
  }
  return in.heap().listOf(std::move(mapped));
}

/// select, reject; with an attribute: selectattr, rejectattr.
template <bool wanted, bool attribute>
Value select(Interpreter &in, const Value &value, const Arguments &arguments) {
  if (attribute && arguments.positional.empty())
    throw TemplateError("an attribute is expected");
  List chosen;
  size_t at = attribute;
  Arguments rest;
  if (arguments.positional.size() > at + 1)
    rest.positional.assign(arguments.positional.begin() + at + 1, arguments.positional.end());
  for (const Value &item : walkable(in, value)) {
    Value tested = attribute ? walked(in, item, arguments.positional[0]) : item;
    bool holds = arguments.positional.size() > at
                     ? in.test(toText(arguments.positional[at]), tested, rest)
                     : tested.truthy();
    if (holds == wanted)
      chosen.push_back(item);
  }
  return in.heap().listOf(std::move(chosen));
}

Value groupBy(Interpreter &in, const Value &value, const Arguments &arguments) {
  Value ordered = sorted(in, in.elements(value), false, [&](const Value &item) {
    return sortKey(in, keyFor(in, item, arguments, 0), false);
  });
  List groups;
  List current;
  Value key;
  auto close = [&] {
    if (!current.empty())
      groups.push_back(in.heap().tupleOf({key, in.heap().listOf(std::exchange(current, {}))}));
  };
  for (const Value &item : ordered.asList()) {
    Value next = keyFor(in, item, arguments, 0);
    if (!current.empty() && !equal(next, key))
      close();
    key = next;
    current.push_back(item);
  }
  close();
  return in.heap().listOf(std::move(groups));
}

Value batch(Interpreter &in, const Value &value, const Arguments &arguments) {
  int64_t size = whole(arguments, 0, "linecount", 1);
  if (size < 1)
    throw TemplateError("batch expects a size of at least 1");
  List lists, current;
  const Value *fill = arguments.find(1, "fill_with");
  for (const Value &item : in.elements(value)) {
    current.push_back(item);
    if (static_cast<int64_t>(current.size()) == size)
      lists.push_back(in.heap().listOf(std::exchange(current, {})));
  }
  if (!current.empty()) {
    for (; fill && static_cast<int64_t>(current.size()) < size; in.heap().charge(sizeof(Value)))
      current.push_back(*fill);
    lists.push_back(in.heap().listOf(std::move(current)));
  }
  return in.heap().listOf(std::move(lists));
}

// ---- JSON ---------------------------------------------------------------------------

Value toJsonText(Interpreter &in, const Value &value, const Arguments &arguments) {
  return in.heap().text(toJson(
      value, static_cast<int>(std::clamp<int64_t>(whole(arguments, 1, "indent", -1), -1, 32)),
      flag(arguments, 4, "sort_keys", false), flag(arguments, 0, "ensure_ascii", false)));
}

Value parseJson(Interpreter &in, const Value &value, const Arguments &) {
  std::string text = toText(value);
  in.heap().charge(text.size() * 16);
  try {
    return fromJson(in.heap(), nlohmann::ordered_json::parse(text));
  } catch (const nlohmann::json::exception &) {
    throw TemplateError("from_json expects JSON");
  }
}

const std::map<std::string, Filter, std::less<>> filters = {{"trim", trim},
                                                            {"upper", cased<upper>},
                                                            {"lower", cased<lower>},
                                                            {"title", cased<title>},
                                                            {"capitalize", cased<capitalize>},
                                                            {"string", string},
                                                            {"safe", safe},
                                                            {"escape", escape},
                                                            {"e", escape},
                                                            {"forceescape", escape},
                                                            {"replace", replace},
                                                            {"indent", indent},
                                                            {"center", center},
                                                            {"wordcount", wordCount},
                                                            {"format", format},
                                                            {"truncate", truncate},
                                                            {"int", toInt},
                                                            {"float", toFloat},
                                                            {"abs", absolute},
                                                            {"round", round},
                                                            {"length", count},
                                                            {"count", count},
                                                            {"default", fallback},
                                                            {"d", fallback},
                                                            {"list", list},
                                                            {"first", end<false>},
                                                            {"last", end<true>},
                                                            {"reverse", reversed},
                                                            {"join", join},
                                                            {"sort", sort},
                                                            {"dictsort", dictSort},
                                                            {"items", items},
                                                            {"unique", unique},
                                                            {"min", extreme<false>},
                                                            {"max", extreme<true>},
                                                            {"sum", sum},
                                                            {"map", map},
                                                            {"select", select<true, false>},
                                                            {"reject", select<false, false>},
                                                            {"selectattr", select<true, true>},
                                                            {"rejectattr", select<false, true>},
                                                            {"groupby", groupBy},
                                                            {"batch", batch},
                                                            {"tojson", toJsonText},
                                                            {"from_json", parseJson}};

} // namespace

bool isFilter(const std::string &name) { return filters.count(name); }

Value Interpreter::filter(const std::string &name, const Value &value, const Arguments &arguments) {
  heap().step();
  auto found = filters.find(name);
  if (found == filters.end())
    throw TemplateError("there is no filter '" + name + "'");
  return found->second(*this, value, arguments);
}

} // namespace tenon::llm
