// Evaluation of expressions.
#include "runtime/llm/template/Nodes.h"
#include "runtime/llm/text/Utf8.h"

namespace tenon::llm {

Value NameExpr::evaluate(Interpreter &in, Scope &scope) const {
  in.heap().step();
  const Value *found = scope.find(name);
  return found ? *found : Value::undefined("'" + name + "' is undefined");
}

Value ListExpr::evaluate(Interpreter &in, Scope &scope) const {
  List list;
  for (const Expr &item : items)
    list.push_back(item->evaluate(in, scope));
  return isTuple ? in.heap().tupleOf(std::move(list)) : in.heap().listOf(std::move(list));
}

Value DictExpr::evaluate(Interpreter &in, Scope &scope) const {
  Dict *dict = in.heap().newDict();
  in.heap().charge(items.size() * 4 * sizeof(Value));
  for (const auto &[key, value] : items) {
    Value name = key->evaluate(in, scope);
    dict->set(name, value->evaluate(in, scope));
  }
  return Value::dict(dict);
}

Value UnaryExpr::evaluate(Interpreter &in, Scope &scope) const {
  Value value = operand->evaluate(in, scope);
  if (op == "not")
    return Value::boolean(!value.truthy());
  if (!value.isNumber())
    throw TemplateError("bad operand type for unary " + op + ": '" + value.typeName() + "'", line);
  if (value.is(Value::Kind::Float))
    return Value::real(op == "-" ? -value.asDouble() : value.asDouble());
  return op == "-" ? binary(in, "-", Value::integer(0), value) : Value::integer(value.asInt());
}

Value BinaryExpr::evaluate(Interpreter &in, Scope &scope) const {
  Value a = left->evaluate(in, scope);
  if (op == "and")
    return a.truthy() ? right->evaluate(in, scope) : a;
  if (op == "or")
    return a.truthy() ? a : right->evaluate(in, scope);
  return binary(in, op, a, right->evaluate(in, scope));
}

static bool holds(const std::string &op, const Value &a, const Value &b) {
  if (op == "==" || op == "!=")
    return equal(a, b) == (op == "==");
  if (op == "in" || op == "not in")
    return contains(b, a) == (op == "in");
  if (op == "<" || op == ">=")
    return less(a, b) == (op == "<");
  return less(b, a) == (op == ">");
}

Value CompareExpr::evaluate(Interpreter &in, Scope &scope) const {
  in.heap().step();
  Value a = first->evaluate(in, scope);
  for (const auto &[op, operand] : rest) {
    Value b = operand->evaluate(in, scope);
    for (const Value *side : {&a, &b})
      if (side->is(Value::Kind::Undefined) && op != "==" && op != "!=" && op != "in" &&
          op != "not in")
        throw TemplateError(side->undefinedMessage(), line);
    in.heap().step(b.isSequence()              ? b.asList().size()
                   : b.is(Value::Kind::String) ? b.asString().size() / 64
                                               : 0);
    if (!holds(op, a, b))
      return Value::boolean(false);
    a = b;
  }
  return Value::boolean(true);
}

Value ConditionalExpr::evaluate(Interpreter &in, Scope &scope) const {
  if (condition->evaluate(in, scope).truthy())
    return yes->evaluate(in, scope);
  return no ? no->evaluate(in, scope)
            : Value::undefined("the condition of an 'if' without 'else' does not hold, so its "
                               "value is undefined");
}

Value AttributeExpr::evaluate(Interpreter &in, Scope &scope) const {
  in.heap().step();
  Value value = object->evaluate(in, scope);
  try {
    return in.attribute(value, name);
  } catch (TemplateError &error) {
    throw TemplateError(error.what(), error.line ? error.line : line);
  }
}

Value IndexExpr::evaluate(Interpreter &in, Scope &scope) const {
  in.heap().step();
  Value value = object->evaluate(in, scope);
  return in.item(value, index->evaluate(in, scope));
}

namespace {

/// Positions [start, stop) by step, as Python's slice.indices gives them.
struct Range {
  int64_t start, stop, step;
};

int64_t clamped(int64_t value, int64_t size, int64_t low, int64_t high) {
  if (value < 0)
    value = value < -size ? low : value + size;
  return std::min(std::max(value, low), high);
}

} // namespace

Value SliceExpr::evaluate(Interpreter &in, Scope &scope) const {
  Value value = object->evaluate(in, scope);
  if (!value.is(Value::Kind::String) && !value.isSequence())
    throw TemplateError(value.is(Value::Kind::Undefined)
                            ? value.undefinedMessage()
                            : std::string("'") + value.typeName() + "' cannot be sliced",
                        line);
  auto bound = [&](const Expr &expr, int64_t fallback, int64_t size, int64_t low, int64_t high) {
    Value given = expr ? expr->evaluate(in, scope) : Value::none();
    if (given.is(Value::Kind::None))
      return fallback;
    if (!given.is(Value::Kind::Int) && !given.is(Value::Kind::Bool))
      throw TemplateError("slice indices must be integers", line);
    return clamped(given.asInt(), size, low, high);
  };
  Value given = step ? step->evaluate(in, scope) : Value::none();
  int64_t stride = given.is(Value::Kind::Int) ? given.asInt() : 1;
  if (stride == 0)
    throw TemplateError("slice step cannot be zero", line);
  std::vector<size_t> offsets;
  if (value.is(Value::Kind::String))
    offsets = boundaries(value.asString());
  int64_t size = value.isSequence() ? static_cast<int64_t>(value.asList().size())
                                    : static_cast<int64_t>(offsets.size()) - 1;
  in.heap().step(size / 16);
  int64_t low = stride < 0 ? -1 : 0, high = stride < 0 ? size - 1 : size;
  Range range{bound(start, stride < 0 ? high : low, size, low, high),
              bound(stop, stride < 0 ? low : high, size, low, high), stride};
  List list;
  std::string text;
  for (int64_t i = range.start; stride > 0 ? i < range.stop : i > range.stop;) {
    if (value.isSequence())
      list.push_back(value.asList()[i]);
    else
      text.append(value.asString(), offsets[i], offsets[i + 1] - offsets[i]);
    if (__builtin_add_overflow(i, stride, &i))
      break;
  }
  if (value.is(Value::Kind::String))
    return in.heap().text(std::move(text));
  return value.is(Value::Kind::Tuple) ? in.heap().tupleOf(std::move(list))
                                      : in.heap().listOf(std::move(list));
}

Arguments CallArguments::evaluate(Interpreter &in, Scope &scope) const {
  Arguments arguments;
  for (const Expr &argument : positional)
    arguments.positional.push_back(argument->evaluate(in, scope));
  for (const auto &[name, argument] : named)
    arguments.named.emplace_back(name, argument->evaluate(in, scope));
  return arguments;
}

Value CallExpr::evaluate(Interpreter &in, Scope &scope) const {
  Value function = callee->evaluate(in, scope);
  Arguments given = arguments.evaluate(in, scope);
  try {
    return in.call(function, given);
  } catch (TemplateError &error) {
    throw TemplateError(error.what(), error.line ? error.line : line);
  }
}

Value FilterExpr::apply(const Value &value, Interpreter &in, Scope &scope) const {
  Arguments given = arguments.evaluate(in, scope);
  try {
    return in.filter(name, value, given);
  } catch (TemplateError &error) {
    throw TemplateError(error.what(), error.line ? error.line : line);
  }
}

Value FilterExpr::evaluate(Interpreter &in, Scope &scope) const {
  return apply(operand->evaluate(in, scope), in, scope);
}

Value TestExpr::evaluate(Interpreter &in, Scope &scope) const {
  Value value = operand->evaluate(in, scope);
  return Value::boolean(in.test(name, value, arguments.evaluate(in, scope)) != negated);
}

} // namespace tenon::llm
