// The `tenon` command: `tenon VERB ...` runs the program `tenon-VERB` that lies
// beside it or in ../libexec/tenon. So a machine that only runs models needs
// only the runtime's programs.
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

namespace {

struct Verb {
  const char *name;
  const char *package;
  const char *summary;
};

constexpr Verb verbs[] = {
    {"compile", "tenon-compiler", "compile a model into a bundle"},
    {"check", "tenon-compiler", "say whether a model compiles, and what is missing"},
    {"fmt", "tenon-compiler", "set programs of the language in one style"},
    {"run", "tenon", "run a bundle"},
    {"bench", "tenon", "measure a bundle"},
    {"inspect", "tenon", "show what a bundle holds"},
    {"verify", "tenon", "check every hash of a bundle"},
    {"compare", "tenon-compiler", "compare a bundle with ONNX Runtime"},
    {"plan", "tenon-compiler", "plan a model over several GPUs"},
    {"generate", "tenon-llm", "continue a text"},
    {"chat", "tenon-llm", "talk to a model"},
    {"serve", "tenon-llm", "serve a model over HTTP"},
};

int usage(FILE *out) {
  std::fputs("usage: tenon VERB ...\n\nverbs:\n", out);
  for (const Verb &verb : verbs)
    std::fprintf(out, "  %-10s %s\n", verb.name, verb.summary);
  std::fputs("\n'tenon VERB --help' says more\n", out);
  return out == stdout ? 0 : 2;
}

/// The folder of this program.
std::string ownFolder() {
  char path[PATH_MAX];
  ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0)
    return ".";
  std::string text(path, length);
  return text.substr(0, text.rfind('/'));
}

/// Exit status of `tenon VERB` for a verb whose program is not there.
int missing(const std::string &name) {
  for (const Verb &verb : verbs)
    if (name == verb.name) {
      std::fprintf(stderr, "tenon: 'tenon-%s' is not installed; it is part of the package '%s'\n",
                   verb.name, verb.package);
      return 2;
    }
  std::fprintf(stderr, "tenon: '%s' is not a verb of tenon; 'tenon --help' lists them\n",
               name.c_str());
  return 2;
}

bool isVerb(const std::string &text) {
  return !text.empty() && text[0] != '-' && text.find('/') == std::string::npos;
}

} // namespace

int main(int argc, char **argv) {
  std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "--help" || verb == "-h" || verb == "help")
    return usage(stdout);
  if (verb == "--version") {
    std::puts("tenon 0.1.0");
    return 0;
  }
  if (!isVerb(verb))
    return usage(stderr);
  for (const char *folder : {"/", "/../libexec/tenon/"}) {
    std::string program = ownFolder() + folder + "tenon-" + verb;
    ::execv(program.c_str(), argv + 1);
    if (errno != ENOENT && errno != ENOTDIR) {
      std::fprintf(stderr, "tenon: cannot run '%s': %s\n", program.c_str(), std::strerror(errno));
      return 1;
    }
  }
  return missing(verb);
}
