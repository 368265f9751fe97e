// How fast the simulated machine runs on one core with all checks on: warp
// instructions (or requests) per second of four kernels, best of several runs.
//
//   tenon-sim-bench [--checks LIST] [--threads N] [--only alu|stream|shared|product]
#include "sim/machine/Machine.h"
#include "sim/ptx/Parser.h"
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

using namespace tenon::sim;

namespace {

/// Processor time of this thread: other programs on the machine do not count.
double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

std::string header() { return ".version 8.0\n.target sm_80\n.address_size 64\n"; }

/// A loop of `body` around counter %r7, `iterations` times.
std::string loop(const std::string &name, const std::string &params, const std::string &before,
                 const std::string &body, int iterations) {
  return ".visible .entry " + name + "(" + params + ") {\n.reg .b32 %r<200>; .reg .f32 %f<200>; " +
         ".reg .b64 %rd<20>; .reg .pred %p<4>;\n" + before + "mov.u32 %r7, " +
         std::to_string(iterations) + ";\nL:\n" + body +
         "sub.u32 %r7, %r7, 1;\nsetp.ne.u32 %p1, %r7, 0;\n@%p1 bra L;\n";
}

std::string aluKernel() {
  std::string body;
  for (int i = 0; i < 4; ++i)
    body += "add.u32 %r2, %r1, %r0; xor.b32 %r3, %r2, %r1; mad.lo.u32 %r4, %r3, %r2, %r1;"
            "shl.b32 %r5, %r4, 3; add.u32 %r6, %r5, %r4; xor.b32 %r1, %r6, %r3; add.u32 %r0, %r1, 7;\n";
  return loop("alu", ".param .u64 out", "mov.u32 %r0, %tid.x; mov.u32 %r1, 5;\n", body, 50000) +
         "ld.param.u64 %rd1, [out]; mul.wide.u32 %rd2, %r7, 4; add.u64 %rd1, %rd1, %rd2;"
         "mov.u32 %r8, %tid.x; mul.wide.u32 %rd3, %r8, 4; add.u64 %rd1, %rd1, %rd3; st.global.u32 [%rd1], %r1; ret; }\n";
}

std::string streamKernel() {
  std::string body;
  for (int i = 0; i < 4; ++i) {
    std::string at = std::to_string(i * 512);
    body += "ld.global.v4.u32 {%r10,%r11,%r12,%r13}, [%rd1+" + at + "]; st.global.v4.u32 [%rd2+" + at +
            "], {%r10,%r11,%r12,%r13};\n";
  }
  body += "add.u64 %rd1, %rd1, 2048; add.u64 %rd2, %rd2, 2048;\n";
  return ".visible .entry stream(.param .u64 a, .param .u64 b, .param .u32 n, .param .u32 rounds) {\n.reg .b32 %r<200>; "
         ".reg .b64 %rd<20>; .reg .pred %p<4>;\nld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; "
         "mov.u32 %r8, %tid.x; mul.wide.u32 %rd3, %r8, 16; add.u64 %rd11, %rd1, %rd3; "
         "add.u64 %rd12, %rd2, %rd3; ld.param.u32 %r9, [rounds];\nR:\nmov.u64 %rd1, %rd11; mov.u64 %rd2, %rd12; "
         "ld.param.u32 %r7, [n];\nL:\n" + body +
         "sub.u32 %r7, %r7, 1;\nsetp.ne.u32 %p1, %r7, 0;\n@%p1 bra L;\n"
         "sub.u32 %r9, %r9, 1;\nsetp.ne.u32 %p1, %r9, 0;\n@%p1 bra R;\nret; }\n";
}

std::string sharedKernel() {
  return ".shared .align 16 .b8 buffer[4096];\n" +
         loop("shared", ".param .u64 out",
              "mov.u32 %r0, %tid.x; shl.b32 %r2, %r0, 2; mov.u32 %r3, buffer; add.u32 %r8, %r3, %r2;"
              "add.u32 %r4, %r2, 128; and.b32 %r4, %r4, 1023; add.u32 %r9, %r3, %r4; mov.u32 %r1, %r0;\n",
              "st.shared.u32 [%r8], %r1; bar.sync 0; ld.shared.u32 %r5, [%r9]; add.u32 %r1, %r1, %r5; bar.sync 0;\n",
              10000) + "ret; }\n";
}

std::string productKernel() {
  std::string body, before = "mov.u32 %r0, %tid.x; mov.u32 %r3, tiles; shr.u32 %r4, %r0, 3; shl.b32 %r4, %r4, 5;"
                             "and.b32 %r5, %r0, 7; shl.b32 %r5, %r5, 5; add.u32 %r8, %r3, %r4; add.u32 %r9, %r3, %r5;"
                             "shl.b32 %r10, %r0, 2; add.u32 %r11, %r3, %r10; mov.f32 %f0, 0f3F800000;\n";
  for (int i = 0; i < 32; ++i) // 128 threads fill 16 KB
    before += "st.shared.f32 [%r11+" + std::to_string(i * 512) + "], %f0;\n";
  before += "bar.sync 0;\n";
  for (int i = 0; i < 64; ++i)
    before += "mov.f32 %f" + std::to_string(16 + i) + ", 0f00000000;\n";
  auto f = [](int n) { return "%f" + std::to_string(n); };
  auto vector = [&](int n) { return "{" + f(n) + "," + f(n + 1) + "," + f(n + 2) + "," + f(n + 3) + "}"; };
  for (int k = 0; k < 8; ++k) {
    for (int h = 0; h < 2; ++h) {
      body += "ld.shared.v4.f32 " + vector(80 + 4 * h) + ", [%r8+" + std::to_string(k * 512 + h * 16) + "];\n";
      body += "ld.shared.v4.f32 " + vector(88 + 4 * h) + ", [%r9+" + std::to_string(4096 + k * 512 + h * 16) + "];\n";
    }
    for (int i = 0; i < 8; ++i)
      for (int j = 0; j < 8; ++j)
        body += "fma.rn.f32 " + f(16 + i * 8 + j) + ", " + f(80 + i) + ", " + f(88 + j) + ", " + f(16 + i * 8 + j) + ";\n";
  }
  std::string sum = "mov.f32 %f0, 0f00000000;\n";
  for (int i = 0; i < 64; ++i)
    sum += "add.f32 %f0, %f0, " + f(16 + i) + ";\n";
  return ".shared .align 16 .b8 tiles[16384];\n" + loop("product", ".param .u64 out", before, body, 1500) + sum +
         "ld.param.u64 %rd1, [out]; mul.wide.u32 %rd2, %r0, 4; add.u64 %rd1, %rd1, %rd2; st.global.f32 [%rd1], %f0; ret; }\n";
}

class Bench {
public:
  std::string only; // one kernel, if not empty
  explicit Bench(Options options) : machine(*findGpuSpec("a100"), 1, std::move(options)) {}

