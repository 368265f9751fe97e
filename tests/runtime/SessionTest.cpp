// A hand-made bundle through the C API: answers, shapes, errors, memory.
#include "tests/runtime/Api.h"
#include "tests/runtime/HandmadeBundle.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>
#include <thread>

using namespace tenon;
using namespace tenon::test;
using namespace tenon::bundle;

static std::atomic<size_t> allocations{0};

// The thread sanitizer has its own operators, which cannot be replaced: it counts none.
#if !defined(__has_feature) || !__has_feature(thread_sanitizer)
void *operator new(size_t size) {
  ++allocations;
  if (void *memory = std::malloc(size))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
#endif

namespace {

class SessionTest : public ::testing::Test {
protected:
  void openTwice(int threads) {
    Handmade made;
    fillTwice(made);
    path = made.write("twice.tenon");
    bundle = test::open(path, error);
    ASSERT_EQ(error, "");
    session = test::session(bundle, threads, error);
    ASSERT_EQ(error, "");
  }
  std::string run(const test::Tensor &x, DLTensor &y) {
    return take(tenon_session_run(session.get(), 0, &x.dl, 1, &y, 1));
  }
  void TearDown() override { ::unlink(path.c_str()); }

  std::string path, error;
  BundlePtr bundle;
  SessionPtr session;
};

std::vector<float> counting(size_t size) {
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i)
    values[i] = static_cast<float>(i);
  return values;
}

float twice(float x, size_t column) {
  float w = static_cast<float>(column + 1);
  return (x * w + 1) * w + 1;
}

void expectTwice(const std::vector<float> &x, const float *y) {
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_EQ(y[i], twice(x[i], i % 4)) << i;
}

TEST_F(SessionTest, OwnOutputAtSeveralSizesAndThreadCounts) {
  for (int threads : {1, 2, 3, 7}) {
    openTwice(threads);
    for (int64_t rows : {5, 64, 1, 33}) {
      std::vector<float> x = counting(rows * 4);
      DLTensor y{};
      ASSERT_EQ(run({x, {rows, 4}}, y), "");
      ASSERT_EQ(y.ndim, 2);
      EXPECT_EQ(y.shape[0], rows);
      EXPECT_EQ(y.shape[1], 4);
      expectTwice(x, static_cast<const float *>(y.data));
    }
  }
}

TEST_F(SessionTest, CallersOutput) {
  openTwice(2);
  std::vector<float> x = counting(12), y(12);
  test::Tensor out(y, {3, 4});
  ASSERT_EQ(run({x, {3, 4}}, out.dl), "");
  expectTwice(x, y.data());
  test::Tensor small(y, {2, 4});
  EXPECT_EQ(run({x, {3, 4}}, small.dl), "output 'y' has the wrong shape, expected [3 x 4]");
  test::Tensor same(x, {3, 4});
  EXPECT_EQ(run({x, {3, 4}}, same.dl), "output 'y' overlaps input 'x' in memory");
}

TEST_F(SessionTest, StridedAndMisalignedInputsAreCopied) {
  openTwice(2);
  std::vector<float> x = counting(8), transposed(8);
  for (size_t i = 0; i < 8; ++i)
    transposed[(i % 4) * 2 + i / 4] = x[i];
  test::Tensor in(transposed, {2, 4});
  int64_t strides[] = {1, 2};
  in.dl.strides = strides;
  DLTensor y{};
  ASSERT_EQ(run(in, y), "");
  expectTwice(x, static_cast<const float *>(y.data));
  std::vector<char> bytes(8 * sizeof(float) + 1);
  memcpy(bytes.data() + 1, x.data(), 8 * sizeof(float));
  test::Tensor odd(bytes.data(), {kDLFloat, 32, 1}, {2, 4});
  odd.dl.byte_offset = 1;
  y = {};
  ASSERT_EQ(run(odd, y), "");
  expectTwice(x, static_cast<const float *>(y.data));
}

TEST_F(SessionTest, WrongInputsAreRefusedByName) {
  openTwice(1);
  std::vector<float> x = counting(300);
  std::vector<int64_t> integers(4);
  DLTensor y{};
  EXPECT_EQ(run({x, {65, 4}}, y), "dimension 0 of input 'x' is 65, expected at most 64 (B)");
  EXPECT_EQ(run({x, {0, 4}}, y), "dimension 0 of input 'x' is 0, expected at least 1 (B; compile "
                                 "with --dim B=0..N to allow 0)");
  EXPECT_EQ(run({x, {2, 5}}, y), "dimension 1 of input 'x' is 5, expected 4");
  EXPECT_EQ(run({x, {4}}, y), "input 'x' has 1 dimensions, expected 2");
  EXPECT_EQ(run({integers, {1, 4}}, y), "input 'x' has elements of type i64, expected f32");
  test::Tensor none(x, {1, 4});
  none.dl.data = nullptr;
  EXPECT_EQ(run(none, y), "input 'x' has no data");
  EXPECT_EQ(take(tenon_session_run(session.get(), 0, nullptr, 0, &y, 1)),
            "expected 1 inputs, got 0");
  EXPECT_EQ(take(tenon_session_run(session.get(), 7, nullptr, 0, &y, 1)),
            "there is no entry point 7");
}

TEST_F(SessionTest, NothingIsAllocatedAfterTheFirstRun) {
  openTwice(2);
  std::vector<float> x = counting(256);
  test::Tensor large(x, {64, 4}), small(x, {9, 4});
  DLTensor y{};
  ASSERT_EQ(run(large, y), "");
  uint64_t memory = tenon_session_memory(session.get());
  size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    y = {};
    tenon_error *failed =
        tenon_session_run(session.get(), 0, i % 2 ? &small.dl : &large.dl, 1, &y, 1);
    ASSERT_EQ(failed, nullptr);
  }
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(tenon_session_memory(session.get()), memory);
}

