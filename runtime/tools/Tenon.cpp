// The `tenon` command: `tenon VERB ...` runs the program `tenon-VERB` that lies
// beside it or in ../libexec/tenon. So a machine that only runs models needs
// only the runtime's programs. `tenon help VERB` is `tenon VERB --help`.
#include "runtime/support/Spelling.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

struct Verb {
  const char *name;
  const char *package;
  const char *summary;
};

constexpr Verb verbs[] = {
    {"compile", "tenon-compiler", "compile a model into a bundle"},
    {"check", "tenon-compiler", "say whether a model compiles, and what is missing"},
    {"compare", "tenon-compiler", "find the kernel that departs from ONNX Runtime"},
    {"fmt", "tenon-compiler", "set programs of the language in one style"},
    {"run", "tenon", "run a bundle"},
    {"bench", "tenon", "measure a bundle"},
    {"inspect", "tenon", "show what a bundle holds"},
    {"verify", "tenon", "check every hash of a bundle"},
    {"chat", "tenon", "talk with a language model"},
    {"generate", "tenon", "continue a text, or answer a question"},
    {"tokenize", "tenon", "show the tokens of a text"},
    {"perplexity", "tenon", "measure how well a model expects a text"},
    {"sim", "tenon-sim", "run CUDA programs on simulated GPUs"},
};

/// The folder of this program.
std::string ownFolder() {
  char path[PATH_MAX];
  ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0)
    return ".";
  std::string text(path, length);
  return text.substr(0, text.rfind('/'));
}

/// Where the program of a verb lies: beside this one or in ../libexec/tenon.
std::string programOf(const std::string &verb) {
  std::string folder = ownFolder(), program = folder + "/tenon-" + verb;
  if (::access(program.c_str(), F_OK) == 0)
    return program;
  program = folder + "/../libexec/tenon/tenon-" + verb;
  return ::access(program.c_str(), F_OK) == 0 ? program : "";
}

/// Lists the verbs that are there, and where to get the others.
int usage(FILE *out) {
  std::string absent;
  std::fputs("usage: tenon VERB ...\n\nverbs:\n", out);
  for (const Verb &verb : verbs)
    if (!programOf(verb.name).empty())
      std::fprintf(out, "  %-10s %s\n", verb.name, verb.summary);
    else
      absent += std::string("  ") + verb.name + " (package '" + verb.package + "')\n";
  if (!absent.empty())
    std::fprintf(out, "\nnot installed:\n%s", absent.c_str());
  std::fputs("\n'tenon help VERB' says more; 'tenon --version' names the version\n", out);
  return out == stdout ? 0 : 2;
}

/// Exit status of `tenon VERB` for a verb whose program is not there.
int missing(const std::string &name) {
  std::vector<std::string> names;
  for (const Verb &verb : verbs) {
    names.push_back(verb.name);
    if (name == verb.name) {
      std::fprintf(stderr, "tenon: error: 'tenon-%s' is not installed, it is in package '%s'\n",
                   verb.name, verb.package);
      return 2;
    }
  }
  std::fprintf(stderr, "tenon: error: '%s' is not a verb of tenon%s\n'tenon --help' lists them\n",
               name.c_str(), tenon::didYouMean(name, names).c_str());
  return 2;
}

/// Becomes the program of the verb; returns only if that fails.
int runVerb(const std::string &verb, char **argv) {
  std::string program = programOf(verb);
  if (program.empty())
    return missing(verb);
  ::execv(program.c_str(), argv);
  std::fprintf(stderr, "tenon: error: cannot run '%s': %s\n", program.c_str(),
               std::strerror(errno));
  return 1;
}

bool isVerb(const std::string &text) {
  return !text.empty() && text[0] != '-' && text.find('/') == std::string::npos;
}

} // namespace

int main(int argc, char **argv) {
  std::string verb = argc > 1 ? argv[1] : "";
  bool help = verb == "--help" || verb == "-h" || verb == "help";
  if (help && argc > 2 && isVerb(argv[2])) {
    char flag[] = "--help";
    char *arguments[] = {argv[2], flag, nullptr};
    return runVerb(argv[2], arguments);
  }
  if (help)
    return usage(stdout);
  if (verb == "--version") {
    std::puts("tenon 0.1.0");
    return 0;
  }
  return isVerb(verb) ? runVerb(verb, argv + 1) : usage(stderr);
}
