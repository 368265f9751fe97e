// Many sessions at once, made, used and destroyed on several threads, of one
// bundle and of several: the answers are right, and the thread sanitizer, under
// which scripts/test runs this too, has nothing to say.
#include "tests/runtime/Api.h"
#include "tests/runtime/HandmadeBundle.h"

#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr int callers = 4, rounds = 20;

class ThreadsTest : public ::testing::Test {
protected:
  void SetUp() override {
    Handmade made;
    fillTwice(made);
    path = made.write("threads-" + std::to_string(::getpid()) + ".tenon");
    bundle = test::open(path, error);
    ASSERT_EQ(error, "");
  }
  void TearDown() override { ::unlink(path.c_str()); }

  /// Calls `body(caller)` on as many threads at once; it says what is wrong.
  void together(const std::function<std::string(int)> &body) {
    std::vector<std::string> problems(callers);
    std::atomic<int> waiting{callers};
    std::vector<std::thread> threads;
    for (int caller = 0; caller < callers; ++caller)
      threads.emplace_back([&, caller] {
        for (--waiting; waiting;)
          std::this_thread::yield();
        for (int round = 0; round < rounds && problems[caller].empty(); ++round)
          problems[caller] = body(caller);
      });
    for (std::thread &thread : threads)
      thread.join();
    for (const std::string &problem : problems)
      EXPECT_EQ(problem, "");
  }

  /// One run on `rows` rows of its own numbers.
  static std::string runOnce(const SessionPtr &session, int64_t rows, float first) {
    std::vector<float> x(rows * 4);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = first + static_cast<float>(i);
    test::Tensor in(x, {rows, 4});
    DLTensor y{};
    if (std::string message = take(tenon_session_run(session.get(), 0, &in.dl, 1, &y, 1)); !message.empty())
      return message;
    for (size_t i = 0; i < x.size(); ++i) {
      float w = static_cast<float>(i % 4 + 1), wanted = (x[i] * w + 1) * w + 1;
      if (static_cast<float *>(y.data)[i] != wanted)
        return "element " + std::to_string(i) + " is wrong";
    }
    return "";
  }

  std::string path, error;
  BundlePtr bundle;
};

TEST_F(ThreadsTest, EachCallerHasASessionOfTheSameBundle) {
  std::vector<SessionPtr> sessions;
  for (int caller = 0; caller < callers; ++caller) {
    sessions.push_back(test::session(bundle, caller + 1, error));
    ASSERT_EQ(error, "");
  }
  together([&](int caller) { return runOnce(sessions[caller], 7 * caller + 1, float(caller)); });
}

TEST_F(ThreadsTest, SessionsComeAndGo) {
  together([&](int caller) {
    std::string message;
    SessionPtr session = test::session(bundle, 3, message);
    return message.empty() ? runOnce(session, 9, float(caller)) : message;
  });
}

TEST_F(ThreadsTest, BundlesComeAndGo) {
  together([&](int caller) {
    std::string message;
    BundlePtr own = test::open(path, message);
    SessionPtr session = message.empty() ? test::session(own, 2, message) : SessionPtr();
    own.reset(); // the session keeps what it needs
    return message.empty() ? runOnce(session, 5, float(caller)) : message;
  });
}

TEST_F(ThreadsTest, SomeVerifyTheBundleWhileOthersRun) {
  together([&](int caller) {
    if (caller % 2)
      return take(tenon_bundle_verify(bundle.get()));
    std::string message;
    SessionPtr session = test::session(bundle, 2, message);
    return message.empty() ? runOnce(session, 3, 1) : message;
  });
}

TEST_F(ThreadsTest, OneSessionIsHandedFromThreadToThread) {
  SessionPtr session = test::session(bundle, 3, error);
  ASSERT_EQ(error, "");
  for (int round = 0; round < rounds; ++round) {
    std::string problem;
    std::thread([&] { problem = runOnce(session, 1 + round, float(round)); }).join();
    EXPECT_EQ(problem, "");
  }
}

TEST_F(ThreadsTest, ErrorsAreEachCallersOwn) {
  together([&](int caller) -> std::string {
    std::string message;
    SessionPtr session = test::session(bundle, 2, message);
    std::vector<float> x(65 * 4);
    test::Tensor in(x, {65, 4}); // one more than the bundle allows
    DLTensor y{};
    bool isRefused = !take(tenon_session_run(session.get(), 0, &in.dl, 1, &y, 1)).empty();
    return isRefused ? runOnce(session, 2, float(caller)) : "65 rows were taken";
  });
}

} // namespace
