// Words that differ in few letters.
#include "runtime/support/Spelling.h"

#include <algorithm>
#include <numeric>

namespace tenon {

/// Letters to insert, delete or replace between two words (Levenshtein).
static size_t distance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string closestName(const std::string &word, const std::vector<std::string> &names) {
  std::string best;
  size_t least = word.size() / 3 + 1;
  for (const std::string &name : names)
    if (size_t letters = distance(word, name); letters < least)
      least = letters, best = name;
  return best;
}

std::string didYouMean(const std::string &word, const std::vector<std::string> &names) {
  std::string name = closestName(word, names);
  return name.empty() ? "" : ", did you mean '" + name + "'?";
}

} // namespace tenon
