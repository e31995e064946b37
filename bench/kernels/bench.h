// SPDX-License-Identifier: LGPL-2.1-or-later
// What the benchmarks of all kernels share: threads, operands, measurement, and a row of results per body.
//
// Other work on a machine comes and goes: each repetition of a kernel is measured beside a peak loop and,
// where there is one, beside oneDNN on the same product, and the best time of each is what counts. Counters:
//   best_us  the best repetition
//   GOPS     operations of the best repetition, a multiply and an add being two, in 1e9 per second
//   peak     their share of the peak loop's, which uses the best instruction set that is enabled
//   onednn   oneDNN's time over ours: above 1 we are faster
//   GB/s     weights (or keys and values) read per second
//   read     their share of what plain loads read
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

/// The environment variable THREADS, by default one per processor.
int benchThreads();
/// Threads for everything that is measured.
ThreadPool& benchPool();

/// Normally distributed numbers, the same in each run. Long arrays repeat them.
Floats randomFloats(size_t count, float deviation = 1);

/// A model whose shapes are measured.
struct ModelSize {
  const char* name;
  int width, heads, ffnWidth, vocabulary, melBins;
};
/// Whisper-base, the smallest that is in use, and large-v3-turbo, the widest.
inline constexpr ModelSize kModelSizes[] = {{"base", 512, 8, 2048, 51865, 80},
                                            {"turbo", 1280, 20, 5120, 51866, 128}};

/// "<kernel>/<size>/<shape>".
std::string benchName(const char* kernel, const ModelSize& size, const std::string& shape);

/// What one run of a kernel does.
struct Work {
  double operations = 0;
  Peak peak = Peak::MultiplyAddF32;
  const void* read = nullptr;  // memory that a run reads once, where that is what bounds it
  size_t readBytes = 0;
  std::function<void()> onednn;  // the same by oneDNN, or empty
};

/// Measures `run`, and sets the counters above.
void measure(benchmark::State& state, const Work& work, const std::function<void()>& run);

/// Adds a benchmark "<name>/<instruction set>", which `run` measures with one body of the kernel. The scalar
/// body, which specifies the kernel and is no one's choice where there is another, is measured once only.
void addBody(const std::string& name, Isa isa, std::function<void(benchmark::State&)> run);

/// Adds one for every body of a kernel's table that this processor can run: `run(state, variant, isBest)`.
/// Only the best is worth comparing with oneDNN.
template <class Table, class Run>
void addBodies(const std::string& name, const Table& table, const Run& run) {
  bool isBest = true;
  for (const auto& variant : table) {
    if (!cpuSupports(variant.isa)) continue;
    addBody(name, variant.isa, [=](benchmark::State& state) { run(state, variant, isBest); });
    isBest = false;
  }
}

/// One for each file beside this one: adds its kernel's benchmarks.
void addMatmulF32();
void addMatmulI8();
void addAttention();
void addDecodeAttention();
void addRowKernels();

}  // namespace npuspeech
