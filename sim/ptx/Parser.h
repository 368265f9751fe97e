// Parses PTX text into a Module.
//
// Never throws and never crashes on bad text. Several errors are reported for
// one text (at most Options::maxErrors); a result without errors holds the
// module. Unknown instructions, modifiers and types are errors.
//
//   ParseResult r = parseModule(text);
//   if (!r.module) std::cerr << r.log("kernel.ptx");
#pragma once

#include "sim/ptx/Module.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::sim::ptx {

struct Diagnostic {
  enum class Severity : uint8_t { Error, Warning };
  Severity severity = Severity::Error;
  uint32_t line = 0;   // from 1
  uint32_t column = 0; // from 1
  std::string message; // "'.foo' is not a modifier of 'add'"
};

struct ParseOptions {
  unsigned maxErrors = 20;
};

struct ParseResult {
  std::shared_ptr<const Module> module; // null if there is an error
  std::vector<Diagnostic> diagnostics;
  std::string text;

  /// "kernel.ptx:12:5: error: ..." with the line and a caret under it.
  std::string log(std::string_view fileName) const;
};

ParseResult parseModule(std::string_view text, const ParseOptions &options = {});

} // namespace tenon::sim::ptx
