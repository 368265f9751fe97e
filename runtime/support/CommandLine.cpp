// Command lines by CLI11, with our own words where its own would not name the
// command, or list arguments in reverse.
#include "runtime/support/CommandLine.h"

#include "runtime/support/Spelling.h"

#include <algorithm>
#include <cstdio>

namespace tenon {
namespace {

/// Options as "--dim NAME=SIZE   what it does"; the usage line has the rest.
class HelpFormatter : public CLI::Formatter {
public:
  HelpFormatter() { column_width(28); }

  std::string make_option_opts(const CLI::Option *option) const override {
    const std::string &text = option->get_option_text();
    return text.empty() ? "" : " " + text;
  }
};

bool isOption(const std::string &word) { return word.size() > 1 && word[0] == '-'; }

/// The first argument that nothing takes, in words.
std::string describeExtra(const CLI::App &app, const std::string &word) {
  if (!isOption(word))
    return "unexpected argument '" + word + "'";
  std::vector<std::string> names;
  for (const CLI::Option *option : app.get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  std::string name = word.substr(0, word.find('='));
  return "unknown option '" + name + "'" + didYouMean(name, names);
}

/// CLI11's reason without its capitals.
std::string describe(const CLI::App &app, const CLI::ParseError &error) {
  std::vector<std::string> extras = app.remaining();
  auto first = std::find_if(extras.begin(), extras.end(), isOption);
  if (first == extras.end() && dynamic_cast<const CLI::ExtrasError *>(&error))
    first = std::find_if(extras.begin(), extras.end(), [](auto &word) { return word != "--"; });
  if (first != extras.end())
    return describeExtra(app, *first);
  std::string text = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch *>(&error))
    return text.substr(0, text.find(':')) + " needs a value";
  std::string conversion = "Could not convert: ";
  if (text.rfind(conversion, 0) == 0)
    return "not a number: " + text.substr(conversion.size());
  if (size_t value = text.find(": Value "); value != std::string::npos)
    text[value + 2] = 'v';
  return text;
}

} // namespace

int misuse(const CLI::App &app, const std::string &message) {
  std::fprintf(stderr, "%s: error: %s\n", app.get_name().c_str(), message.c_str());
  return 2;
}

std::optional<int> parseCommandLine(CLI::App &app, int argc, const char *const *argv) {
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "print this and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError &error) {
    misuse(app, describe(app, error));
    std::fprintf(stderr, "'%s --help' lists the options\n", app.get_name().c_str());
    return 2;
  }
  return std::nullopt;
}

} // namespace tenon
