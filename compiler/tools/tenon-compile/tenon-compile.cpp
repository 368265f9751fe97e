//===- tenon-compile.cpp - the command `tenon compile` --------------------===//

extern "C" int tenon_compile(int argc, const char *const *argv);

int main(int argc, char **argv) { return tenon_compile(argc, argv); }