TEST_F(SessionTest, SessionsOfOneBundleRunInParallel) {
  openTwice(2);
  std::atomic<int> wrong{0};
  auto work = [&](int64_t rows) {
    std::string message;
    SessionPtr own = test::session(bundle, 2, message);
    std::vector<float> x = counting(rows * 4);
    for (int i = 0; i < 50; ++i) {
      test::Tensor in(x, {rows, 4});
      DLTensor y{};
      bool good = take(tenon_session_run(own.get(), 0, &in.dl, 1, &y, 1)).empty();
      for (size_t j = 0; good && j < x.size(); ++j)
        good = static_cast<float *>(y.data)[j] == twice(x[j], j % 4);
      wrong += !good;
    }
  };
  std::thread a(work, 3), b(work, 41);
  a.join();
  b.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(SessionTest, AnOutputIsFilledAnewWhenItComesBack) {
  openTwice(1);
  DLTensor y{};
  for (int64_t rows : {1, 3, 64, 2}) {
    std::vector<float> x = counting(rows * 4);
    ASSERT_EQ(run({x, {rows, 4}}, y), "");
    ASSERT_EQ(y.shape[0], rows);
    expectTwice(x, static_cast<const float *>(y.data));
  }
}

TEST_F(SessionTest, WrongOutputsAreRefusedBeforeTheRun) {
  openTwice(1);
  std::vector<float> x = counting(8), small(4);
  int launches = 0;
  tenon_session_observe(
      session.get(), [](void *user, const tenon_launch_info *) { ++*static_cast<int *>(user); },
      &launches);
  test::Tensor wrong(small, {1, 4});
  EXPECT_EQ(run({x, {2, 4}}, wrong.dl), "output 'y' has the wrong shape, expected [2 x 4]");
  EXPECT_EQ(launches, 0);
}

TEST_F(SessionTest, OutputsGoWhereTheAllocatorSays) {
  openTwice(2);
  struct Owner {
    std::vector<float> memory;
    int asked = 0;
  } owner;
  auto allocate = [](void *user, size_t output, const DLTensor *tensor) -> void * {
    auto &owner = *static_cast<Owner *>(user);
    ++owner.asked;
    EXPECT_EQ(output, 0u);
    EXPECT_EQ(tensor->data, nullptr);
    owner.memory.resize(tensor->shape[0] * tensor->shape[1]);
    return tensor->shape[0] > 50 ? nullptr : owner.memory.data();
  };
  tenon_session_set_output_allocator(session.get(), allocate, &owner);
  std::vector<float> x = counting(20);
  DLTensor y{};
  ASSERT_EQ(run({x, {5, 4}}, y), "");
  EXPECT_EQ(y.data, owner.memory.data());
  EXPECT_EQ(owner.asked, 1);
  expectTwice(x, owner.memory.data());

  std::vector<float> large = counting(60 * 4);
  y = {};
  EXPECT_EQ(run({large, {60, 4}}, y), "no memory for output 'y' of 960 bytes");
  tenon_session_set_output_allocator(session.get(), nullptr, nullptr);
  ASSERT_EQ(run({large, {60, 4}}, y), "");
  expectTwice(large, static_cast<const float *>(y.data));
}

TEST_F(SessionTest, Introspection) {
  openTwice(1);
  EXPECT_EQ(tenon_bundle_entry_count(bundle.get()), 1u);
  EXPECT_STREQ(tenon_bundle_entry_name(bundle.get(), 0), "main");
  const tenon_tensor_info *info = tenon_bundle_input(bundle.get(), 0, 0);
  ASSERT_NE(info, nullptr);
  EXPECT_STREQ(info->name, "x");
  EXPECT_EQ(info->shape[0], -1);
  EXPECT_STREQ(info->dim_names[0], "B");
  EXPECT_EQ(info->shape[1], 4);
  EXPECT_EQ(tenon_bundle_input(bundle.get(), 0, 1), nullptr);
  EXPECT_EQ(tenon_bundle_output(bundle.get(), 1, 0), nullptr);
  EXPECT_EQ(tenon_bundle_symbol(bundle.get(), 0, 1), nullptr);
  EXPECT_EQ(std::string(tenon_session_device(session.get())), "cpu (baseline, 1 thread)");
}

TEST_F(SessionTest, KernelErrorsNameTheNode) {
  static const float table[8] = {0, 10, 20, 30, 40, 50, 60, 70};
  Handmade made;
  made.entry().symbols = {{"N", 1, 1000, 1}};
  Expr n = made.exprs.symbol(0), zero = made.exprs.constant(0);
  Expr in = made.exprs.mul(n, made.exprs.constant(8)),
       out = made.exprs.mul(n, made.exprs.constant(4));
  made.entry().inputs = {{"i", ElementType::I64, {n}, none}};
  made.entry().outputs = {{"y", ElementType::F32, {n}, none}};
  made.input.bundle.constants.resize(1);
  auto *bytes = reinterpret_cast<const uint8_t *>(table);
  made.input.constantData = {{bytes, bytes + sizeof table}};
  uint32_t i = made.buffer(BufferKind::Input, 0, zero, in);
  uint32_t t = made.buffer(BufferKind::Constant, 0, zero, made.exprs.constant(32));
  uint32_t y = made.buffer(BufferKind::Output, 0, zero, out);
  made.launch(Lookup, n, {i, t, y}, "Gather_7");
  path = made.write("lookup.tenon");
  bundle = test::open(path, error);
  ASSERT_EQ(error, "");
  session = test::session(bundle, 2, error);
  std::vector<int64_t> good = {7, 0, 3}, bad = {1, 2, 8};
  DLTensor result{};
  ASSERT_EQ(run({good, {3}}, result), "");
  EXPECT_EQ(static_cast<float *>(result.data)[0], 70);
  EXPECT_EQ(static_cast<float *>(result.data)[2], 30);
  EXPECT_EQ(run({bad, {3}}, result), "Gather_7: an index is out of range");
}

} // namespace
