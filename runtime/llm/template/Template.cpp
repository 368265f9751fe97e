// The templates' front door: errors become values here.
#include "runtime/llm/template/Template.h"

#include "runtime/llm/template/Json.h"
#include "runtime/llm/template/Parser.h"
#include "runtime/llm/text/Utf8.h"

#include <nlohmann/json.hpp>

namespace tenon::llm {

constexpr size_t maxSize = 1 << 20;

struct Template::Tree {
  Block block;
};

Template::Template() = default;
Template::~Template() = default;
Template::Template(Template &&) noexcept = default;
Template &Template::operator=(Template &&) noexcept = default;

static Status failure(const TemplateError &error) {
  std::string where = error.line ? "line " + std::to_string(error.line) + ": " : "";
  return Status(TENON_INVALID_ARGUMENT, "chat template: " + where + error.what());
}

Status Template::parse(std::string_view text, Template &result) {
  if (text.size() > maxSize)
    return Status(TENON_INVALID_ARGUMENT, "chat template: " + std::to_string(text.size()) +
                                              " bytes, expected at most " +
                                              std::to_string(maxSize));
  if (size_t at = findInvalid(text); at != std::string_view::npos)
    return Status(TENON_INVALID_ARGUMENT,
                  "chat template: byte " + std::to_string(at) + " is no UTF-8");
  try {
    auto tree = std::make_unique<Tree>();
    tree->block = parseTemplate(text);
    result.tree = std::move(tree);
    return {};
  } catch (const TemplateError &error) {
    return failure(error);
  }
}

Status Template::render(const nlohmann::ordered_json &context, std::string &text,
                        const RenderLimits &limits, std::time_t now) const {
  if (!tree || !context.is_object())
    return Status(TENON_INVALID_ARGUMENT,
                  "chat template: expected a parsed template and an object of names");
  try {
    Interpreter in(limits, now);
    for (const auto &[name, value] : context.items())
      in.globals().names[name] = fromJson(in.heap(), value);
    std::string out;
    runBlock(tree->block, in, in.nested(in.globals()), out);
    text = std::move(out);
    return {};
  } catch (const TemplateError &error) {
    return failure(error);
  }
}

} // namespace tenon::llm
