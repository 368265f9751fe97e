// Answers requests on several threads, each with a session of its own over one
// bundle: weights and code are shared, nothing is locked.
//
//     tenon compile mnist.onnx -o mnist.tenon
//     serve mnist.tenon 4 100          (4 workers, 100 requests each)
#include <atomic>
#include <cstdio>
#include <string>
#include <tenon.hpp>
#include <thread>

namespace {

/// An input of the right shape, free dimensions 1, filled with `value`.
std::vector<float> makeInput(const tenon_tensor_info &info, float value,
                             std::vector<int64_t> &shape) {
  size_t count = 1;
  for (int i = 0; i < info.ndim; ++i) {
    shape.push_back(info.shape[i] < 0 ? 1 : info.shape[i]);
    count *= static_cast<size_t>(shape.back());
  }
  return std::vector<float>(count, value);
}

void work(const tenon::Bundle &bundle, int requests, std::atomic<int> &answered) try {
  tenon::SessionOptions options;
  options.threads = 1;
  tenon::Session session(bundle, options);
  for (int request = 0; request < requests; ++request) {
    std::vector<int64_t> shape;
    std::vector<float> x = makeInput(bundle.input(0), 0.01f * static_cast<float>(request), shape);
    std::vector<tenon::Tensor> outputs = session.run({tenon::view(x, shape)});
    answered += outputs.at(0).data<float>() != nullptr;
  }
} catch (const tenon::Error &error) {
  std::fprintf(stderr, "serve: %s\n", error.what());
}

} // namespace

int main(int argc, char **argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: serve MODEL.tenon WORKERS REQUESTS\n");
    return 2;
  }
  tenon::Bundle bundle(argv[1]);
  int workers = std::stoi(argv[2]), requests = std::stoi(argv[3]);
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < workers; ++i)
    threads.emplace_back(work, std::cref(bundle), requests, std::ref(answered));
  for (std::thread &thread : threads)
    thread.join();
  std::printf("%d of %d requests answered\n", answered.load(), workers * requests);
  return answered == workers * requests ? 0 : 1;
} catch (const std::exception &error) {
  std::fprintf(stderr, "serve: %s\n", error.what());
  return 1;
}
