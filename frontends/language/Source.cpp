//===- Source.cpp - source files and what is said about them --------------===//

#include "frontends/language/Source.h"
#include "frontends/weights/MappedFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

namespace tenon::language {

Source::Source(std::string name, std::string text)
    : fileName(std::move(name)), contents(std::move(text)), lineStarts{0} {
  for (size_t i = 0; i < contents.size(); ++i)
    if (contents[i] == '\n')
      lineStarts.push_back(i + 1);
}

llvm::Expected<std::unique_ptr<Source>> Source::open(llvm::StringRef path) {
  auto file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  llvm::ArrayRef<char> bytes = (*file)->bytes();
  if (bytes.size() > kMaxBytes)
    return llvm::createStringError("'" + path + "' has " + llvm::Twine(bytes.size()) +
                                   " bytes, a source file may have " + llvm::Twine(kMaxBytes));
  return std::make_unique<Source>(path.str(), std::string(bytes.begin(), bytes.end()));
}

std::pair<unsigned, unsigned> Source::lineAndColumn(uint32_t offset) const {
  auto next = llvm::upper_bound(lineStarts, offset);
  unsigned line = next - lineStarts.begin();
  return {line, offset - lineStarts[line - 1] + 1};
}

llvm::StringRef Source::line(unsigned number) const {
  if (number == 0 || number > lineStarts.size())
    return "";
  llvm::StringRef rest = text().drop_front(lineStarts[number - 1]);
  return rest.take_until([](char c) { return c == '\n'; });
}

uint32_t Source::offsetOf(unsigned number, unsigned column) const {
  if (number > lineStarts.size())
    return contents.size();
  uint32_t start = lineStarts[std::max(number, 1u) - 1];
  return start + std::min<size_t>(column - 1, line(std::max(number, 1u)).size());
}

Problem &Problems::add(Span where, const llvm::Twine &message) {
  list.push_back({where, message.str(), {}, {}});
  return list.back();
}
void Problems::add(Problem problem) { list.push_back(std::move(problem)); }

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

/// A line as it may go to a terminal: no control characters, not endless.
static std::string shown(llvm::StringRef line) {
  constexpr size_t longest = 200;
  std::string text;
  for (char c : line.take_front(longest))
    text += static_cast<unsigned char>(c) < 32 || c == 127 ? ' ' : c;
  return text;
}

/// The line of a span with `^~~~` below it.
static void printExcerpt(llvm::raw_ostream &os, Span where, llvm::StringRef text, bool withLine) {
  auto [line, column] = where.source->lineAndColumn(where.begin);
  std::string shownLine = shown(where.source->line(line));
  std::string number = std::to_string(line);
  std::string margin(std::max<size_t>(number.size(), 5), ' ');
  if (withLine)
    os << std::string(margin.size() - number.size(), ' ') << number << " | " << shownLine << "\n";
  if (column > shownLine.size() + 1)
    return;
  size_t length = std::max<size_t>(where.end - where.begin, 1);
  length = std::min(length, std::max<size_t>(shownLine.size() + 1 - column, 1));
  os << margin << " | " << std::string(column - 1, ' ') << "^" << std::string(length - 1, '~');
  os << (text.empty() ? "" : " ") << text << "\n";
}

static void printProblem(llvm::raw_ostream &os, const Problem &problem) {
  if (!problem.where.source) {
    os << "error: " << problem.message << "\n";
    return;
  }
  auto [line, column] = problem.where.source->lineAndColumn(problem.where.begin);
  os << problem.where.source->name() << ":" << line << ":" << column
     << ": error: " << problem.message << "\n";
  unsigned last = line;
  const Source *source = problem.where.source;
  bool labelled = llvm::any_of(problem.labels, [&](const Label &label) {
    return label.where.begin == problem.where.begin && label.where.source == source;
  });
  printExcerpt(os, labelled ? problem.labels.front().where : problem.where,
               labelled ? llvm::StringRef(problem.labels.front().text) : "", true);
  for (const Label &label : llvm::ArrayRef(problem.labels).drop_front(labelled ? 1 : 0)) {
    unsigned at = label.where.source->lineAndColumn(label.where.begin).first;
    if (label.where.source != source)
      os << label.where.source->name() << ":" << at << ":\n";
    printExcerpt(os, label.where, label.text, at != last || label.where.source != source);
    last = at, source = label.where.source;
  }
  for (const std::string &hint : problem.hints)
    os << "   hint: " << hint << "\n";
}

void Problems::print(llvm::raw_ostream &os) const {
  for (const auto &[i, problem] : llvm::enumerate(list)) {
    if (i == kMaxPrinted) {
      os << "and " << list.size() - i << " more errors\n";
      return;
    }
    printProblem(os, problem);
  }
}

std::string nearest(llvm::StringRef name, llvm::ArrayRef<std::string> names) {
  std::string best;
  unsigned limit = std::min<unsigned>(std::max<size_t>(name.size() / 3, name.size() > 3 ? 2 : 1), 6);
  if (name.size() > 128)
    return best;
  for (const std::string &other : names) {
    unsigned distance = name.edit_distance(other, /*AllowReplacements=*/true, limit);
    if (distance > limit)
      continue;
    limit = distance;
    best = other;
    if (distance == 0)
      break;
  }
  return best;
}

} // namespace tenon::language
