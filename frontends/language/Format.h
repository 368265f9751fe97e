//===- Format.h - programs in one style -------------------------*- C++ -*-===//
//
// Sets indentation, spaces and empty lines; keeps lines, comments and tokens as
// they are. So what comes out parses to the same program, and formatting it
// again changes nothing.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_FORMAT_H
#define TENON_FRONTENDS_LANGUAGE_FORMAT_H

#include "frontends/language/Source.h"

namespace tenon::language {

/// The formatted text; nothing (and problems) where the program does not parse.
std::optional<std::string> format(const Source &source, Problems &problems);

} // namespace tenon::language

#endif // TENON_FRONTENDS_LANGUAGE_FORMAT_H
