//===- tenon-fmt.cpp - the command `tenon fmt` ----------------------------===//
//
//   tenon fmt [--check] FILE...      rewrites the files; `-` is standard input,
//                                    whose text goes to standard output
//
// Status 1 where a file does not parse, or with --check would change.
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Format.h"
#include "runtime/support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace tenon::language;

static llvm::Expected<std::unique_ptr<Source>> open(const std::string &path) {
  if (path != "-")
    return Source::open(path);
  auto input = llvm::MemoryBuffer::getSTDIN();
  if (!input)
    return llvm::errorCodeToError(input.getError());
  if ((*input)->getBufferSize() > Source::kMaxBytes)
    return llvm::createStringError("standard input is too long for a source file");
  return std::make_unique<Source>("<stdin>", (*input)->getBuffer().str());
}

/// Replaces the file as a whole: it is the old or the new one, never a part.
static llvm::Error replace(const std::string &path, llvm::StringRef text) {
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &os) {
    os << text;
    return llvm::Error::success();
  });
}

static bool formatOne(const std::string &path, bool check) {
  auto source = open(path);
  if (!source) {
    llvm::errs() << "tenon fmt: error: " << llvm::toString(source.takeError()) << "\n";
    return false;
  }
  Problems problems;
  std::optional<std::string> text = format(**source, problems);
  problems.print(llvm::errs());
  if (!text)
    return false;
  bool same = *text == (*source)->text();
  if (check && !same)
    llvm::errs() << path << ": is not in the style of tenon fmt\n";
  if (check)
    return same;
  if (path == "-") {
    llvm::outs() << *text;
    return true;
  }
  if (same)
    return true;
  if (llvm::Error error = replace(path, *text)) {
    llvm::errs() << "tenon fmt: error: " << llvm::toString(std::move(error)) << "\n";
    return false;
  }
  return true;
}

int main(int argc, char **argv) {
  std::vector<std::string> files;
  bool check = false;
  CLI::App app("Sets programs of the language in one style.", "tenon fmt");
  app.add_option("FILE", files, "the files; - for standard input")->required();
  app.add_flag("--check", check, "change nothing, say which files would change");
  if (std::optional<int> status = tenon::parseCommandLine(app, argc, argv))
    return *status;
  bool good = true;
  for (const std::string &file : files)
    good &= formatOne(file, check);
  return good ? 0 : 1;
}
