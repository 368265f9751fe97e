// Chat templates: limits and errors. What they render is compared with jinja2 by run.py.
#include "runtime/llm/template/Template.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace tenon;
using namespace tenon::llm;
using Json = nlohmann::ordered_json;

namespace {

/// The text, or "error: " and the message.
std::string render(const std::string &text, const Json &context = Json::object(),
                   RenderLimits limits = {}) {
  Template parsed;
  std::string out;
  Status status = Template::parse(text, parsed);
  if (status.ok())
    status = parsed.render(context, out, limits, 0);
  return status.ok() ? out : "error: " + status.error().message;
}

void expectRefused(const std::string &text, const std::string &words) {
  std::string result = render(text);
  EXPECT_EQ(result.rfind("error: chat template: ", 0), 0u)
      << text << " gave " << result.substr(0, 100);
  EXPECT_NE(result.find(words), std::string::npos) << result;
}

std::string repeated(const std::string &part, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += part;
  return text;
}

TEST(Template, RendersAConversation) {
  const char *chat =
      "{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | trim }}\n{% endfor %}"
      "{% if add_generation_prompt %}<|assistant|>{% endif %}";
  Json messages = Json::array({{{"role", "user"}, {"content", " Hi "}}});
  EXPECT_EQ(render(chat, {{"messages", messages}, {"add_generation_prompt", true}}),
            "<|user|>Hi\n<|assistant|>");
}

TEST(Template, ErrorsNameTheLine) {
  EXPECT_EQ(render("a\n{% if x %}"),
            "error: chat template: line 2: the template ends, expected 'endif'");
  EXPECT_EQ(render("\n\n{{ x.y }}"), "error: chat template: line 3: 'x' is undefined");
  EXPECT_EQ(render("{{ raise_exception('no system role') }}"),
            "error: chat template: line 1: no system role");
  EXPECT_EQ(render("{{ 1 | nonsense }}"),
            "error: chat template: line 1: there is no filter 'nonsense'");
  EXPECT_EQ(render("{{ 1 is nonsense }}"),
            "error: chat template: line 1: there is no test 'nonsense'");
}

TEST(Template, RefusesWhatReachesFiles) {
  expectRefused("{% include '/etc/passwd' %}", "'include' is no statement");
  expectRefused("{% import 'x' as y %}", "'import'");
  expectRefused("{% extends 'x' %}", "'extends'");
}

TEST(Template, AttributesReachNoCode) {
  expectRefused("{{ ''.__class__.__mro__ }}", "no attribute '__class__'");
  expectRefused("{{ [].append(1) }}", "no attribute 'append'");
  expectRefused("{{ range.__globals__.os }}", "no attribute '__globals__'");
}

TEST(Template, StepsAreBounded) {
  expectRefused("{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
                "needs more than");
  expectRefused(
      "{{ range(90000) | map('string') | list | length }}{{ range(90000) | sum ~ 'x' * 0 }}" +
          repeated("{{ range(99999) | max }}", 20),
      "steps");
  expectRefused("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x "
                "%}{% endfor %}",
                "bytes");
}

TEST(Template, MemoryIsBounded) {
  expectRefused("{{ 'x' * 99999999999 }}", "bytes");
  expectRefused("{{ [0] * 9223372036854775807 }}", "bytes");
  expectRefused("{% set ns = namespace(x='x') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x "
                "%}{% endfor %}",
                "bytes");
  expectRefused("{{ '%99999999d' % 1 }}", "width");
  expectRefused("{{ range(999999999) }}", "too long");
}

TEST(Template, NestingIsBounded) {
  expectRefused(repeated("{% if 1 %}", 100000), "nested more than");
  expectRefused("{{ " + repeated("(", 100000) + "1" + repeated(")", 100000) + " }}",
                "nested more than");
  expectRefused("{{ " + repeated("[", 100000) + "1" + repeated("]", 100000) + " }}",
                "nested more than");
  expectRefused("{{ 1" + repeated(" + 1", 100000) + " }}", "nested more than");
  expectRefused("{{ x" + repeated(".x", 100000) + " }}", "nested more than");
  expectRefused("{{ x" + repeated("|trim", 100000) + " }}", "nested more than");
  expectRefused("{{ " + repeated("not ", 100000) + "1 }}", "nested more than");
  expectRefused("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "calls are nested more than");
  expectRefused("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}", "nested more than");
}

TEST(Template, DeepestThatIsAllowedFitsTheStack) {
  std::string deep =
      repeated("{% if 1 %}", 90) + "{{ f(n - 1) if n else '' }}" + repeated("{% endif %}", 90);
  EXPECT_EQ(render("{% macro f(n) %}" + deep + "{% endmacro %}{{ f(60) }}"), "");
}

TEST(Template, NumbersStayInRange) {
  expectRefused("{{ 99999999999999999999 }}", "64 bits");
  expectRefused("{{ 9223372036854775807 + 1 }}", "64 bits");
  expectRefused("{{ 10 ** 100 }}", "64 bits");
  expectRefused("{{ 1 // 0 }}", "division by zero");
  expectRefused("{{ 1 % 0 }}", "division by zero");
  expectRefused("{{ -9223372036854775807 - 2 }}", "64 bits");
}

TEST(Template, BytesThatAreNoUtf8AreRefused) { expectRefused("ab\xff", "byte 2 is no UTF-8"); }

} // namespace
