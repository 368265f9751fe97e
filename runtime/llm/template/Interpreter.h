// One rendering: variables, the heap, calls, and the environment's functions.
#pragma once

#include "runtime/llm/template/Value.h"

#include <ctime>

namespace tenon::llm {

/// Variables of a block; a name that it lacks is looked up outside of it.
struct Scope {
  std::map<std::string, Value, std::less<>> names;
  Scope *outer = nullptr;

  const Value *find(std::string_view name) const;
};

class Interpreter {
public:
  Interpreter(const RenderLimits &limits, std::time_t now);

  Heap &heap() { return memory; }
  /// The outermost scope, which holds the context and the functions.
  Scope &globals() { return root; }
  /// A scope inside of another, alive until the end.
  Scope &nested(Scope &outer);
  Value call(const Value &callee, const Arguments &arguments);
  std::time_t now() const { return clock; }

  /// Appends what {{ value }} prints; counts it.
  void print(const Value &value, std::string &out);

  // Access.cpp
  Value attribute(const Value &object, const std::string &name);
  Value item(const Value &object, const Value &index);
  /// The elements of what a for loop can walk.
  List elements(const Value &value);

  // Filters.cpp, Tests.cpp
  Value filter(const std::string &name, const Value &value, const Arguments &arguments);
  bool test(const std::string &name, const Value &value, const Arguments &arguments);

private:
  Heap memory;
  Scope root;
  std::deque<Scope> scopes;
  std::time_t clock;
  int depth = 0;
};

/// Adds range, dict, namespace, raise_exception, strftime_now, ...
void addFunctions(Interpreter &in);
/// A method of a string, list or dictionary bound to it, or undefined.
Value findMethod(Interpreter &in, const Value &object, const std::string &name);
bool isFilter(const std::string &name);
bool isTest(const std::string &name);
/// `value in container`.
bool contains(const Value &container, const Value &value);
/// Python's arithmetic: + - * / // % ** and ~.
Value binary(Interpreter &in, const std::string &op, const Value &a, const Value &b);
/// "%s and %d" % values.
Value formatPercent(Interpreter &in, const std::string &format, const Value &values);

} // namespace tenon::llm
