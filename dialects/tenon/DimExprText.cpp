//===- DimExprText.cpp - the textual form of size expressions -------------===//
//
// Prints and parses DimExpr, and the attributes that hold them. Grammar:
//   sum     ::= term ('+' term)*
//   term    ::= primary (('*' | floordiv | ceildiv | mod) primary)*
//   primary ::= integer | symbol | string | '(' sum ')'
//             | ('min' | 'max') '(' sum ',' sum ')' | 'invalid'
// A symbol whose name is no identifier, or reads as d<N> or v<N>, is quoted.
//
//===----------------------------------------------------------------------===//

#include "dialects/tenon/DimExpr.h"
#include "dialects/tenon/Tenon.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using llvm::zip;
using llvm::all_of;
using llvm::interleaveComma;
using llvm::isAlpha;
using llvm::isAlnum;
using llvm::printEscapedString;
using llvm::raw_string_ostream;
namespace tenon {

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

static bool isIndexed(StringRef name, char prefix, unsigned &index) {
  return name.size() > 1 && name.front() == prefix && !name.drop_front().getAsInteger(10, index);
}

static bool isKeyword(StringRef name) {
  return name == "floordiv" || name == "ceildiv" || name == "mod" || name == "min" ||
         name == "max" || name == "invalid" || name == "in" || name == "by";
}

static void printSymbol(StringRef name, raw_ostream &os) {
  unsigned index;
  bool bare = !name.empty() && (isAlpha(name.front()) || name.front() == '_') &&
              all_of(name, [](char c) { return isAlnum(c) || c == '_'; }) && !isKeyword(name) &&
              !isIndexed(name, 'd', index) && !isIndexed(name, 'v', index);
  if (bare) {
    os << name;
    return;
  }
  os << '"';
  printEscapedString(name, os);
  os << '"';
}

static StringRef spelling(DimKind kind) {
  switch (kind) {
  case DimKind::Add: return " + ";
  case DimKind::Mul: return " * ";
  case DimKind::FloorDiv: return " floordiv ";
  case DimKind::CeilDiv: return " ceildiv ";
  case DimKind::Mod: return " mod ";
  case DimKind::Min: return "min";
  default: return "max";
  }
}

static int precedence(DimKind kind) {
  switch (kind) {
  case DimKind::Add: return 0;
  case DimKind::Mul: case DimKind::FloorDiv: case DimKind::CeilDiv: case DimKind::Mod: return 1;
  default: return 2;
  }
}

static void printExpr(DimExpr expr, int context, raw_ostream &os) {
  switch (expr.getKind()) {
  case DimKind::Constant: os << expr.getValue(); return;
  case DimKind::Symbol: printSymbol(expr.getSymbol(), os); return;
  case DimKind::Factor: os << 'd' << expr.getValue(); return;
  case DimKind::Operand: os << 'v' << expr.getValue(); return;
  case DimKind::Invalid: os << "invalid"; return;
  default: break;
  }
  int own = precedence(expr.getKind());
  bool call = own == 2, parens = !call && own < context;
  if (call)
    os << spelling(expr.getKind());
  os << (call || parens ? "(" : "");
  bool first = true;
  for (DimExpr operand : expr.getOperands()) {
    if (!first)
      os << (call ? ", " : spelling(expr.getKind()));
    // Operators of one level group to the left: parenthesise the rest.
    printExpr(operand, call ? 0 : (own == 1 && !(first && operand.getKind() != DimKind::Mul))
                                      ? 2 : own + (own == 1), os);
    first = false;
  }
  os << (call || parens ? ")" : "");
}

void DimExpr::print(raw_ostream &os) const { printExpr(*this, 0, os); }

std::string DimExpr::str() const {
  std::string text;
  raw_string_ostream os(text);
  print(os);
  return text;
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {
class ExprParser {
public:
  explicit ExprParser(AsmParser &parser) : parser(parser), context(parser.getContext()) {}

  FailureOr<DimExpr> sum() {
    FailureOr<DimExpr> left = term();
    while (succeeded(left)) {
      if (failed(parser.parseOptionalPlus()))
        return left;
      FailureOr<DimExpr> right = term();
      if (failed(right))
        return failure();
      left = *left + *right;
    }
    return left;
  }

private:
  FailureOr<DimExpr> term() {
    FailureOr<DimExpr> left = primary();
    while (succeeded(left)) {
      DimExpr (*combine)(DimExpr, DimExpr) = nullptr;
      if (succeeded(parser.parseOptionalStar()))
        combine = [](DimExpr a, DimExpr b) { return a * b; };
      else if (succeeded(parser.parseOptionalKeyword("floordiv")))
        combine = [](DimExpr a, DimExpr b) { return a.floorDiv(b); };
      else if (succeeded(parser.parseOptionalKeyword("ceildiv")))
        combine = [](DimExpr a, DimExpr b) { return a.ceilDiv(b); };
      else if (succeeded(parser.parseOptionalKeyword("mod")))
        combine = [](DimExpr a, DimExpr b) { return a.mod(b); };
      else
        return left;
      FailureOr<DimExpr> right = primary();
      if (failed(right))
        return failure();
      left = combine(*left, *right);
    }
    return left;
  }

  FailureOr<DimExpr> primary() {
    int64_t value;
    OptionalParseResult literal = parser.parseOptionalInteger(value);
    if (literal.has_value())
      return failed(*literal) ? FailureOr<DimExpr>() : DimExpr::constant(context, value);
    std::string name;
    if (succeeded(parser.parseOptionalString(&name)))
      return DimExpr::symbol(context, name);
    if (succeeded(parser.parseOptionalLParen())) {
      FailureOr<DimExpr> inner = sum();
      return failed(inner) || failed(parser.parseRParen()) ? FailureOr<DimExpr>() : inner;
    }
    StringRef keyword;
    if (failed(parser.parseKeyword(&keyword)))
      return failure();
    return named(keyword);
  }

  FailureOr<DimExpr> named(StringRef keyword) {
    unsigned index;
    if (keyword == "invalid")
      return DimExpr::invalid(context);
    if (isIndexed(keyword, 'd', index))
      return DimExpr::factor(context, index);
    if (isIndexed(keyword, 'v', index))
      return DimExpr::operand(context, index);
    if (keyword != "min" && keyword != "max")
      return DimExpr::symbol(context, keyword);
    bool isMin = keyword == "min";
    if (failed(parser.parseLParen()))
      return failure();
    FailureOr<DimExpr> left = sum();
    if (failed(left) || failed(parser.parseComma()))
      return failure();
    FailureOr<DimExpr> right = sum();
    if (failed(right) || failed(parser.parseRParen()))
      return failure();
    return isMin ? left->min(*right) : left->max(*right);
  }

  AsmParser &parser;
  MLIRContext *context;
};
} // namespace

FailureOr<DimExpr> parseDimExpr(AsmParser &parser) { return ExprParser(parser).sum(); }

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

void DimExprAttr::print(AsmPrinter &printer) const {
  printer << '<';
  DimExpr(*this).print(printer.getStream());
  printer << '>';
}

Attribute DimExprAttr::parse(AsmParser &parser, Type) {
  if (failed(parser.parseLess()))
    return {};
  FailureOr<DimExpr> expr = parseDimExpr(parser);
  return failed(expr) || failed(parser.parseGreater()) ? Attribute() : expr->getAttr();
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  interleaveComma(getExprs(), printer.getStream(),
                  [&](Attribute expr) { DimExpr(expr).print(printer.getStream()); });
  printer << "]>";
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<Attribute> exprs;
  auto parseOne = [&]() -> ParseResult {
    FailureOr<DimExpr> expr = parseDimExpr(parser);
    if (succeeded(expr))
      exprs.push_back(expr->getAttr());
    return failure(failed(expr));
  };
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne) ||
      parser.parseGreater())
    return {};
  return get(parser.getContext(), exprs);
}

