// Writes the hand-made bundle to a file, for tests of the commands.
#include "tests/runtime/HandmadeBundle.h"

#include <cstdio>

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  tenon::test::Handmade made;
  tenon::test::fillTwice(made);
  tenon::Status status = tenon::bundle::writeBundle(made.input, argv[1]);
  if (!status.ok())
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return status.ok() ? 0 : 1;
}
