//===- Format.cpp - programs in one style ---------------------------------===//
//
// Works on tokens and comments in order of their places:
//
//   1. a line is what begins at a token that starts one (comments too);
//   2. its indentation is two spaces for each bracket open before it, less those
//      that it closes first, and four where it goes on with a statement;
//   3. inside a line a rule on the two neighbours says whether a space is
//      between them;
//   4. at most one empty line stays; `=` and comments at the ends of
//      neighbouring lines are aligned.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Format.h"
#include "frontends/language/Lexer.h"
#include "frontends/language/Parser.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

namespace tenon::language {

namespace {

struct Line {
  unsigned indent = 0, emptyBefore = 0;
  std::vector<Token> tokens;
  std::string code, comment;
  size_t assign = std::string::npos; ///< where `=` is, of a one-line setting
};

bool isComment(const Token &token) { return token.text().starts_with("//"); }

class Formatter {
public:
  explicit Formatter(const Source &source, TokenList list) : source(source) {
    tokens = std::move(list.tokens);
    tokens.pop_back(); // End
    tokens.insert(tokens.end(), list.comments.begin(), list.comments.end());
    llvm::sort(tokens, [](const Token &a, const Token &b) { return a.span.begin < b.span.begin; });
  }

  std::string run() {
    split();
    indent();
    for (Line &line : lines)
      write(line);
    align(&Line::assign, [](const Line &line) { return line.assign; });
    return join();
  }

private:
  void split() {
    unsigned lastLine = 0;
    for (const Token &token : tokens) {
      unsigned at = source.lineAndColumn(token.span.begin).first;
      if (lines.empty() || at != lastLine) {
        lines.emplace_back();
        lines.back().emptyBefore = lines.size() > 1 && at > lastLine + 1;
      }
      lastLine = at;
      lines.back().tokens.push_back(token);
    }
  }

  static bool opens(const Token &token) {
    return token.is("(") || token.is("[") || token.is("{");
  }
  static bool closes(const Token &token) {
    return token.is(")") || token.is("]") || token.is("}");
  }

  /// A line goes on where the one before ended with an operator or a comma
  /// outside of brackets.
  static bool goesOn(const Line &before) {
    auto last = llvm::find_if(llvm::reverse(before.tokens),
                              [](const Token &token) { return !isComment(token); });
    if (last == before.tokens.rend() || last->kind != TokenKind::Mark)
      return false;
    return !opens(*last) && !closes(*last) && !last->is(";");
  }

  /// Two spaces for every line on which brackets stay open.
  void indent() {
    std::vector<unsigned> open; // the line on which each bracket was opened
    for (size_t i = 0; i < lines.size(); ++i) {
      size_t first = 0;
      std::vector<unsigned> stack = open;
      while (first < lines[i].tokens.size() && closes(lines[i].tokens[first]) && !stack.empty())
        stack.pop_back(), ++first;
      llvm::SmallDenseSet<unsigned> levels(stack.begin(), stack.end());
      bool more = i > 0 && stack.empty() && goesOn(lines[i - 1]);
      bool inBraces = i > 0 && !more && goesOn(lines[i - 1]) && !lastIs(lines[i - 1], ",");
      lines[i].indent = 2 * levels.size() + (more || inBraces ? 4 : 0);
      for (const Token &token : lines[i].tokens) {
        if (opens(token))
          open.push_back(i);
        else if (closes(token) && !open.empty())
          open.pop_back();
      }
    }
  }
  static bool lastIs(const Line &line, llvm::StringRef mark) { return line.tokens.back().is(mark); }

  /// A minus sign, or a star that stands for dimensions.
  static bool isPrefix(llvm::ArrayRef<Token> line, size_t i) {
    if (!line[i].is("-"))
      return false;
    if (i == 0)
      return true;
    const Token &before = line[i - 1];
    bool afterWord = before.kind == TokenKind::Name && isKeyword(before.text());
    return afterWord || opens(before) ||
           (before.kind == TokenKind::Mark && !closes(before));
  }

