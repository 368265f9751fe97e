// Renders templates for tests/runtime/llm/run.py: a JSON object with template and
// context per line in, {"text": ...} or {"error": ...} per line out.
#include "runtime/llm/template/Template.h"

#include <iostream>
#include <nlohmann/json.hpp>

using namespace tenon;
using Json = nlohmann::ordered_json;

static Json render(const Json &request) {
  llm::Template parsed;
  std::string text;
  Status status = llm::Template::parse(request.at("template").get<std::string>(), parsed);
  if (status.ok())
    status = parsed.render(request.at("context"), text, {}, request.value("now", std::time_t{0}));
  if (!status.ok())
    return {{"error", status.error().message}};
  return {{"text", text}};
}

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << render(Json::parse(line)).dump(-1, ' ', false, Json::error_handler_t::replace)
              << std::endl;
}
