//===- Library.cpp - the C interface of libtenon-compiler.so --------------===//
//
// `int tenon_compile(int argc, const char *const *argv)`: the command `tenon
// compile` as a function, for callers that compile many models in one process.
// `tenon_check` likewise. argv[0] is ignored. Returns the exit status; messages go to standard error.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compilation.h"

extern "C" __attribute__((visibility("default"))) int tenon_compile(int argc,
                                                                    const char *const *argv) {
  return tenon::compileMain(argc, argv);
}

extern "C" __attribute__((visibility("default"))) int tenon_check(int argc,
                                                                  const char *const *argv) {
  return tenon::checkMain(argc, argv);
}
