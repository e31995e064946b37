// SPDX-License-Identifier: LGPL-2.1-or-later
// The networks that tell speakers apart, on one thread: the segmentation of a window of 5 s that is 0.5 s
// behind the one before it, and of one that is not; the embedding of frames of a voice of several lengths,
// float32 and int8, and the filter bank before it.
//
// Each repetition is measured beside a peak loop, as in bench/kernels, and the best of each is what counts.
// Counters:
//   best_ms     the best repetition
//   ms_per_s    milliseconds for a second of the sound
//   GOPS        operations of the best repetition, a multiply and an add being two, in 1e9 per second
//   share       of what the peak loop of this precision reached
// Environment: WEIGHTS, the folder of both networks, by default diarization in the models' cache.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "bench/peak.h"
#include "speech/diar/fbank.h"
#include "speech/diar/segmentation.h"
#include "speech/diar/speaker_embedding.h"

namespace npuspeech {
namespace {

constexpr double kFramesPerSecond = 100;
/// Multiply-adds of a frame: the head's, and those of the layers behind it.
constexpr double kProductsPerFrame = 2388480 + 2973696;
/// Those of a window: of its filters, and of the convolutions and recurrent layers behind them.
constexpr double kProductsOfFilters = 160e6, kProductsBehind = 64e6 + 16e6 + 402e6;
constexpr size_t kActivities = diar::kMostActivityFrames * Segmentation::kSpeakers;

ThreadPool& pool() {
  static ThreadPool one(1);
  return one;
}

std::string weightsPath(const std::string& file) {
  const auto setting = [](const char* name, const std::string& otherwise) {
    const char* value = std::getenv(name);
    return value && *value ? std::string(value) : otherwise;
  };
  const std::string cache = setting("XDG_CACHE_HOME", setting("HOME", "") + "/.cache");
  return setting("WEIGHTS", cache + "/npuspeech/models/diarization") + "/" + file;
}

/// Measures `run`, which takes so many seconds of sound.
void measure(benchmark::State& state, double sound, double operations, Peak kind,
             const std::function<void()>& run) {
  run();
  double peak = 0, seconds = std::numeric_limits<double>::infinity();
  for (auto _ : state) {
    peak = std::max(peak, measurePeak(pool(), kind));
    const auto start = std::chrono::steady_clock::now();
    run();
    const double time = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    state.SetIterationTime(time);
    seconds = std::min(seconds, time);
  }
  state.counters["best_ms"] = seconds * 1e3;
  state.counters["ms_per_s"] = seconds * 1e3 / sound;
  if (operations == 0) return;
  state.counters["GOPS"] = operations / seconds / 1e9;
  if (peak > 0) state.counters["share"] = operations / seconds / peak;
}

void embeddingBench(benchmark::State& state, const std::shared_ptr<const SpeakerEmbeddingWeights>& weights,
                    int count) {
  std::vector<float> frames(static_cast<size_t>(count) * SpeakerEmbedding::kBins);
  std::mt19937 random(1);
  std::normal_distribution<float> levels(-8, 3);
  for (float& level : frames) level = levels(random);
  SpeakerEmbedding network(weights);
  float embedding[SpeakerEmbedding::kSize];
  measure(state, count / kFramesPerSecond, 2 * kProductsPerFrame * count,
          weights->precision == Precision::Int8 ? Peak::DotI8 : Peak::MultiplyAddF32,
          [&] { network.run(frames, embedding); });
}

/// Windows of which each is `moved` samples behind the one before it.
void segmentationBench(benchmark::State& state, const std::shared_ptr<const SegmentationWeights>& weights,
                       size_t moved) {
  constexpr size_t kSound = 2 * Segmentation::kMostSamples;
  std::vector<float> samples(kSound), activities(kActivities);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.1f);
  for (float& sample : samples) sample = normal(random);
  Segmentation network(weights);
  size_t from = 0;
  const auto next = [&] {
    from = from + moved + Segmentation::kMostSamples > kSound ? 0 : from + moved;
    network.run({samples.data() + from, Segmentation::kMostSamples}, activities);
  };
  const double kept = moved == Segmentation::kHop ? 0.9 : 0;
  measure(state, 0.5, 2 * (kProductsOfFilters * (1 - kept) + kProductsBehind), Peak::MultiplyAddF32, next);
}

void fbankBench(benchmark::State& state) {
  std::vector<float> samples(80000);
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-0.3f, 0.3f);
  for (float& sample : samples) sample = uniform(random);
  Fbank fbank;
  std::vector<float> frames(
      static_cast<size_t>(Fbank::framesOf(static_cast<int64_t>(samples.size())) * Fbank::kBins));
  measure(state, 5, 0, Peak::MultiplyAddF32, [&] { fbank.run(samples, frames.data()); });
}

/// Says what is wrong with a file of weights.
template <class Weights>
bool isLoaded(const Result<Weights>& weights) {
  if (!weights) std::fprintf(stderr, "speaker_networks_bench: %s\n", weights.error().message.c_str());
  return static_cast<bool>(weights);
}

bool registerAll() {
  const auto add = [](const std::string& name, const std::function<void(benchmark::State&)>& run) {
    benchmark::RegisterBenchmark(name.c_str(), run)->UseManualTime()->Unit(benchmark::kMillisecond);
  };
  const auto segmentation = SegmentationWeights::load(weightsPath("speaker-segmentation.safetensors"));
  if (!isLoaded(segmentation)) return false;
  add("segmentation/next_window",
      [=](benchmark::State& state) { segmentationBench(state, *segmentation, Segmentation::kHop); });
  add("segmentation/other_window",
      [=](benchmark::State& state) { segmentationBench(state, *segmentation, Segmentation::kHop + 1); });
  add("fbank/5s", fbankBench);
  for (const Precision precision : {Precision::Int8, Precision::Float32}) {
    auto weights = SpeakerEmbeddingWeights::load(weightsPath("speaker-embedding.safetensors"), precision);
    if (!isLoaded(weights)) return false;
    for (const int count : {30, 98, 298, 498})
      add((precision == Precision::Int8 ? "int8/" : "float32/") + std::to_string(count) + "_frames",
          [=](benchmark::State& state) { embeddingBench(state, *weights, count); });
  }
  return true;
}

}  // namespace
}  // namespace npuspeech

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  if (!npuspeech::registerAll()) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
