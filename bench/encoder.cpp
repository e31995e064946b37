// SPDX-License-Identifier: LGPL-2.1-or-later
// The whole encoder on one window, int8 and float32: 30 s of audio, and 8 s of it with every padding row
// computed against weighted padding.
//
// Each repetition is measured beside a peak loop, as in bench/kernels, and the best of each is what counts.
// Counters:
//   best_ms  the best repetition
//   rows     that are computed
//   GOPS     operations of the best repetition, a multiply and an add being two, in 1e9 per second
//   peak     what the peak loop of this precision reached, in the same unit
//   share    GOPS / peak
// Environment: THREADS, by default all; MODEL, a folder or the name of a model in the cache, by default
// whisper-base.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "bench/encoder_operations.h"
#include "bench/peak.h"
#include "speech/whisper/cpu/cpu_encoder.h"
#include "speech/whisper/cpu/weights.h"

namespace npuspeech {
namespace {

std::string setting(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

int threadCount() {
  const unsigned all = std::max(1u, std::thread::hardware_concurrency());
  return std::max(1, std::atoi(setting("THREADS", std::to_string(all)).c_str()));
}

std::string modelFolder() {
  const std::string model = setting("MODEL", "whisper-base");
  if (model.find('/') != model.npos) return model;
  return setting("XDG_CACHE_HOME", setting("HOME", "") + "/.cache") + "/npuspeech/models/" + model;
}

const std::shared_ptr<ThreadPool>& pool() {
  static const auto threads = std::make_shared<ThreadPool>(threadCount());
  return threads;
}

void encoderBench(benchmark::State& state, const std::shared_ptr<const CpuWeights>& weights,
                  const WindowShape& shape) {
  AlignedVector<float> mel(static_cast<size_t>(shape.frames) * static_cast<size_t>(weights->melBins));
  std::mt19937 random(1);
  std::uniform_real_distribution<float> levels(-1, 1);
  for (float& level : mel) level = levels(random);
  AlignedVector<float> states(static_cast<size_t>(shape.rows()) * static_cast<size_t>(weights->width));
  CpuEncoder encoder(weights, pool());
  encoder.encode(mel.data(), shape, states.data(), {});

  const Peak kind = weights->precision == Precision::Int8 ? Peak::DotI8 : Peak::MultiplyAddF32;
  double peak = 0, seconds = std::numeric_limits<double>::infinity();
  for (auto _ : state) {
    peak = std::max(peak, measurePeak(*pool(), kind));
    const auto start = std::chrono::steady_clock::now();
    encoder.encode(mel.data(), shape, states.data(), {});
    const double time = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    state.SetIterationTime(time);
    seconds = std::min(seconds, time);
  }
  const double speed = encoderOperations(*weights, shape) / seconds;
  state.counters["best_ms"] = seconds * 1e3;
  state.counters["rows"] = shape.rows();
  state.counters["GOPS"] = speed / 1e9;
  state.counters["peak"] = peak / 1e9;
  if (peak > 0) state.counters["share"] = speed / peak;
}

bool registerAll() {
  for (const Precision precision : {Precision::Int8, Precision::Float32}) {
    auto weights = CpuWeights::load(modelFolder(), precision, {}, {});
    if (!weights) {
      std::fprintf(stderr, "encoder_bench: %s\n", weights.error().message.c_str());
      return false;
    }
    const std::string name = precision == Precision::Int8 ? "int8" : "float32";
    const int context = (*weights)->audioContext;
    const auto add = [&](const std::string& what, const WindowShape& shape) {
      benchmark::RegisterBenchmark((name + "/" + what).c_str(), encoderBench, *weights, shape)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    };
    add("full_window", {2 * context, context, kFullContext});
    add("8s_full_context", {800, context, kFullContext});
    add("8s_weighted_padding", {800, context, {}});
  }
  return true;
}

}  // namespace
}  // namespace npuspeech

int main(int argc, char** argv) {
  benchmark::AddCustomContext("threads", std::to_string(npuspeech::threadCount()));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  if (!npuspeech::registerAll()) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
