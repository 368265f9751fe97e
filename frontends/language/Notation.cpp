//===- Notation.cpp - the extents of indices ------------------------------===//
//
// Every access says something about the indices in it: x[b, i] that b and i run
// over the dimensions of x; w[h*64 + d, i] that d runs to 64 and h to the rest.
// What is said must agree. An index of which nothing is said is an error.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Elaborator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
namespace tenon::language {

constexpr uint64_t kReductionKey = uint64_t(1) << 32;
constexpr size_t kMaxIndices = 1 << 20;

//===----------------------------------------------------------------------===//
// Descriptions
//===----------------------------------------------------------------------===//

static std::string elementText(Type element) {
  if (element.isInteger(1))
    return "bool";
  std::string text;
  llvm::raw_string_ostream os(text);
  element.print(os);
  return StringRef(text).starts_with("ui") ? text.substr(1) : text;
}

std::string Elaborator::shapeText(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return elementText(type);
  std::string text = elementText(tensor.getElementType());
  if (tensor.getRank() == 0)
    return text;
  text += "[";
  for (auto [i, dim] : llvm::enumerate(getDims(tensor)))
    text += (i == 0 ? "" : ", ") + dim.str();
  return text + "]";
}

Dims Elaborator::dimsOf(const Val &value) {
  if (value.kind == ValKind::Weight)
    return b.sizes(value.weight->entry.dims);
  if (value.kind == ValKind::State)
    return getDims(value.state->type);
  return TensorBuilder::dims(value.tensor);
}

std::string Elaborator::describe(const Val &value) {
  switch (value.kind) {
  case ValKind::Poison: return "unknown";
  case ValKind::Int: return value.size.hasFactors() ? "an index" : value.size.str();
  case ValKind::Float: return "the number " + std::to_string(value.number);
  case ValKind::Bool: return value.flag ? "true" : "false";
  case ValKind::String: return "the text \"" + value.text.substr(0, 60) + "\"";
  case ValKind::Tensor: return shapeText(value.tensor.getType());
  case ValKind::Element: return "an element of type " + elementText(getElementTypeOrSelf(value.tensor.getType()));
  case ValKind::Weight:
    return "weight '" + value.weight->entry.name + "' " +
           shapeText(b.type(dimsOf(value), value.weight->element));
  case ValKind::State: return "a state " + shapeText(value.state->type);
  case ValKind::Instance: return "module '" + value.instance->path + "'";
  case ValKind::Function: return "a function";
  case ValKind::Module: return "a module without its arguments";
  case ValKind::Tuple: return std::to_string(value.parts->size()) + " values";
  case ValKind::List: return "a list of " + std::to_string(value.parts->size()) + " values";
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

unsigned Elaborator::addIndex(const IndexDecl &decl, Scope &scope, uint64_t key) {
  if (indices.size() >= kMaxIndices)
    fail(decl.span, "the program has too many indices");
  IndexInfo info;
  info.name = decl.name;
  info.span = info.evidence = decl.span;
  info.key = key;
  if (decl.extent) {
    info.extent = evalSize(*decl.extent, scope, "the extent");
    info.evidence = decl.extent->span;
    info.isDeclared = true;
  }
  indices.push_back(std::move(info));
  return indices.size() - 1;
}

void Elaborator::bindIndex(Scope &scope, StringRef name, unsigned index) {
  scope.names[name] = intVal(DimExpr::factor(&context, index));
}

/// Runs one index-notation expression and gives a whole tensor.
Val Elaborator::notation(ArrayRef<IndexDecl> decls, const Expr &body, Scope &outer, Span span) {
  Scope scope(&outer);
  Notation notation;
  Notation *saved = std::exchange(current, &notation);
  llvm::scope_exit restore([&] { current = saved; });
  std::vector<std::optional<unsigned>> declared;
  for (auto [i, decl] : llvm::enumerate(decls)) {
    uint64_t key = (i + 1) << 12;
    if (decl.name == "*") {
      if (notation.starKey)
        fail(decl.span, "there is only one '*'");
      notation.starKey = key;
      declared.push_back(std::nullopt);
      continue;
    }
    if (auto it = scope.names.find(decl.name); it != scope.names.end())
      fail(decl.span, "index '" + decl.name + "' is there twice");
    declared.push_back(addIndex(decl, outer, key));
    bindIndex(scope, decl.name, *declared.back());
  }
  scan(body, scope, notation);
  inferExtents(notation);
  checkExtents(notation);
  Val value = load(eval(body, scope));
  at(span);
  value = toTensor(value, b.f32(), body.span);
  if (value.kind == ValKind::Tensor)
    value = toElement(value, body.span);
  Labels order;
  std::vector<std::string> names;
  for (auto [decl, index] : llvm::zip(decls, declared)) {
    if (index) {
      order.push_back(*index);
      names.push_back(decl.name);
      continue;
    }
    for (unsigned star : notation.stars) {
      order.push_back(star);
      names.push_back("");
    }
  }
  Val result = finish(value, order, span);
  result.dimNames = names;
  return result;
}

/// An element for each value of the indices in \p order: a whole tensor.
Val Elaborator::finish(Val element, ArrayRef<unsigned> order, Span span) {
  for (unsigned label : element.labels)
    if (!llvm::is_contained(order, label)) {
      Problem free = problem(span, "index '" + indices[label].name +
                                       "' is neither on the left nor reduced");
      free.hint("sum(" + indices[label].name + ") ... adds over it");
      throw Abandon{free};
    }
  Dims extents;
  for (unsigned label : order) {
    if (!indices[label].extent)
      fail(indices[label].span, "it cannot be inferred how far index '" + indices[label].name + "' runs");
    extents.push_back(indices[label].extent);
  }
  return tensorVal(b.broadcast(alignTo(element.tensor, element.labels, order), extents));
}

//===----------------------------------------------------------------------===//
// Scanning
//===----------------------------------------------------------------------===//

void Elaborator::scan(const Expr &expr, Scope &scope, Notation &notation) {
  switch (expr.kind) {
  case ExprKind::Index:
    return scanAccess(expr, scope, notation);
  case ExprKind::Reduce:
    return scanReduction(expr, scope, notation);
  case ExprKind::Comprehend:
    return; // a notation of its own
  case ExprKind::Call:
    for (const ExprPtr &part : llvm::drop_begin(expr.parts))
      scan(*part, scope, notation);
    return;
  default:
    for (const ExprPtr &part : expr.parts)
      scan(*part, scope, notation);
  }
}

void Elaborator::scanReduction(const Expr &expr, Scope &outer, Notation &notation) {
  Scope scope(&outer);
  bool isScan = StringRef(expr.name).starts_with("cum");
  Labels labels;
  for (const Binder &binder : expr.binders) {
    if (isScan) {
      Val *index = outer.find(binder.name);
      if (!index || index->kind != ValKind::Int || !index->size.isFactor())
        fail(binder.span, "'" + expr.name + "' runs along an index of the result; '" + binder.name +
                              "' is none");
      labels.push_back(index->size.getValue());
      continue;
    }
    if (binder.name == "*")
      fail(binder.span, "a reduction names its indices");
    if (Val *known = outer.find(binder.name); known && known->kind == ValKind::Int &&
                                              known->size.hasFactors())
      fail(binder.span, "index '" + binder.name + "' is bound already");
    labels.push_back(addIndex({binder.span, binder.name, binder.extent.get()}, outer,
                              kReductionKey + indices.size()));
    bindIndex(scope, binder.name, labels.back());
  }
  notation.binders[&expr] = labels;
  for (const ExprPtr &part : expr.parts)
    scan(*part, scope, notation);
}

void Elaborator::scanAccess(const Expr &expr, Scope &scope, Notation &notation) {
  for (const ExprPtr &index : llvm::drop_begin(expr.parts))
    scan(*index, scope, notation);
  Val base = eval(*expr.parts.front(), scope);
  if (base.kind == ValKind::List)
    return; // a place in a list is a constant
  notation.bases[&expr] = base;
  if (!base.isTensorLike() || base.kind == ValKind::Element)
    fail(expr.parts.front()->span, "this is " + describe(base) + ", which has no indices");
  Dims dims = dimsOf(base);
  std::string says = expr.parts.front()->span.text().take_front(60).str() + " is " + describe(base);
  size_t given = expr.parts.size() - 1;
  auto star = llvm::find_if(llvm::drop_begin(expr.parts), [](const ExprPtr &part) {
    return part->kind == ExprKind::Star;
  });
  bool hasStar = star != expr.parts.end();
  if (hasStar ? given - 1 > dims.size() : given > dims.size())
    fail(expr.span, says + ", but " + Twine(given) + " indices are given");
  if (hasStar) {
    size_t count = dims.size() - (given - 1);
    if (!notation.hasStars) {
      notation.hasStars = true;
      for (size_t i = 0; i < count; ++i)
        notation.stars.push_back(addIndex({(*star)->span, "*", nullptr}, scope,
                                          (notation.starKey ? notation.starKey : kReductionKey) + i));
    }
    if (notation.stars.size() != count)
      fail((*star)->span, "'*' stands for " + Twine(notation.stars.size()) +
                              " dimensions elsewhere, here for " + Twine(count) + ": " + says);
  }
  size_t dim = 0;
  for (const ExprPtr &index : llvm::drop_begin(expr.parts)) {
    if (index->kind == ExprKind::Star) {
      for (unsigned label : notation.stars)
        notation.constraints.push_back(
            {DimExpr::factor(&context, label), dims[dim++], index->span, says, false});
      continue;
    }
    if (std::optional<DimExpr> position = affine(*index, scope))
      notation.constraints.push_back({*position, dims[dim], index->span, says, bool(expr.fill)});
    ++dim;
  }
}

/// The value of an expression of indices and sizes alone.
std::optional<DimExpr> Elaborator::affine(const Expr &expr, Scope &scope) {
  if (expr.kind == ExprKind::Integer)
    return DimExpr::constant(&context, expr.integer);
  if (expr.kind == ExprKind::Name) {
    Val *value = scope.find(expr.name);
    return value && value->kind == ValKind::Int ? std::optional(value->size) : std::nullopt;
  }
  bool isMinus = expr.kind == ExprKind::Unary && expr.name == "-";
  if (!isMinus && (expr.kind != ExprKind::Binary || StringRef("+-*/%").find(expr.name) == StringRef::npos)) {
    if (expr.kind == ExprKind::Call || expr.kind == ExprKind::Field) {
      bool hasIndices = false;
      for (const ExprPtr &part : expr.parts)
        if (part->kind != ExprKind::Name && part->kind != ExprKind::Integer && part->kind != ExprKind::String)
          hasIndices = true;
      const Expr *callee = expr.parts.front().get();
      bool isSize = callee->name == "extent" || expr.kind == ExprKind::Field;
      if (hasIndices || !isSize)
        return std::nullopt;
      Val value = eval(expr, scope);
      return value.kind == ValKind::Int ? std::optional(value.size) : std::nullopt;
    }
    return std::nullopt;
  }
  std::optional<DimExpr> x = affine(*expr.parts[0], scope);
  if (isMinus)
    return x ? std::optional(-*x) : std::nullopt;
  std::optional<DimExpr> y = affine(*expr.parts[1], scope);
  if (!x || !y)
    return std::nullopt;
  Val value = binaryNumbers(expr.name, intVal(*x), intVal(*y), expr);
  return value.size;
}

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

void Elaborator::inferExtents(Notation &notation) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const Notation::Constraint &constraint : notation.constraints)
      changed |= inferFrom(constraint);
    if (changed)
      continue;
    for (const Notation::Constraint &constraint : notation.constraints)
      if (inferRadix(constraint)) {
        changed = true;
        break;
      }
  }
}

