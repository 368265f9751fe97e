// The parser recovers, limits what it is given, and the formatter keeps programs.
#include "frontends/language/Format.h"
#include "frontends/language/Parser.h"
#include <gtest/gtest.h>

using namespace tenon::language;

namespace {

/// Messages of a program, joined by "; ".
std::string problemsOf(const std::string &text) {
  Source source("t.tn", text);
  Problems problems;
  Parser(source, problems).parseProgram();
  std::string all;
  for (const Problem &problem : problems.all())
    all += (all.empty() ? "" : "; ") + problem.message;
  return all;
}

std::string formatted(const std::string &text) {
  Source source("t.tn", text);
  Problems problems;
  return format(source, problems).value_or("does not parse");
}

std::string repeat(const std::string &text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i)
    all += text;
  return all;
}

TEST(Parser, ReportsSeveralErrors) {
  std::string all = problemsOf("entry f(x: f32[4]) {\n  y = x +\n  }\nfn (\nsize = 3\n");
  EXPECT_NE(all.find("expected a value, found '}'"), std::string::npos) << all;
  EXPECT_NE(all.find("expected the function's name"), std::string::npos) << all;
  EXPECT_NE(all.find("expected the size's name"), std::string::npos) << all;
}

TEST(Parser, LimitsNesting) {
  for (const char *open : {"(", "[i] (", "-", "not ", "f(", "x[", "sum(i) "})
    EXPECT_NE(problemsOf("fn f(x) = " + repeat(open, 20000) + "x").find("deep"), std::string::npos) << open;
  EXPECT_NE(problemsOf("fn f(x) = x" + repeat(" + x", 20000)).find("operations high"), std::string::npos);
  EXPECT_NE(problemsOf("entry f() {" + repeat("if true {\n", 20000)).find("deep"), std::string::npos);
}

TEST(Parser, StatementsEndWithTheirLine) {
  EXPECT_EQ(problemsOf("fn f(x) {\n  y = x\n  -1\n  return (x\n    + 1)\n}\n"), "");
  EXPECT_NE(problemsOf("fn f(x) {\n  y = x x\n}\n"), "");
}

TEST(Parser, TellsReductionsFromCalls) {
  EXPECT_EQ(problemsOf("fn f(x, y) = max(x, y) + sum(i) x[i] * max(x[i], 0)\n"), "");
}

TEST(Lexer, ReportsWhatItLeavesOut) {
  EXPECT_NE(problemsOf("fn f(x) = x @ 2").find("does not use"), std::string::npos);
  EXPECT_NE(problemsOf("use \"abc\n").find("no end"), std::string::npos);
  EXPECT_NE(problemsOf("fn f(x) = 12abc").find("no number"), std::string::npos);
  EXPECT_NE(problemsOf("fn f(x) = 99999999999999999999").find("64 bits"), std::string::npos);
}

TEST(Format, SetsOneStyle) {
  EXPECT_EQ(formatted("fn  f( x,y:[ *,n ] )=[*,i]sum( k )x[*,k]*-y[ i ]^2 // why\n"),
            "fn f(x, y: [*, n]) = [*, i] sum(k) x[*, k] * -y[i]^2  // why\n");
  EXPECT_EQ(formatted("entry f(x:f32[4])->f32[4]{\nif a{\n\n\n  y=x\n}else{y=-x}\nreturn y}\n"),
            "entry f(x: f32[4]) -> f32[4] {\n  if a {\n\n    y = x\n  } else { y = -x }\n  return y }\n");
  EXPECT_EQ(formatted("config{\na=1\nlong=f( 2 )\n}\n"), "config {\n  a    = 1\n  long = f(2)\n}\n");
}

TEST(Format, IsItsOwnFixedPoint) {
  std::string text = "use std.{a,b}\nsize S in 1..8 by 2\nentry f(x:f32[S],at:i32) {\n k[at+s,d]<-x[s,d]\n"
                     " y=(x\n  +1)\n for i in 0..n while not c { y=y*2 }\n return y if a>b else -y\n}\n";
  std::string once = formatted(text);
  EXPECT_EQ(formatted(once), once);
}

TEST(Format, LeavesBrokenProgramsAlone) { EXPECT_EQ(formatted("fn f(\n"), "does not parse"); }

TEST(Source, FindsNearNames) {
  EXPECT_EQ(nearest("widht", {"heads", "width", "hidden"}), "width");
  EXPECT_EQ(nearest("zzz", {"heads", "width"}), "");
}

} // namespace
