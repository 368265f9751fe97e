// The kernels that the simulator's speed is measured with, as PTX text.
#include "bench/sim/Kernels.h"

namespace tenon::sim::bench {

namespace {

/// A loop of `body` around counter %r7, `iterations` times.
std::string loop(const std::string &name, const std::string &params, const std::string &before,
                 const std::string &body, int iterations) {
  return ".visible .entry " + name + "(" + params + ") {\n.reg .b32 %r<200>; .reg .f32 %f<200>; " +
         ".reg .b64 %rd<20>; .reg .pred %p<4>;\n" + before + "mov.u32 %r7, " +
         std::to_string(iterations) + ";\nL:\n" + body +
         "sub.u32 %r7, %r7, 1;\nsetp.ne.u32 %p1, %r7, 0;\n@%p1 bra L;\n";
}

/// %rd1: this thread's word of the 4 KB that its block has in `out`.
std::string ownWord() {
  return "ld.param.u64 %rd1, [out]; mov.u32 %r8, %ctaid.x; mul.wide.u32 %rd2, %r8, 4096; add.u64 %rd1, %rd1, %rd2;"
         "mov.u32 %r8, %tid.x; mul.wide.u32 %rd2, %r8, 4; add.u64 %rd1, %rd1, %rd2;";
}

} // namespace

std::string aluKernel() {
  std::string body;
  for (int i = 0; i < 4; ++i)
    body += "add.u32 %r2, %r1, %r0; xor.b32 %r3, %r2, %r1; mad.lo.u32 %r4, %r3, %r2, %r1;"
            "shl.b32 %r5, %r4, 3; add.u32 %r6, %r5, %r4; xor.b32 %r1, %r6, %r3; add.u32 %r0, %r1, 7;\n";
  return loop("alu", ".param .u64 out", "mov.u32 %r0, %tid.x; mov.u32 %r1, 5;\n", body, 50000) +
         ownWord() + "st.global.u32 [%rd1], %r1; ret; }\n";
}

/// `body` for each 4 KB of buffers %rd1 and %rd2, as often as told; then `after`.
static std::string sweep(const std::string &name, const std::string &body, const std::string &after) {
  return ".visible .entry " + name + "(.param .u64 a, .param .u64 b, .param .u32 n, .param .u32 rounds) {\n.reg .b32 %r<500>; "
         ".reg .b64 %rd<20>; .reg .pred %p<4>;\nld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; mov.u32 %r20, 0;"
         "ld.param.u32 %r7, [n]; mov.u32 %r8, %ctaid.x;"
         "mul.lo.u32 %r8, %r8, %r7; mul.wide.u32 %rd3, %r8, 4096; add.u64 %rd1, %rd1, %rd3; add.u64 %rd2, %rd2, %rd3;"
         "mov.u32 %r8, %tid.x; mul.wide.u32 %rd3, %r8, 16; add.u64 %rd11, %rd1, %rd3; "
         "add.u64 %rd12, %rd2, %rd3; ld.param.u32 %r9, [rounds];\nR:\nmov.u64 %rd1, %rd11; mov.u64 %rd2, %rd12; "
         "ld.param.u32 %r7, [n];\nL:\n" + body + "add.u64 %rd1, %rd1, 4096;\n"
         "sub.u32 %r7, %r7, 1;\nsetp.ne.u32 %p1, %r7, 0;\n@%p1 bra L;\n"
         "sub.u32 %r9, %r9, 1;\nsetp.ne.u32 %p1, %r9, 0;\n@%p1 bra R;\n" + after + "ret; }\n";
}

std::string loadsKernel() {
  std::string body;
  for (int i = 0; i < 8; ++i) {
    std::string at = std::to_string(i * 512), first = std::to_string(10 + 4 * i);
    body += "ld.global.v4.u32 {%r1" + first + ",%r2" + first + ",%r3" + first + ",%r4" + first + "}, [%rd1+" + at + "];\n";
  }
  return sweep("loads", body, "xor.b32 %r20, %r110, %r222; st.global.u32 [%rd12], %r20;\n");
}

std::string copyKernel() {
  std::string body;
  for (int i = 0; i < 8; ++i) {
    std::string at = std::to_string(i * 512);
    body += "ld.global.v4.u32 {%r10,%r11,%r12,%r13}, [%rd1+" + at + "]; st.global.v4.u32 [%rd2+" + at +
            "], {%r10,%r11,%r12,%r13};\n";
  }
  return sweep("copy", body + "add.u64 %rd2, %rd2, 4096;\n", "");
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
         ownWord() + "st.global.f32 [%rd1], %f0; ret; }\n";
}

std::string mmaKernel() {
  std::string before = "mov.u32 %r0, %tid.x; mad.lo.u32 %r1, %r0, 77, 0x3c013a55; mov.f32 %f0, 0f00000000;\n";
  for (int i = 0; i < 6; ++i) // f16 between 0.5 and 2 that differ by lane
    before += "add.u32 %r" + std::to_string(10 + i) + ", %r1, " + std::to_string(i * 131) + ";\n";
  for (int i = 0; i < 16; ++i)
    before += "mov.f32 %f" + std::to_string(i) + ", 0f00000000;\n";
  std::string body;
  for (int i = 0; i < 4; ++i) {
    std::string c = "{%f" + std::to_string(4 * i) + ",%f" + std::to_string(4 * i + 1) + ",%f" +
                    std::to_string(4 * i + 2) + ",%f" + std::to_string(4 * i + 3) + "}";
    body += "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 " + c + ", {%r10,%r11,%r12,%r13}, {%r14,%r15}, " + c + ";\n";
  }
  return loop("mma", ".param .u64 out", before, body, 4000) + "ret; }\n";
}

/// 4 bytes a lane at addresses without any order, out of 512 KB.
std::string gatherKernel() {
  std::string body;
  for (int i = 0; i < 4; ++i)
    body += "mad.lo.u32 %r2, %r2, 1664525, 1013904223; shr.u32 %r3, %r2, 13; mul.wide.u32 %rd3, %r3, 4;"
            "and.b64 %rd3, %rd3, 524284; add.u64 %rd3, %rd1, %rd3; ld.global.u32 %r4, [%rd3]; add.u32 %r5, %r5, %r4;\n";
  return loop("gather", ".param .u64 from", "ld.param.u64 %rd1, [from]; mov.u32 %r2, %tid.x; mov.u32 %r5, 0;\n", body, 20000) +
         "ret; }\n";
}

} // namespace tenon::sim::bench
