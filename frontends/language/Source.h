//===- Source.h - source files and what is said about them ------*- C++ -*-===//
//
// A source file, places in it, and diagnostics that show them:
//
//   llama.tn:31:38: error: index 'i' runs over 576 here and over 1536 there
//      31 |     q[b,s,h,d] = sum(i) x[b,s,i] * wq[h*head + d, i]
//         |                         ^~~~~~~~ x is [B, S, 576]
//      hint: ...
//
// Files come from strangers: sizes are limited where they are read.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_SOURCE_H
#define TENON_FRONTENDS_LANGUAGE_SOURCE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace tenon::language {

/// One file. Lines and columns count from 1; columns are bytes.
class Source {
public:
  /// Files above this many bytes are refused.
  static constexpr size_t kMaxBytes = 4 << 20;

  Source(std::string name, std::string text);
  static llvm::Expected<std::unique_ptr<Source>> open(llvm::StringRef path);

  llvm::StringRef name() const { return fileName; }
  llvm::StringRef text() const { return contents; }
  std::pair<unsigned, unsigned> lineAndColumn(uint32_t offset) const;
  llvm::StringRef line(unsigned number) const;
  /// The offset of a place; the end of the line or file where it is outside.
  uint32_t offsetOf(unsigned line, unsigned column) const;

private:
  std::string fileName, contents;
  std::vector<uint32_t> lineStarts;
};

/// A range of bytes of a file.
struct Span {
  const Source *source = nullptr;
  uint32_t begin = 0, end = 0;
  Span to(Span other) const { return {source, begin, other.end}; }
  llvm::StringRef text() const { return source->text().slice(begin, end); }
};

/// A place that contributed to an error.
struct Label {
  Span where;
  std::string text;
};

struct Problem {
  Span where;
  std::string message;
  std::vector<Label> labels;
  std::vector<std::string> hints;

  Problem &label(Span at, const llvm::Twine &text) {
    labels.push_back({at, text.str()});
    return *this;
  }
  Problem &hint(const llvm::Twine &text) {
    hints.push_back(text.str());
    return *this;
  }
};

/// Thrown where a statement cannot go on; caught by whoever can go on with the
/// next one. None leaves the front end.
struct Abandon {
  Problem problem;
};

/// Collects what is wrong with a program, all of it.
class Problems {
public:
  static constexpr size_t kMaxPrinted = 20;

  Problem &add(Span where, const llvm::Twine &message);
  void add(Problem problem);
  bool empty() const { return list.empty(); }
  const std::deque<Problem> &all() const { return list; }
  void print(llvm::raw_ostream &os) const;

private:
  std::deque<Problem> list;
};

/// The name among \p names that was probably meant; empty if none is near.
std::string nearest(llvm::StringRef name, llvm::ArrayRef<std::string> names);

} // namespace tenon::language

#endif // TENON_FRONTENDS_LANGUAGE_SOURCE_H
