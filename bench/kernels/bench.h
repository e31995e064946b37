// SPDX-License-Identifier: LGPL-2.1-or-later
// What the benchmarks of all kernels share: threads, operands, measurement, and a row of results for each
// body. Other work on the machine comes and goes. So each repetition of a kernel is measured beside a peak
// loop and, where there is one, beside oneDNN on the same product, and the best time of each is used.
// Counters:
//   best_us  the best repetition
//   GOPS     operations of the best repetition, a multiply and an add being two, in 1e9 per second
//   peak     GOPS over that of the peak loop, which uses the best instruction set that is enabled
//   onednn   oneDNN's time over ours: above 1 we are faster
//   GB/s     weights (or keys and values) read per second
//   read     GB/s over that of plain loads
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "bench/peak.h"

namespace npuspeech {

using Floats = AlignedVector<float>;
using Bytes = AlignedVector<unsigned char>;

/// The number of threads: the environment variable THREADS, by default one for each processor.
int benchThreads();
/// The threads on which everything is measured.
ThreadPool& benchPool();

/// Returns normally distributed numbers, the same in each run. Long arrays repeat them.
Floats randomFloats(size_t count, float deviation = 1);

/// A model whose shapes are measured.
struct ModelSize {
  const char* name;
  int width, heads, ffnWidth, vocabulary, melBins;
};
/// Whisper-base, the smallest that is in use, and large-v3-turbo, the widest.
inline constexpr ModelSize kModelSizes[] = {{"base", 512, 8, 2048, 51865, 80},
                                            {"turbo", 1280, 20, 5120, 51866, 128}};

/// Returns the name of a benchmark: "<kernel>/<size>/<shape>".
std::string benchName(const char* kernel, const ModelSize& size, const std::string& shape);

/// What one run of a kernel does.
struct Work {
  /// The number of operations, where a multiply and an add are two.
  double operations = 0;
  /// The peak to compare with.
  Peak peak = Peak::MultiplyAddF32;
  /// The memory that a run reads once, where reading bounds its speed; else null.
  const void* read = nullptr;
  size_t readBytes = 0;
  /// The same work by oneDNN, or empty.
  std::function<void()> onednn;
};

/// Measures `run`, and sets the counters above.
void measure(benchmark::State& state, const Work& work, const std::function<void()>& run);

/// Adds a benchmark "<name>/<instruction set>", which `run` measures with one body of the kernel. The scalar
/// body only specifies the kernel, so that it is measured once only.
void addBody(const std::string& name, Isa isa, std::function<void(benchmark::State&)> run);

/// Adds a benchmark for every body of a kernel's table that this processor can run. It calls `run(state,
/// variant, isBest)`. Only the best body is worth comparing with oneDNN.
template <class Table, class Run>
void addBodies(const std::string& name, const Table& table, const Run& run) {
  bool isBest = true;
  for (const auto& variant : table) {
    if (!cpuSupports(variant.isa)) continue;
    addBody(name, variant.isa, [=](benchmark::State& state) { run(state, variant, isBest); });
    isBest = false;
  }
}

// Each of these adds the benchmarks of the kernel in the source file of that name.
void addMatmulF32();
void addMatmulI8();
void addAttention();
void addDecodeAttention();
void addLstm();
void addRowKernels();

}  // namespace npuspeech