bool Elaborator::setExtent(unsigned index, DimExpr extent, const Notation::Constraint &from) {
  IndexInfo &info = indices[index];
  if (info.extent)
    return false;
  info.extent = extent;
  info.evidence = from.span;
  info.says = from.says;
  return true;
}

bool Elaborator::inferFrom(const Notation::Constraint &constraint) {
  return constraint.index.isFactor() &&
         setExtent(constraint.index.getValue(), constraint.size, constraint);
}

/// h*64 + d: the lesser digit runs to the stride of the greater one, the
/// greatest to what is left. i / r runs r times as far.
bool Elaborator::inferRadix(const Notation::Constraint &constraint) {
  if (constraint.index.getKind() == DimKind::FloorDiv) {
    SmallVector<DimExpr, 4> parts = constraint.index.getOperands();
    return parts[0].isFactor() && !parts[1].hasFactors() &&
           setExtent(parts[0].getValue(), constraint.size * parts[1], constraint);
  }
  std::vector<std::pair<int64_t, unsigned>> digits;
  int64_t offset = 0;
  for (const DimTerm &term : getTerms(constraint.index)) {
    if (term.atoms.empty()) {
      offset = term.coefficient;
      continue;
    }
    if (term.atoms.size() != 1 || !term.atoms[0].isFactor() || term.coefficient <= 0)
      return false;
    digits.push_back({term.coefficient, term.atoms[0].getValue()});
  }
  llvm::sort(digits, [](auto a, auto c) { return a.first > c.first; });
  if (offset != 0 || constraint.guarded)
    return false;
  bool changed = false;
  for (size_t i = 1; i < digits.size(); ++i)
    if (digits[i - 1].first % digits[i].first == 0 && digits[i - 1].first > digits[i].first)
      changed |= setExtent(digits[i].second, b.size(digits[i - 1].first / digits[i].first), constraint);
  if (!digits.empty() && (digits.size() > 1 || digits[0].first > 1))
    changed |= setExtent(digits[0].second, constraint.size.floorDiv(digits[0].first), constraint);
  return changed;
}