LogicalResult DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getExprs().size())
    return emitError() << "tensor of rank " << shape.size() << " has " << getExprs().size()
                       << " dimension expressions";
  for (auto [size, attr] : zip(shape, getExprs())) {
    DimExpr expr(attr);
    if (expr.isInvalid())
      return emitError() << "dimension expression is invalid (overflow or bad divisor)";
    std::optional<int64_t> constant = expr.asConstant();
    if (constant ? *constant != size : !ShapedType::isDynamic(size))
      return emitError() << "dimension " << size << " disagrees with its expression "
                         << expr.str();
  }
  return success();
}

void SymbolsAttr::print(AsmPrinter &printer) const {
  printer << '<';
  for (size_t i = 0; i < getNames().size(); ++i) {
    printer << (i ? ", " : "");
    printSymbol(getNames()[i].getValue(), printer.getStream());
    printer << " in " << getMins()[i] << " to " << getMaxs()[i];
    if (getSteps()[i] != 1)
      printer << " by " << getSteps()[i];
  }
  printer << '>';
}

Attribute SymbolsAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> mins, maxs, steps;
  auto parseOne = [&]() -> ParseResult {
    std::string name;
    if (failed(parser.parseOptionalKeywordOrString(&name)))
      return parser.emitError(parser.getCurrentLocation(), "expected a symbol's name");
    names.push_back(StringAttr::get(parser.getContext(), name));
    steps.push_back(1);
    if (parser.parseKeyword("in") || parser.parseInteger(mins.emplace_back()) ||
        parser.parseKeyword("to") || parser.parseInteger(maxs.emplace_back()))
      return failure();
    return succeeded(parser.parseOptionalKeyword("by")) ? parser.parseInteger(steps.back())
                                                        : ParseResult(success());
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, parseOne))
    return {};
  return getChecked([&] { return parser.emitError(parser.getNameLoc()); }, parser.getContext(),
                    ArrayRef<StringAttr>(names), ArrayRef<int64_t>(mins), ArrayRef<int64_t>(maxs),
                    ArrayRef<int64_t>(steps));
}

LogicalResult SymbolsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  ArrayRef<StringAttr> names, ArrayRef<int64_t> mins,
                                  ArrayRef<int64_t> maxs, ArrayRef<int64_t> steps) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (mins[i] < 0 || mins[i] > maxs[i] || steps[i] < 1)
      return emitError() << "symbol '" << names[i].getValue() << "' has an empty or negative range";
    if (llvm::is_contained(names.drop_front(i + 1), names[i]))
      return emitError() << "symbol '" << names[i].getValue() << "' is declared twice";
  }
  return success();
}

} // namespace tenon
