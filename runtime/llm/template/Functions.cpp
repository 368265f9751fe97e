// The functions that templates find in their environment: Jinja's, and the two
// that Hugging Face adds.
#include "runtime/llm/template/Interpreter.h"

namespace tenon::llm {

namespace {

Value range(Interpreter &in, const Arguments &arguments) {
  int64_t bounds[3] = {0, 0, 1};
  const List &given = arguments.positional;
  if (given.empty() || given.size() > 3)
    throw TemplateError("range expects one to three integers");
  for (size_t i = 0; i < given.size(); ++i) {
    if (!given[i].is(Value::Kind::Int) && !given[i].is(Value::Kind::Bool))
      throw TemplateError(std::string("range expects integers, not ") + given[i].typeName());
    bounds[given.size() == 1 ? 1 : i] = given[i].asInt();
  }
  if (bounds[2] == 0)
    throw TemplateError("range() arg 3 must not be zero");
  List list;
  for (int64_t i = bounds[0]; bounds[2] > 0 ? i < bounds[1] : i > bounds[1];) {
    in.heap().step();
    list.push_back(Value::integer(i));
    if (list.size() > 100000)
      throw TemplateError("range is too long, expected at most 100000");
    if (__builtin_add_overflow(i, bounds[2], &i))
      break;
  }
  return in.heap().listOf(std::move(list));
}

Dict *makeDict(Interpreter &in, const Arguments &arguments) {
  Dict *dict = in.heap().newDict();
  for (const Value &given : arguments.positional) {
    if (!given.is(Value::Kind::Dict))
      throw TemplateError(std::string("expected a dictionary, not ") + given.typeName());
    for (const auto &[key, value] : given.asDict().items())
      dict->set(key, value);
  }
  for (const auto &[name, value] : arguments.named)
    dict->set(Value::string(name), value);
  in.heap().charge(dict->items().size() * 4 * sizeof(Value));
  return dict;
}

Value raise(Interpreter &, const Arguments &arguments) {
  throw TemplateError(arguments.positional.empty() ? "the template raised an error"
                                                   : toText(arguments.positional[0]));
}

Value formatNow(Interpreter &in, const Arguments &arguments) {
  if (arguments.positional.empty() || !arguments.positional[0].is(Value::Kind::String))
    throw TemplateError("strftime_now expects a format");
  const std::string &format = arguments.positional[0].asString();
  std::time_t now = in.now();
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[512];
  size_t size = std::strftime(text, sizeof text, (format + "|").c_str(),
                              &parts); // never empty, so 0 is too long
  if (size == 0)
    throw TemplateError("the format of strftime_now gives too long a text");
  return in.heap().text(std::string(text, size - 1));
}

} // namespace

void addFunctions(Interpreter &in) {
  auto add = [&](const char *name, std::function<Value(Interpreter &, const Arguments &)> body) {
    in.globals().names[name] = Value::callable(in.heap().newCallable(name, std::move(body)));
  };
  add("range", range);
  add("dict", [](Interpreter &in, const Arguments &arguments) {
    return Value::dict(makeDict(in, arguments));
  });
  add("namespace", [](Interpreter &in, const Arguments &arguments) {
    return Value::nameSpace(makeDict(in, arguments));
  });
  add("raise_exception", raise);
  add("strftime_now", formatNow);
}

} // namespace tenon::llm