  /// Millions of warp instructions per second.
  double run(const std::string &text, const char *name, uint32_t threads, std::vector<uint64_t> args,
             double &seconds) {
    seconds = 1e9;
    if (!only.empty() && only != name)
      return 0;
    auto parsed = ptx::parseModule(header() + text);
    if (!parsed.module) {
      std::fprintf(stderr, "%s", parsed.log(name).c_str());
      return 0;
    }
    std::string log;
    auto module = machine.gpu(0).load(*parsed.module, log);
    if (!module) {
      std::fprintf(stderr, "%s", log.c_str());
      return 0;
    }
    const Kernel *kernel = module->kernel(name);
    std::vector<std::byte> parameters(kernel->parameterBytes);
    for (size_t i = 0; i < args.size(); ++i)
      std::memcpy(parameters.data() + kernel->parameters[i].offset, &args[i], kernel->parameters[i].size);
    uint64_t instructions = 0;
    for (int round = 0; round < 7; ++round) {
      machine.counters().clear();
      LaunchConfig config;
      config.kernel = kernel;
      config.block = {threads, 1, 1};
      config.parameters = parameters;
      double start = now();
      LaunchResult result = machine.gpu(0).launch(config);
      double took = now() - start;
      seconds = std::min(seconds, took);
      if (result.status != LaunchStatus::Ok || machine.findings().size()) {
        std::fprintf(stderr, "%s: %s\n%s\n", name, result.message.c_str(), machine.findings().json().c_str());
        return 0;
      }
      instructions = 0;
      for (uint64_t n : machine.counters().all()[0].instructions)
        instructions += n;
    }
    return double(instructions) / seconds / 1e6;
  }

  uint64_t buffer(uint64_t bytes) {
    uint64_t address = machine.memory().allocate(0, bytes, 256, "bench");
    uint8_t zero = 0;
    machine.memory().fill(address, &zero, 1, bytes);
    return address;
  }

private:
  Machine machine;
};

} // namespace

int main(int argc, char **argv) {
  Options options;
  options.threads = 1;
  std::string checks = "all", only;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string flag = argv[i], unknown;
    if (flag == "--checks") {
      checks = argv[i + 1];
      auto parsed = Checks::parse(checks, unknown);
      if (!parsed) {
        std::fprintf(stderr, "unknown check %s\n", unknown.c_str());
        return 2;
      }
      options.checks = *parsed;
    } else if (flag == "--only") {
      only = argv[i + 1];
    } else if (flag == "--threads") {
      options.threads = unsigned(std::atoi(argv[i + 1]));
    }
  }
  Bench bench(options);
  bench.only = only;
  double seconds = 0;
  uint64_t out = bench.buffer(1 << 20);
  std::printf("checks: %s\n", checks.c_str());
  std::printf("alu loop          %7.0f M warp instructions/s (floor 200)\n",
              bench.run(aluKernel(), "alu", 32, {out}, seconds));
  for (uint64_t bytes : {uint64_t(512) << 10, uint64_t(256) << 20}) {
    uint64_t a = bench.buffer(bytes / 2), b = bench.buffer(bytes / 2), n = bytes / 2 / 2048, rounds = (256u << 20) / bytes;
    double m = bench.run(streamKernel(), "stream", 32, {a, b, n, rounds}, seconds);
    std::printf("global 16 B, %6llu KB %5.0f M accesses/s (floor %d), %.0f M warp instructions/s\n",
                static_cast<unsigned long long>(bytes >> 10), double(n * rounds) * 8 / seconds / 1e6,
                bytes >> 20 ? 25 : 80, m);
  }
  std::printf("shared, barriers  %7.0f M warp instructions/s (floor 120)\n",
              bench.run(sharedKernel(), "shared", 256, {out}, seconds));
  std::printf("f32 product       %7.0f M warp instructions/s (floor 150)\n",
              bench.run(productKernel(), "product", 128, {out}, seconds));
}
