// Running of statements.
#include "runtime/llm/template/Nodes.h"

namespace tenon::llm {

Flow runBlock(const Block &block, Interpreter &in, Scope &scope, std::string &out) {
  for (const Stmt &statement : block) {
    in.heap().step();
    try {
      if (Flow flow = statement->run(in, scope, out); flow != Flow::Next)
        return flow;
    } catch (TemplateError &error) {
      throw TemplateError(error.what(), error.line ? error.line : statement->line);
    }
  }
  return Flow::Next;
}

Flow TextStmt::run(Interpreter &in, Scope &, std::string &out) const {
  in.heap().charge(text.size());
  out += text;
  return Flow::Next;
}

Flow PrintStmt::run(Interpreter &in, Scope &scope, std::string &out) const {
  in.print(value->evaluate(in, scope), out);
  return Flow::Next;
}

Flow IfStmt::run(Interpreter &in, Scope &scope, std::string &out) const {
  for (const auto &[condition, body] : branches)
    if (condition->evaluate(in, scope).truthy())
      return runBlock(body, in, scope, out);
  return runBlock(otherwise, in, scope, out);
}

void Target::assign(const Value &value, Interpreter &in, Scope &scope) const {
  if (!parts.empty()) {
    List values = in.elements(value);
    if (values.size() != parts.size())
      throw TemplateError("cannot unpack " + std::to_string(values.size()) + " values into " +
                          std::to_string(parts.size()) + " names");
    for (size_t i = 0; i < parts.size(); ++i)
      parts[i].assign(values[i], in, scope);
    return;
  }
  in.heap().charge(sizeof(Value));
  if (attribute.empty()) {
    scope.names[name] = value;
    return;
  }
  const Value *object = scope.find(name);
  if (!object || !object->is(Value::Kind::Namespace))
    throw TemplateError("cannot assign attribute on non-namespace object '" + name + "'");
  object->asDict().set(Value::string(attribute), value);
}

// ---- for ----------------------------------------------------------------------

/// The items that the loop's condition lets through.
List ForStmt::select(Interpreter &in, Scope &scope) const {
  List all = in.elements(items->evaluate(in, scope));
  if (!condition)
    return all;
  List chosen;
  for (const Value &item : all) {
    Scope &inner = in.nested(scope);
    target.assign(item, in, inner);
    if (condition->evaluate(in, inner).truthy())
      chosen.push_back(item);
  }
  return chosen;
}

/// `loop` inside of an iteration. Its depth counts recursion, which there is none of.
Value ForStmt::loopValue(Interpreter &in, const List &items, size_t at) const {
  int64_t index = static_cast<int64_t>(at), size = static_cast<int64_t>(items.size());
  Dict *loop = in.heap().newDict();
  auto set = [&](const char *name, Value value) {
    loop->set(Value::string(name), std::move(value));
  };
  set("index", Value::integer(index + 1));
  set("index0", Value::integer(index));
  set("revindex", Value::integer(size - index));
  set("revindex0", Value::integer(size - index - 1));
  set("first", Value::boolean(at == 0));
  set("last", Value::boolean(index + 1 == size));
  set("length", Value::integer(size));
  set("depth", Value::integer(1));
  set("depth0", Value::integer(0));
  set("previtem", at ? items[at - 1] : Value::undefined("there is no previous item"));
  set("nextitem",
      at + 1 < items.size() ? items[at + 1] : Value::undefined("there is no next item"));
  set("cycle",
      Value::callable(in.heap().newCallable("cycle", [at](Interpreter &, const Arguments &values) {
        if (values.positional.empty())
          throw TemplateError("no items for cycling given");
        return values.positional[at % values.positional.size()];
      })));
  return Value::dict(loop);
}

Flow ForStmt::run(Interpreter &in, Scope &scope, std::string &out) const {
  List chosen = select(in, scope);
  for (size_t at = 0; at < chosen.size(); ++at) {
    Scope &inner = in.nested(scope);
    if (usesLoop)
      inner.names["loop"] = loopValue(in, chosen, at);
    target.assign(chosen[at], in, inner);
    if (runBlock(body, in, inner, out) == Flow::Break)
      break;
  }
  if (chosen.empty())
    return runBlock(otherwise, in, in.nested(scope), out);
  return Flow::Next;
}

// ---- set, filter, with ----------------------------------------------------------

Flow SetStmt::run(Interpreter &in, Scope &scope, std::string &) const {
  target.assign(value->evaluate(in, scope), in, scope);
  return Flow::Next;
}

static Value filtered(const std::vector<std::unique_ptr<FilterExpr>> &filters, std::string text,
                      Interpreter &in, Scope &scope) {
  Value value = in.heap().text(std::move(text));
  for (const auto &filter : filters)
    value = filter->apply(value, in, scope);
  return value;
}

Flow SetBlockStmt::run(Interpreter &in, Scope &scope, std::string &) const {
  std::string text;
  Flow flow = runBlock(body, in, in.nested(scope), text);
  target.assign(filtered(filters, std::move(text), in, scope), in, scope);
  return flow;
}

Flow FilterBlockStmt::run(Interpreter &in, Scope &scope, std::string &out) const {
  std::string text;
  runBlock(body, in, in.nested(scope), text);
  in.print(filtered(filters, std::move(text), in, scope), out);
  return Flow::Next;
}

Flow ScopeStmt::run(Interpreter &in, Scope &scope, std::string &out) const {
  Scope &inner = in.nested(scope);
  for (const auto &[target, value] : values)
    target.assign(value->evaluate(in, inner), in, inner);
  return runBlock(body, in, inner, out);
}

// ---- macro, call ------------------------------------------------------------------

Value MacroStmt::call(Interpreter &in, Scope &defined, const Arguments &arguments) const {
  Scope &inner = in.nested(defined);
  List extra;
  for (size_t i = parameters.size(); i < arguments.positional.size(); ++i)
    extra.push_back(arguments.positional[i]);
  inner.names["varargs"] = in.heap().tupleOf(std::move(extra));
  Dict *named = in.heap().newDict();
  for (const auto &[key, value] : arguments.named)
    (key == "caller" ? inner.names["caller"] = value
                     : (named->set(Value::string(key), value), value));
  inner.names["kwargs"] = Value::dict(named);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Value *given = arguments.find(i, parameters[i].name);
    inner.names[parameters[i].name] =
        given ? *given
        : parameters[i].fallback
            ? parameters[i].fallback->evaluate(in, inner)
            : Value::undefined("parameter '" + parameters[i].name + "' was not provided");
  }
  std::string text;
  runBlock(body, in, inner, text);
  return in.heap().text(std::move(text));
}

Value MacroStmt::makeCallable(Interpreter &in, Scope &scope) const {
  return Value::callable(
      in.heap().newCallable(name, [this, &scope](Interpreter &in, const Arguments &arguments) {
        return call(in, scope, arguments);
      }));
}

Flow MacroStmt::run(Interpreter &in, Scope &scope, std::string &) const {
  scope.names[name] = makeCallable(in, scope);
  return Flow::Next;
}

Flow CallBlockStmt::run(Interpreter &in, Scope &scope, std::string &out) const {
  Value callee = call->callee->evaluate(in, scope);
  Arguments arguments = call->arguments.evaluate(in, scope);
  arguments.named.emplace_back("caller", caller->makeCallable(in, scope));
  in.print(in.call(callee, arguments), out);
  return Flow::Next;
}

} // namespace tenon::llm
