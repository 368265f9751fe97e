// Scopes, calls and printing.
#include "runtime/llm/template/Interpreter.h"

namespace tenon::llm {

const Value *Scope::find(std::string_view name) const {
  for (const Scope *scope = this; scope; scope = scope->outer)
    if (auto found = scope->names.find(name); found != scope->names.end())
      return &found->second;
  return nullptr;
}

Interpreter::Interpreter(const RenderLimits &limits, std::time_t now) : memory(limits), clock(now) {
  addFunctions(*this);
}

Scope &Interpreter::nested(Scope &outer) {
  memory.charge(sizeof(Scope));
  Scope &scope = scopes.emplace_back();
  scope.outer = &outer;
  return scope;
}

Value Interpreter::call(const Value &callee, const Arguments &arguments) {
  memory.step();
  if (callee.is(Value::Kind::Undefined))
    throw TemplateError(callee.undefinedMessage());
  if (!callee.is(Value::Kind::Callable))
    throw TemplateError(std::string("'") + callee.typeName() + "' object is not callable");
  if (++depth > memory.limits.depth)
    throw TemplateError("calls are nested more than " + std::to_string(memory.limits.depth) +
                        " deep");
  Value result = callee.asCallable().body(*this, arguments);
  --depth;
  return result;
}

void Interpreter::print(const Value &value, std::string &out) {
  std::string text = toText(value);
  memory.charge(text.size());
  out += text;
}

} // namespace tenon::llm
