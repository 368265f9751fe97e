// Programs built by nvcc -cudart shared, run unmodified under tenon-sim.
#include <array>
#include <cstdio>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>

namespace {

struct Outcome {
  int status = -1;
  std::string output;
};

Outcome run(const std::string &options, const std::string &program) {
  std::string command = std::string(TENON_SIM) + " run " + options + " " + TENON_SIM_PROGRAMS + "/" + program + " 2>&1";
  Outcome outcome;
  FILE *pipe = popen(command.c_str(), "r");
  if (!pipe)
    return outcome;
  std::array<char, 4096> buffer;
  while (size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
    outcome.output.append(buffer.data(), n);
  int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

} // namespace

class Programs : public testing::TestWithParam<const char *> {};

TEST_P(Programs, Basics) {
  Outcome o = run(GetParam(), "sim_basics");
  EXPECT_EQ(o.status, 0) << o.output;
  EXPECT_NE(o.output.find("hello 42 gpu"), std::string::npos) << o.output;
  EXPECT_NE(o.output.find("done"), std::string::npos) << o.output;
}
TEST_P(Programs, GridBarrier) {
  Outcome o = run(GetParam(), "sim_cooperative");
  EXPECT_EQ(o.status, 0) << o.output;
}
INSTANTIATE_TEST_SUITE_P(Gpus, Programs, testing::Values("--gpu a100", "--gpu h100 --seed 3 --order random"));

TEST(Program, OutOfBoundsIsFound) {
  Outcome o = run("", "sim_broken");
  EXPECT_EQ(o.status, 1) << o.output;
  EXPECT_NE(o.output.find("out_of_bounds"), std::string::npos) << o.output;
  EXPECT_NE(o.output.find("cudaErrorIllegalAddress"), std::string::npos) << o.output;
}

TEST(Program, OrderedStreamsHaveNoRace) {
  for (const char *options : {"", "--gpus 2"}) {
    Outcome o = run(options, "sim_streams");
    EXPECT_EQ(o.status, 0) << o.output;
  }
}
TEST(Program, UnorderedStreamsRace) {
  Outcome o = run("--checks race_global", "sim_streams --unchained");
  EXPECT_EQ(o.status, 1) << o.output;
  EXPECT_NE(o.output.find("race_global"), std::string::npos) << o.output;
}
TEST(Program, OptionsOfTheProgramAreItsOwn) {
  // From wherever the tests were built, the root.
  std::string up;
  for (int i = 0; i < 40; ++i)
    up += "../";
  Outcome o = run("--gpu h100", up + "bin/echo --gpu x -v");
  EXPECT_NE(o.output.find("--gpu x -v"), std::string::npos) << o.output;
}
