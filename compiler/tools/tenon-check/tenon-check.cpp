//===- tenon-check.cpp - the command `tenon check` ------------------------===//

extern "C" int tenon_check(int argc, const char *const *argv);

int main(int argc, char **argv) { return tenon_check(argc, argv); }
