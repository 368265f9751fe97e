// The name that somebody probably meant.
#pragma once

#include <string>
#include <vector>

namespace tenon {

/// The name among `names` that `word` probably was meant to be, else "": at most
/// a third of the letters differ.
std::string closestName(const std::string &word, const std::vector<std::string> &names);

/// ", did you mean 'NAME'?", or nothing if no name is close.
std::string didYouMean(const std::string &word, const std::vector<std::string> &names);

} // namespace tenon
