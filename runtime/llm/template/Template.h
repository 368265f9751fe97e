// Chat templates: the Jinja that published language models bring with them, which
// turns a conversation into the text that the model was trained on.
//
//   Template chat;
//   TENON_TRY(Template::parse(text, chat));
//   TENON_TRY(chat.render({{"messages", messages}, {"add_generation_prompt", true}}, prompt));
//
// A small bounded interpreter of the language (Jinja 3.1 with Hugging Face's
// settings: trim_blocks, lstrip_blocks, loop controls, tojson, raise_exception,
// strftime_now). Nothing in a template reaches a file, a process or this program's
// code; steps, memory and depth are limited, so that a hostile template ends in an
// error. What is not supported (include, import, extends, recursive loops) is
// refused when the template is parsed.
#pragma once

#include "runtime/llm/template/Value.h"
#include "runtime/support/Status.h"

#include <ctime>
#include <nlohmann/json_fwd.hpp>

namespace tenon::llm {

class Template {
public:
  Template();
  ~Template();
  Template(Template &&) noexcept;
  Template &operator=(Template &&) noexcept;

  /// "line 3: expected '%}', found ..." if the text is no template.
  static Status parse(std::string_view text, Template &result);

  /// Renders with the names of `context`, a JSON object. Errors are the template's own
  /// (raise_exception) or say what it cannot do, with the line. Threads may render the
  /// same template at once.
  Status render(const nlohmann::ordered_json &context, std::string &text,
                const RenderLimits &limits = {}, std::time_t now = std::time(nullptr)) const;

private:
  struct Tree;
  std::unique_ptr<const Tree> tree;
};

} // namespace tenon::llm
