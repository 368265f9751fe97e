// Tests: what may follow `is`.
#include "runtime/llm/template/Interpreter.h"
#include "runtime/llm/text/Case.h"

namespace tenon::llm {

namespace {

using Test = bool (*)(const Value &, const Value &);

template <Value::Kind kind>
bool isKind(const Value &value, const Value &) {
  return value.is(kind);
}

const std::map<std::string, Test, std::less<>> tests = {
    {"undefined", isKind<Value::Kind::Undefined>},
    {"none", isKind<Value::Kind::None>},
    {"boolean", isKind<Value::Kind::Bool>},
    {"integer", isKind<Value::Kind::Int>},
    {"float", isKind<Value::Kind::Float>},
    {"string", isKind<Value::Kind::String>},
    {"mapping", isKind<Value::Kind::Dict>},
    {"callable", isKind<Value::Kind::Callable>},
    {"defined", [](const Value &a, const Value &) { return !a.is(Value::Kind::Undefined); }},
    {"number", [](const Value &a, const Value &) { return a.isNumber(); }},
    {"true", [](const Value &a, const Value &) { return a.is(Value::Kind::Bool) && a.asBool(); }},
    {"false", [](const Value &a, const Value &) { return a.is(Value::Kind::Bool) && !a.asBool(); }},
    {"sequence",
     [](const Value &a, const Value &) {
       return a.isSequence() || a.is(Value::Kind::String) || a.is(Value::Kind::Dict);
     }},
    {"iterable",
     [](const Value &a, const Value &) {
       return a.isSequence() || a.is(Value::Kind::String) || a.is(Value::Kind::Dict) ||
              a.is(Value::Kind::Undefined);
     }},
    {"eq", [](const Value &a, const Value &b) { return equal(a, b); }},
    {"ne", [](const Value &a, const Value &b) { return !equal(a, b); }},
    {"lt", [](const Value &a, const Value &b) { return less(a, b); }},
    {"le", [](const Value &a, const Value &b) { return !less(b, a); }},
    {"gt", [](const Value &a, const Value &b) { return less(b, a); }},
    {"ge", [](const Value &a, const Value &b) { return !less(a, b); }},
    {"in", [](const Value &a, const Value &b) { return contains(b, a); }},
    {"sameas", [](const Value &a, const Value &b) { return a.kind() == b.kind() && equal(a, b); }},
    {"lower",
     [](const Value &a, const Value &) {
       return toText(a) == lower(toText(a)) && toText(a) != upper(toText(a));
     }},
    {"upper", [](const Value &a, const Value &) {
       return toText(a) == upper(toText(a)) && toText(a) != lower(toText(a));
     }}};

const std::map<std::string, std::string, std::less<>> otherNames = {
    {"equalto", "eq"},     {"==", "eq"},        {"!=", "ne"}, {"<", "lt"},
    {"<=", "le"},          {">", "gt"},         {">=", "ge"}, {"lessthan", "lt"},
    {"greaterthan", "gt"}, {"number", "number"}};

/// even, odd, divisibleby.
bool divides(const std::string &name, const Value &value, const Value &argument) {
  int64_t divisor =
      name == "divisibleby" ? (argument.is(Value::Kind::Int) ? argument.asInt() : 0) : 2;
  if (!value.isNumber() || value.is(Value::Kind::Float) || divisor == 0)
    throw TemplateError("'" + name + "' expects integers");
  return (divisor == -1 || value.asInt() % divisor == 0) != (name == "odd");
}

bool isDivision(const std::string &name) {
  return name == "even" || name == "odd" || name == "divisibleby";
}

} // namespace

bool isTest(const std::string &name) {
  return tests.count(name) || otherNames.count(name) || isDivision(name);
}

bool Interpreter::test(const std::string &name, const Value &value, const Arguments &arguments) {
  heap().step();
  Value argument = arguments.positional.empty() ? Value() : arguments.positional[0];
  if (isDivision(name))
    return divides(name, value, argument);
  auto other = otherNames.find(name);
  auto found = tests.find(other == otherNames.end() ? name : other->second);
  if (found == tests.end())
    throw TemplateError("there is no test '" + name + "'");
  return found->second(value, argument);
}

} // namespace tenon::llm
