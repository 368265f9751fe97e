// Attributes, items and elements, as Jinja looks them up: x.name tries methods
// first, then keys; x[key] tries keys first.
#include "runtime/llm/template/Interpreter.h"
#include "runtime/llm/text/Utf8.h"

namespace tenon::llm {

static std::string quoted(const Value &value) {
  return "'" + std::string(value.typeName()) + " object'";
}

Value Interpreter::attribute(const Value &object, const std::string &name) {
  if (object.is(Value::Kind::Undefined))
    throw TemplateError(object.undefinedMessage());
  if (object.is(Value::Kind::Namespace) || object.is(Value::Kind::Dict)) {
    Value method = object.is(Value::Kind::Dict) ? findMethod(*this, object, name) : Value();
    if (!method.is(Value::Kind::Undefined))
      return method;
    const Value *found = object.asDict().find(Value::string(name));
    return found ? *found : Value::undefined(quoted(object) + " has no attribute '" + name + "'");
  }
  Value method = findMethod(*this, object, name);
  if (!method.is(Value::Kind::Undefined))
    return method;
  return Value::undefined(quoted(object) + " has no attribute '" + name + "'");
}

Value Interpreter::item(const Value &object, const Value &index) {
  if (object.is(Value::Kind::Undefined))
    throw TemplateError(object.undefinedMessage());
  if (object.is(Value::Kind::Dict) || object.is(Value::Kind::Namespace)) {
    bool hashable = !index.isSequence() && !index.is(Value::Kind::Dict);
    const Value *found = hashable ? object.asDict().find(index) : nullptr;
    if (found)
      return *found;
  } else if (index.is(Value::Kind::Int) || index.is(Value::Kind::Bool)) {
    int64_t at = index.asInt();
    if (object.isSequence()) {
      const List &list = object.asList();
      int64_t size = static_cast<int64_t>(list.size());
      if (at >= -size && at < size)
        return list[at < 0 ? at + size : at];
    } else if (object.is(Value::Kind::String)) {
      std::vector<size_t> offsets = boundaries(object.asString());
      int64_t size = static_cast<int64_t>(offsets.size()) - 1;
      heap().step(size / 64);
      if (at >= -size && at < size) {
        at = at < 0 ? at + size : at;
        return heap().text(object.asString().substr(offsets[at], offsets[at + 1] - offsets[at]));
      }
    }
  }
  if (index.is(Value::Kind::String))
    return attribute(object, index.asString());
  return Value::undefined(quoted(object) + " has no element " + toRepr(index));
}

List Interpreter::elements(const Value &value) {
  List list;
  switch (value.kind()) {
  case Value::Kind::Undefined:
    break;
  case Value::Kind::List:
  case Value::Kind::Tuple:
    list = value.asList();
    break;
  case Value::Kind::Dict:
    for (const auto &[key, unused] : value.asDict().items())
      list.push_back(key);
    break;
  case Value::Kind::String: {
    const std::string &text = value.asString();
    heap().charge(text.size() * sizeof(Value));
    for (size_t at = 0; at < text.size();) {
      unsigned length = decode(text, at).length;
      list.push_back(Value::string(text.substr(at, length)));
      at += length;
    }
    break;
  }
  default:
    throw TemplateError(std::string("'") + value.typeName() + "' object is not iterable");
  }
  heap().charge(list.size() * sizeof(Value));
  heap().step(list.size());
  return list;
}

bool contains(const Value &container, const Value &value) {
  switch (container.kind()) {
  case Value::Kind::Undefined:
    return false;
  case Value::Kind::String:
    if (!value.is(Value::Kind::String))
      throw TemplateError(std::string("'in <string>' requires string as left operand, not ") +
                          value.typeName());
    return container.asString().find(value.asString()) != std::string::npos;
  case Value::Kind::Dict:
    return container.asDict().find(value) != nullptr;
  case Value::Kind::List:
  case Value::Kind::Tuple:
    for (const Value &element : container.asList())
      if (equal(element, value))
        return true;
    return false;
  default:
    throw TemplateError(std::string("argument of type '") + container.typeName() +
                        "' is not iterable");
  }
}

} // namespace tenon::llm
