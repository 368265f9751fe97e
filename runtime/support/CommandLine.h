// What the command lines of all verbs share: one look of --help, one wording of
// misuse.
//
//   CLI::App app("Runs a bundle once.", "tenon run");
//   app.add_option("--seed", seed, "seed of random inputs")->option_text("N");
//   if (std::optional<int> status = parseCommandLine(app, argc, argv))
//     return *status;
#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace tenon {

/// Parses. Returns the exit status where nothing is left to do: 0 when help was
/// printed, 2 after misuse, which it has reported on standard error.
std::optional<int> parseCommandLine(CLI::App &app, int argc, const char *const *argv);

/// Prints "tenon VERB: error: MESSAGE" and returns 2, the status of misuse.
int misuse(const CLI::App &app, const std::string &message);

} // namespace tenon
