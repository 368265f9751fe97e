//===- Parser.h - tokens to trees -------------------------------*- C++ -*-===//
//
// Recursive descent with one token of lookahead. After an error the parser goes
// on at the next statement or declaration, so that one run reports all of them.
// Nesting is limited (kMaxDepth): a hostile file cannot exhaust the stack.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_PARSER_H
#define TENON_FRONTENDS_LANGUAGE_PARSER_H

#include "frontends/language/Ast.h"
#include "frontends/language/Lexer.h"

namespace tenon::language {

class Parser {
public:
  static constexpr unsigned kMaxDepth = 400, kMaxHeight = 400;

  Parser(const Source &source, Problems &problems);
  Program parseProgram();

private:
  // Parser.cpp: declarations and statements.
  void parseItem(Program &program);
  UseDecl parseUse();
  void parseConfig(Program &program);
  SizeDecl parseSize();
  void parseStates(std::vector<StateDecl> &states);
  ShardDecl parseShard();
  Setting parseSetting();
  std::unique_ptr<Function> parseFunction(bool named);
  void parseResults(Function &function);
  void parseResult(Function &function);
  std::unique_ptr<Module> parseModule();
  Member parseMember(Module &module);
  std::vector<Param> parseParams();
  Param parseParam();
  TypeExpr parseType();
  Block parseBlock();
  Block parseBraced();
  Stmt parseStatement();
  Stmt parseFor();
  Stmt parseIf();
  Stmt parseAssignment();
  Target toTarget(ExprPtr expr);
  Binder toBinder(ExprPtr expr);

  // ParseExpr.cpp: expressions.
  ExprPtr parseExpr();
  ExprPtr parseOr();
  ExprPtr parseAnd();
  ExprPtr parseNot();
  ExprPtr parseComparison();
  ExprPtr parseSum();
  ExprPtr parseProduct();
  ExprPtr parseUnary();
  ExprPtr parsePower();
  ExprPtr parsePostfix();
  ExprPtr parseCall(ExprPtr callee);
  ExprPtr parseIndex(ExprPtr base);
  ExprPtr parsePrimary();
  ExprPtr parseParenthesized();
  ExprPtr parseComprehension();
  ExprPtr parseReduction();
  ExprPtr parseLiteral();
  bool atReduction() const;
  std::vector<Binder> parseBinders(llvm::StringRef close);
  ExprPtr make(ExprKind kind, Span span) const;
  ExprPtr binary(llvm::StringRef name, ExprPtr left, ExprPtr right);
  /// Refuses a tree that is too high for those who walk it.
  ExprPtr limited(ExprPtr expr);
  std::vector<ExprPtr> parseList();

  // Tokens.
  const Token &peek(size_t ahead = 0) const;
  Token take();
  bool at(llvm::StringRef mark) const { return peek().is(mark); }
  /// Like at(), but only on the line of the expression.
  bool continues(llvm::StringRef mark) const;
  bool accept(llvm::StringRef mark);
  Token expect(llvm::StringRef mark, llvm::StringRef after);
  Token expectName(llvm::StringRef what);
  void endStatement();
  [[noreturn]] void fail(const llvm::Twine &message);
  void skipStatement();
  void skipItem();
  std::string describeNext() const;

  struct Depth {
    explicit Depth(Parser &parser);
    ~Depth() { --parser.depth; }
    Parser &parser;
  };
  /// While one lives, lines do not end statements.
  struct Brackets {
    explicit Brackets(Parser &parser, bool open = true)
        : parser(parser), outer(parser.open) {
      parser.open = open;
    }
    ~Brackets() { parser.open = outer; }
    Parser &parser;
    bool outer;
  };

  const Source &source;
  Problems &problems;
  std::vector<Token> tokens;
  size_t position = 0;
  unsigned depth = 0;
  bool open = false;
};

/// True if the name is a word of the language.
bool isKeyword(llvm::StringRef name);
/// The reductions: sum, max, ...
bool isReduction(llvm::StringRef name);
/// Words of the language, for suggestions.
llvm::ArrayRef<llvm::StringLiteral> keywords();

} // namespace tenon::language

#endif // TENON_FRONTENDS_LANGUAGE_PARSER_H
