//===- Values.h - what expressions of a program stand for -------*- C++ -*-===//
//
// A program is elaborated: constants are computed, functions are applied, and
// what is left are tensor operations. A Val is what a name or expression means
// while that happens.
//
//   Int       12, heads * head, B * 2, and in index notation i + 1 (an
//             expression over sizes and, as factors, indices)
//   Float Bool String         compile-time constants; numbers take the type of
//             the tensor that they meet
//   Tensor    a whole tensor
//   Element   an element of one for each value of some indices: `labels` are
//             the indices of its dimensions, in order
//   Weight    a parameter of the weight file, read where it is used
//   Instance  a module with its arguments
//   List      values in order, `parts`; Tuple the same where names take them apart
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_VALUES_H
#define TENON_FRONTENDS_LANGUAGE_VALUES_H

#include "dialects/tenon/DimExpr.h"
#include "frontends/language/Ast.h"
#include "frontends/weights/WeightFile.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

namespace tenon::language {

struct Instance;
struct FunctionValue;
struct WeightValue;
struct StateValue;

enum class ValKind {
  Poison, ///< its definition was wrong: uses are not reported again
  Int, Float, Bool, String, Tensor, Element, Weight, State, Instance, Function, Module, Tuple, List
};

using Labels = llvm::SmallVector<unsigned, 4>;

struct Val {
  ValKind kind = ValKind::Poison;
  DimExpr size;
  double number = 0;
  bool flag = false;
  std::string text;
  mlir::Value tensor;
  Labels labels;                     ///< of an Element
  std::vector<std::string> dimNames; ///< of a Tensor made by index notation
  std::shared_ptr<WeightValue> weight;
  std::shared_ptr<StateValue> state;
  std::shared_ptr<Instance> instance;
  std::shared_ptr<FunctionValue> function;
  std::shared_ptr<std::vector<Val>> parts;

  bool isConstantNumber() const {
    return kind == ValKind::Float || (kind == ValKind::Int && size.isConstant());
  }
  double asNumber() const {
    return kind == ValKind::Float ? number : static_cast<double>(size.getValue());
  }
  bool isTensorLike() const {
    return kind == ValKind::Tensor || kind == ValKind::Element || kind == ValKind::Weight ||
           kind == ValKind::State;
  }
};

/// Names and their meanings, inside of another scope.
struct Scope {
  explicit Scope(Scope *outer = nullptr) : outer(outer) {}
  Scope *outer;
  llvm::StringMap<Val> names;
  bool isFunction = false; ///< what lies outside is not assigned from here

  Val *find(llvm::StringRef name) {
    for (Scope *scope = this; scope; scope = scope->outer)
      if (auto it = scope->names.find(name); it != scope->names.end())
        return &it->second;
    return nullptr;
  }
  /// A variable of the function that this is a scope of.
  Val *findLocal(llvm::StringRef name) {
    for (Scope *scope = this; scope; scope = scope->isFunction ? nullptr : scope->outer)
      if (auto it = scope->names.find(name); it != scope->names.end())
        return &it->second;
    return nullptr;
  }
};

/// A function with the scope of its definition.
struct FunctionValue {
  const Function *function = nullptr;
  const Module *module = nullptr; ///< of a Module
  Scope *scope = nullptr;
  Instance *self = nullptr;
};

/// A module with its arguments: one for equal arguments.
struct Instance {
  const Module *module = nullptr;
  std::string path; ///< `Attention.3`
  Scope scope;
};

/// A tensor of the weight file, as the program declares it.
struct WeightValue {
  WeightEntry entry;
  mlir::Type element; ///< what the program computes with
};

struct StateValue {
  std::string symbol;
  mlir::Type type;
};

} // namespace tenon::language

#endif // TENON_FRONTENDS_LANGUAGE_VALUES_H
