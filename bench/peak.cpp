// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/peak.h"

#include <chrono>

#include "base/cpu_features.h"
#include "base/thread_pool.h"

namespace npuspeech {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Twelve independent chains hide the latency of any of these instructions; assembly, so that no compiler
// flags are needed and nothing is optimised away. Values of zero: no denormals, no overflow.
#define TWELVE(op, operands, r)                                                                      \
  op " " operands r "0\n" op " " operands r "1\n" op " " operands r "2\n" op " " operands r "3\n" op \
     " " operands r "4\n" op " " operands r "5\n" op " " operands r "6\n" op " " operands r "7\n" op \
     " " operands r "8\n" op " " operands r "9\n" op " " operands r "10\n" op " " operands r "11\n"
constexpr int kChains = 12;

struct Loop {
  Isa isa;
  void (*run)(int rounds);
  int operations;  // of one instruction
};

#if defined(__x86_64__)
#define CLOBBERED \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm14"
#define LOOP(name, clear, op, operands, r)                                               \
  void name(int rounds) {                                                                \
    asm volatile(clear ::: CLOBBERED);                                                   \
    for (int i = 0; i < rounds; ++i) asm volatile(TWELVE(op, operands, r)::: CLOBBERED); \
    asm volatile("vzeroupper" ::: CLOBBERED);                                            \
  }
LOOP(fma512, "vpxor %%xmm14, %%xmm14, %%xmm14\n", "vfmadd231ps", "%%zmm14, %%zmm14, ", "%%zmm")
LOOP(fma256, "vpxor %%xmm14, %%xmm14, %%xmm14\n", "vfmadd231ps", "%%ymm14, %%ymm14, ", "%%ymm")
LOOP(dot512, "vpxor %%xmm14, %%xmm14, %%xmm14\n", "vpdpbusd", "%%zmm14, %%zmm14, ", "%%zmm")
LOOP(dot256, "vpxor %%xmm14, %%xmm14, %%xmm14\n", "%{vex%} vpdpbusd", "%%ymm14, %%ymm14, ", "%%ymm")
LOOP(madd256, "vpxor %%xmm14, %%xmm14, %%xmm14\n", "vpmaddwd", "%%ymm14, %%ymm14, ", "%%ymm")
constexpr Loop kFloat[] = {{Isa::Avx512, fma512, 32}, {Isa::Avx2, fma256, 16}};
constexpr Loop kInt[] = {
    {Isa::Avx512Vnni, dot512, 128}, {Isa::AvxVnni, dot256, 64}, {Isa::Avx2, madd256, 32}};
#elif defined(__aarch64__)
#define CLOBBERED "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v14"
#define ONE(op, i, t, s) op " v" #i "." t ", v14." s ", v14." s "\n"
#define LOOP(name, arch, op, t, s)                                                                           \
  void name(int rounds) {                                                                                    \
    asm volatile("movi v14.16b, #0\n" ::: CLOBBERED);                                                        \
    for (int i = 0; i < rounds; ++i)                                                                         \
      asm volatile(arch ONE(op, 0, t, s) ONE(op, 1, t, s) ONE(op, 2, t, s) ONE(op, 3, t, s) ONE(op, 4, t, s) \
                       ONE(op, 5, t, s) ONE(op, 6, t, s) ONE(op, 7, t, s) ONE(op, 8, t, s) ONE(op, 9, t, s)  \
                           ONE(op, 10, t, s) ONE(op, 11, t, s)::                                             \
                               : CLOBBERED);                                                                 \
  }
LOOP(fmaNeon, "", "fmla", "4s", "4s")
LOOP(dotNeon, ".arch_extension dotprod\n", "sdot", "4s", "16b")
constexpr Loop kFloat[] = {{Isa::Neon, fmaNeon, 8}};
constexpr Loop kInt[] = {{Isa::NeonDot, dotNeon, 32}};
#endif

const Loop* find(Peak peak) {
  if (peak == Peak::MultiplyAddF32) {
    for (const Loop& loop : kFloat)
      if (isaEnabled(loop.isa)) return &loop;
  } else {
    for (const Loop& loop : kInt)
      if (isaEnabled(loop.isa)) return &loop;
  }
  return nullptr;
}

}  // namespace

double measurePeak(ThreadPool& pool, Peak peak) {
  // Some milliseconds in all: a worker may take a twentieth of one to wake.
  constexpr int kRounds = 20000;
  const Loop* loop = find(peak);
  if (!loop) return 0;
  const size_t tasks = static_cast<size_t>(pool.threads()) * 64;
  const double start = now();
  pool.parallelFor(tasks, [&](size_t, int) { loop->run(kRounds); });
  return static_cast<double>(tasks) * kRounds * kChains * loop->operations / (now() - start);
}

double measureRead(ThreadPool& pool, const void* memory, unsigned long bytes) {
  constexpr unsigned long kTask = 65536;
  const double start = now();
  pool.parallelFor((bytes + kTask - 1) / kTask, [&](size_t index, int) {
    // One word of each 16 bytes suffices: what is counted is cache lines.
    const auto* words = static_cast<const unsigned*>(memory);
    const unsigned long end = (index + 1) * kTask < bytes ? (index + 1) * kTask : bytes;
    unsigned sums[4] = {};
    for (unsigned long i = index * kTask / 4; i + 16 <= end / 4; i += 16)
      for (int k = 0; k < 4; ++k) sums[k] += words[i + static_cast<unsigned long>(k) * 4];
    asm volatile("" ::"r"(sums[0] + sums[1] + sums[2] + sums[3]));
  });
  return static_cast<double>(bytes) / (now() - start);
}

}  // namespace npuspeech