  static bool spaceBetween(llvm::ArrayRef<Token> line, size_t i) {
    const Token &a = line[i - 1], &b = line[i];
    if (isComment(b))
      return true;
    if (b.is(",") || b.is(";") || b.is(":"))
      return false;
    if (a.is(".") || b.is(".") || a.is("..") || b.is(".."))
      return false;
    if (a.is("(") || a.is("[") || b.is(")") || b.is("]"))
      return false;
    if (b.is("(") || b.is("["))
      return spaceBeforeBracket(line, i);
    if (isPrefix(line, i - 1))
      return false;
    if (a.is("{") && b.is("}"))
      return false;
    if ((a.is("{") || b.is("}")) && isUse(line))
      return false;
    return !(a.is("^") || b.is("^"));
  }
  static bool isUse(llvm::ArrayRef<Token> line) { return line.front().is("use"); }
  static bool spaceBeforeBracket(llvm::ArrayRef<Token> line, size_t i) {
    const Token &a = line[i - 1];
    if (isPrefix(line, i - 1) || a.is("^"))
      return false;
    if (a.kind == TokenKind::Name)
      return isKeyword(a.text()) && !(a.is("fn") && false);
    if (a.is(")") && i >= 2)
      return line[i].is("(") ? reductionEnds(line, i - 1) : reductionEnds(line, i - 1);
    return !(a.is("]") || a.kind == TokenKind::String);
  }
  /// True if the parenthesis at \p i closes the indices of a reduction.
  static bool reductionEnds(llvm::ArrayRef<Token> line, size_t i) {
    int depth = 0;
    for (size_t j = i + 1; j-- > 0;) {
      depth += line[j].is(")") ? 1 : line[j].is("(") ? -1 : 0;
      if (depth == 0)
        return j > 0 && line[j - 1].kind == TokenKind::Name && isReduction(line[j - 1].text());
    }
    return false;
  }

  static void write(Line &line) {
    llvm::ArrayRef<Token> all = line.tokens;
    size_t assigns = 0, depth = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      if (isComment(all[i])) {
        line.comment = all[i].text().rtrim().str();
        continue;
      }
      if (i > 0 && spaceBetween(all, i))
        line.code += ' ';
      depth += opens(all[i]) ? 1 : 0;
      if (all[i].is("=") && depth == 0 && ++assigns == 1)
        line.assign = line.code.size();
      depth -= closes(all[i]) && depth ? 1 : 0;
      line.code += all[i].text();
    }
  }

  /// Aligns the places of neighbouring lines of one indentation.
  template <typename Place> void align(size_t Line::*member, Place place) {
    for (size_t i = 0; i < lines.size();) {
      size_t end = i, widest = 0;
      while (end < lines.size() && place(lines[end]) != std::string::npos &&
             lines[end].indent == lines[i].indent && (end == i || !lines[end].emptyBefore)) {
        widest = std::max(widest, place(lines[end]));
        ++end;
      }
      bool worthIt = end > i + 1 && isSettings(i, end);
      for (size_t j = i; worthIt && j < end; ++j) {
        lines[j].code.insert(lines[j].*member, widest - place(lines[j]), ' ');
        lines[j].*member = widest;
      }
      i = std::max(end, i + 1);
    }
  }
  /// Settings of one name each, as in a config.
  bool isSettings(size_t from, size_t to) const {
    return llvm::all_of(llvm::seq(from, to), [&](size_t i) {
      const std::vector<Token> &all = lines[i].tokens;
      return all.size() > 2 && all[0].kind == TokenKind::Name && (all[1].is("=") || all[1].is(":"));
    });
  }

  std::string join() const {
    std::string text;
    for (const Line &line : lines) {
      if (line.emptyBefore)
        text += '\n';
      std::string one = std::string(line.indent, ' ') + line.code;
      if (!line.comment.empty())
        one += (line.code.empty() ? "" : "  ") + line.comment;
      text += one + '\n';
    }
    return text;
  }

  const Source &source;
  std::vector<Token> tokens;
  std::vector<Line> lines;
};

} // namespace

std::optional<std::string> format(const Source &source, Problems &problems) {
  Parser(source, problems).parseProgram();
  if (!problems.empty())
    return std::nullopt;
  Problems none;
  return Formatter(source, lex(source, none)).run();
}

} // namespace tenon::language
