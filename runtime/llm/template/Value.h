// The values of chat templates: Python's, as far as published templates use them.
//
// A Value is small and copied freely. Lists, dictionaries and what they hold live
// in the Heap of one rendering and die with it, so that cycles leak nothing; the
// heap also counts bytes and steps, which bounds what a hostile template can take.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tenon::llm {

/// What a template cannot do, or what it raised itself; `line` is 0 until known.
struct TemplateError : std::runtime_error {
  explicit TemplateError(const std::string &message, int line = 0)
      : std::runtime_error(message), line(line) {}
  int line;
};

class Value;
class Interpreter;

using List = std::vector<Value>;

/// Arguments of a call.
struct Arguments;

struct Callable {
  std::string name;
  std::function<Value(Interpreter &, const Arguments &)> body;
};

/// In order of insertion, found by key; keys are strings, numbers or booleans.
class Dict {
public:
  const Value *find(const Value &key) const;
  void set(const Value &key, Value value);
  const std::vector<std::pair<Value, Value>> &items() const { return entries; }

private:
  std::vector<std::pair<Value, Value>> entries;
  std::map<std::string, size_t> index;
};

/// A name that has no value; using it for more than a test or a print is an error.
struct Undefined {
  std::shared_ptr<const std::string> what; ///< how the error calls it, or null
};
struct None {};

class Value {
public:
  enum class Kind {
    Undefined,
    None,
    Bool,
    Int,
    Float,
    String,
    List,
    Tuple,
    Dict,
    Namespace,
    Callable
  };

  Value() : data(Undefined{}) {}
  static Value undefined(std::string what);
  static Value none() { return Value(None{}); }
  static Value boolean(bool value) { return Value(value); }
  static Value integer(int64_t value) { return Value(value); }
  static Value real(double value) { return Value(value); }
  static Value string(std::string text);
  /// A string that counts as HTML: what is added to it is escaped, as markupsafe does.
  static Value markup(std::string text);
  static Value list(const List *list) { return Value(Sequence{list, false}); }
  static Value tuple(const List *list) { return Value(Sequence{list, true}); }
  static Value dict(Dict *dict) { return Value(Mapping{dict, false}); }
  static Value nameSpace(Dict *dict) { return Value(Mapping{dict, true}); }
  static Value callable(const Callable *callable) { return Value(callable); }

  Kind kind() const;
  bool is(Kind wanted) const { return kind() == wanted; }
  bool isNumber() const { return is(Kind::Int) || is(Kind::Float) || is(Kind::Bool); }
  bool isSequence() const { return is(Kind::List) || is(Kind::Tuple); }

  bool asBool() const { return std::get<bool>(data); }
  /// Of Bool and Int.
  int64_t asInt() const { return is(Kind::Bool) ? asBool() : std::get<int64_t>(data); }
  /// Of any number.
  double asDouble() const {
    return is(Kind::Float) ? std::get<double>(data) : static_cast<double>(asInt());
  }
  const std::string &asString() const { return *std::get<Text>(data).text; }
  bool isMarkup() const { return is(Kind::String) && std::get<Text>(data).isMarkup; }
  const List &asList() const { return *std::get<Sequence>(data).list; }
  Dict &asDict() const { return *std::get<Mapping>(data).dict; }
  const Callable &asCallable() const { return *std::get<const Callable *>(data); }

  /// Python's truth of a value.
  bool truthy() const;
  /// Python's name of the type: "str", "int", ...
  const char *typeName() const;
  /// "'x' is undefined", for errors.
  std::string undefinedMessage() const;

private:
  struct Text {
    std::shared_ptr<const std::string> text;
    bool isMarkup;
  };
  struct Sequence {
    const List *list;
    bool isTuple;
  };
  struct Mapping {
    Dict *dict;
    bool isNamespace;
  };
  using Data = std::variant<Undefined, None, bool, int64_t, double, Text, Sequence, Mapping,
                            const Callable *>;
  explicit Value(Data data) : data(std::move(data)) {}

  Data data;
};

struct Arguments {
  List positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The argument at a position or of a name, or null.
  const Value *find(size_t position, std::string_view name) const;
};

/// Limits of one rendering.
struct RenderLimits {
  uint64_t steps = 2'000'000;
  uint64_t bytes = 64 << 20; ///< of all strings and lists ever made
  int depth = 64;            ///< of nested calls
};

/// Owns what values point to, for one rendering.
class Heap {
public:
  explicit Heap(const RenderLimits &limits) : limits(limits) {}

  List *newList() { return &grown(lists, 64); }
  Dict *newDict() { return &grown(dicts, 128); }
  Callable *newCallable(std::string name,
                        std::function<Value(Interpreter &, const Arguments &)> body) {
    Callable &callable = grown(callables, 128);
    callable = {std::move(name), std::move(body)};
    return &callable;
  }
  Value listOf(List values) {
    charge(values.size() * sizeof(Value));
    List *list = newList();
    *list = std::move(values);
    return Value::list(list);
  }
  Value tupleOf(List values) {
    Value list = listOf(std::move(values));
    return Value::tuple(&list.asList());
  }
  /// A string that counts against the limit.
  Value text(std::string text) {
    charge(text.size());
    return Value::string(std::move(text));
  }

  void charge(uint64_t count) {
    bytes += count;
    if (bytes > limits.bytes)
      throw TemplateError("the template needs more than " + std::to_string(limits.bytes) +
                          " bytes");
  }
  void step(uint64_t count = 1) {
    steps += count;
    if (steps > limits.steps)
      throw TemplateError("the template needs more than " + std::to_string(limits.steps) +
                          " steps");
  }

  const RenderLimits limits;

private:
  template <typename T>
  T &grown(std::deque<T> &all, uint64_t size) {
    charge(size);
    return all.emplace_back();
  }

  std::deque<List> lists;
  std::deque<Dict> dicts;
  std::deque<Callable> callables;
  uint64_t bytes = 0, steps = 0;
};

/// Python's ==.
bool equal(const Value &a, const Value &b, int depth = 0);
/// Python's <; throws for types that have no order.
bool less(const Value &a, const Value &b, int depth = 0);
/// Python's str(): what {{ x }} prints.
std::string toText(const Value &value);
/// Python's repr().
std::string toRepr(const Value &value);
/// With &, <, >, and quotes as HTML has them.
std::string escaped(const std::string &text);
/// Python's repr of a float: the shortest that reads back equal.
std::string floatText(double value);

} // namespace tenon::llm
