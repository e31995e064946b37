// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/kernels/bench.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <random>
#include <thread>

namespace npuspeech {
namespace {

/// Of the fastest of as many runs as 5 ms hold.
double secondsOf(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  const auto first = Clock::now();
  auto best = Clock::duration::max();
  for (auto start = first, end = first; end - first < std::chrono::milliseconds(5); start = end) {
    run();
    end = Clock::now();
    best = std::min(best, end - start);
  }
  return std::chrono::duration<double>(best).count();
}

/// OpenMP's threads look for more work for about so long after a loop, on the cores that the next measurement
/// needs.
constexpr std::chrono::milliseconds kOpenMpSpins(10);
constexpr int kRounds = 20;

}  // namespace

int benchThreads() {
  const char* wanted = std::getenv("THREADS");
  return wanted ? std::max(1, std::atoi(wanted))
                : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

ThreadPool& benchPool() {
  static ThreadPool threads(benchThreads());
  return threads;
}

Floats randomFloats(size_t count, float deviation) {
  constexpr size_t kDifferent = 65537;  // prime, so that no row or panel repeats the one before
  Floats values(count);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, deviation);
  for (size_t i = 0; i < count; ++i) values[i] = i < kDifferent ? normal(random) : values[i - kDifferent];
  return values;
}

std::string benchName(const char* kernel, const ModelSize& size, const std::string& shape) {
  std::string name = kernel;
  return name.append("/").append(size.name).append("/").append(shape);
}

void measure(benchmark::State& state, const Work& work, const std::function<void()>& run) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  double peak = 0, read = 0, seconds = kNever, onednn = kNever;
  if (state.max_iterations > 1) run();
  if (work.onednn) work.onednn();
  for (auto _ : state) {
    if (work.operations > 0) peak = std::max(peak, measurePeak(benchPool(), work.peak));
    if (work.read) read = std::max(read, measureRead(benchPool(), work.read, work.readBytes));
    const double time = secondsOf(run);
    state.SetIterationTime(time);
    seconds = std::min(seconds, time);
    if (!work.onednn) continue;
    onednn = std::min(onednn, secondsOf(work.onednn));
    std::this_thread::sleep_for(kOpenMpSpins);
  }
  const double bytes = static_cast<double>(work.readBytes) / seconds;
  state.counters["best_us"] = seconds * 1e6;
  if (work.operations > 0) state.counters["GOPS"] = work.operations / seconds / 1e9;
  if (peak > 0) state.counters["peak"] = work.operations / seconds / peak;
  if (work.readBytes) state.counters["GB/s"] = bytes / 1e9;
  if (read > 0) state.counters["read"] = bytes / read;
  if (work.onednn) state.counters["onednn"] = onednn / seconds;
}

void addBody(const std::string& name, Isa isa, std::function<void(benchmark::State&)> run) {
  benchmark::RegisterBenchmark((name + "/" + std::string(isaName(isa))).c_str(), std::move(run))
      ->UseManualTime()
      ->Iterations(isa == Isa::Scalar ? 1 : kRounds)
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace npuspeech