void Elaborator::checkExtents(const Notation &notation) {
  for (const Notation::Constraint &constraint : notation.constraints) {
    constraint.index.walkLeaves([&](DimExpr leaf) {
      if (leaf.isFactor() && !indices[leaf.getValue()].extent) {
        const IndexInfo &info = indices[leaf.getValue()];
        throw Abandon{problem(info.span, "it cannot be inferred how far index '" + info.name + "' runs")
                          .hint("write '" + info.name + " < N' where it is introduced")};
      }
    });
    if (!constraint.index.isFactor())
      continue;
    const IndexInfo &info = indices[constraint.index.getValue()];
    std::optional<bool> equal = info.extent == constraint.size
                                    ? std::optional(true)
                                    : ranges.isEqual(info.extent, constraint.size);
    if (equal == true || (info.isDeclared && !constraint.guarded && equal != true))
      continue; // a declared one is checked where it is used
    if (!equal) {
      b.checkEqual(info.extent, constraint.size,
                   "index '" + info.name + "' runs over different sizes");
      continue;
    }
    Problem clash = problem(constraint.span, "index '" + info.name + "' runs over " +
                                                 constraint.size.str() + " here and over " +
                                                 info.extent.str() + " there");
    clash.label(constraint.span, constraint.says);
    if (!info.says.empty())
      clash.label(info.evidence, info.says);
    throw Abandon{clash};
  }
}

} // namespace tenon::language
