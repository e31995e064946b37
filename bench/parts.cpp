// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of a model, one after the other: loading, the encoder on a full window, and greedy decoder steps
// of one sequence.
//
// usage: parts_bench FOLDER THREADS PRECISION STEPS SECONDS
// Prints a JSON line: seconds of loading ("load"); best milliseconds, by the clock and of processor time, of
// the encoder, of the decoder's preparation (a window's keys and values) and of STEPS steps; peak resident MB
// when the model is loaded ("loading") and at the end ("memory"); the part of the hardware's peak that the
// encoder reaches ("share"). The encoder and the decoder are repeated for SECONDS each.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <string>

#include "bench/encoder_operations.h"
#include "bench/peak.h"
#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"
#include "speech/whisper/cpu/cpu_decoder.h"
#include "speech/whisper/cpu/cpu_encoder.h"

namespace npuspeech {
namespace {

constexpr int kPeaks = 20;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Milliseconds by the clock, and of all threads' processor time.
struct Times {
  double clock = 1e9, processor = 1e9;
};

/// The shortest of as many runs as take `seconds`, at least two.
Times best(double seconds, const std::function<void()>& run) {
  const double first = now();
  Times best;
  for (int runs = 0; runs < 2 || now() - first < seconds; ++runs) {
    const double start = now();
    const std::clock_t processor = std::clock();
    run();
    best.clock = std::min(best.clock, 1e3 * (now() - start));
    best.processor =
        std::min(best.processor, 1e3 * static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC);
  }
  return best;
}

double peakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

AlignedVector<float> randomMel(const CpuWeights& weights, const WindowShape& shape) {
  AlignedVector<float> mel(static_cast<size_t>(shape.frames) * static_cast<size_t>(weights.melBins));
  std::mt19937 random(1);
  std::uniform_real_distribution<float> levels(-1, 1);
  for (float& level : mel) level = levels(random);
  return mel;
}

/// Appends `steps` tokens to a new sequence, each the likeliest behind the one before.
void decodeGreedily(Decoder& decoder, std::shared_ptr<const CrossAttentionCache> cross,
                    const Vocabulary& vocabulary, int steps) {
  const std::unique_ptr<Sequence> sequence = decoder.start(std::move(cross));
  Token token = vocabulary.startOfTranscript();
  for (int i = 0; i < steps; ++i) {
    const Decoder::Input input{sequence.get(), token, true};
    decoder.step({&input, 1});
    const std::span<float> logits = decoder.logits(0);
    token = logSumExpF32(logits.data(), static_cast<int>(logits.size())).argmax;
  }
}

int run(const std::string& folder, int threads, Precision precision, int steps, double seconds) {
  const auto pool = std::make_shared<ThreadPool>(threads);
  const double start = now();
  const auto loaded = CpuWeights::load(folder, precision, {}, {});
  const double load = now() - start, loading = peakMegabytes();
  if (!loaded) {
    std::fprintf(stderr, "parts_bench: %s\n", loaded.error().message.c_str());
    return 1;
  }
  const std::shared_ptr<const CpuWeights>& weights = *loaded;
  const WindowShape shape{2 * weights->audioContext, weights->audioContext, kFullContext};
  const AlignedVector<float> mel = randomMel(*weights, shape);
  AlignedVector<float> states(static_cast<size_t>(shape.rows()) * static_cast<size_t>(weights->width));

  CpuEncoder encoder(weights, pool);
  const Times encode = best(seconds, [&] { encoder.encode(mel.data(), shape, states.data(), {}); });
  double peak = 0;
  for (int i = 0; i < kPeaks; ++i)
    peak =
        std::max(peak, measurePeak(*pool, precision == Precision::Int8 ? Peak::DotI8 : Peak::MultiplyAddF32));
  CpuDecoder decoder(weights, pool);
  std::shared_ptr<const CrossAttentionCache> cross;
  const Times prepare = best(seconds / 4, [&] { cross = decoder.prepare(states.data(), shape); });
  const Times decode = best(seconds, [&] { decodeGreedily(decoder, cross, *weights->vocabulary, steps); });
  const double share = peak > 0 ? encoderOperations(*weights, shape) / (1e-3 * encode.clock) / peak : 0;
  std::printf(
      "{\"load\": %.3f, \"encoder\": [%.2f, %.2f], \"prepare\": [%.2f, %.2f], \"steps\": [%.2f, %.2f], "
      "\"loading\": %.1f, \"memory\": %.1f, \"share\": %.3f}\n",
      load, encode.clock, encode.processor, prepare.clock, prepare.processor, decode.clock, decode.processor,
      loading, peakMegabytes(), share);
  return 0;
}

}  // namespace
}  // namespace npuspeech

int main(int argc, char** argv) {
  using namespace npuspeech;
  const std::string precision = argc == 6 ? argv[3] : "";
  if (precision != "int8" && precision != "float32") {
    std::fprintf(stderr, "usage: parts_bench FOLDER THREADS int8|float32 STEPS SECONDS\n");
    return 2;
  }
  return run(argv[1], std::atoi(argv[2]), precision == "int8" ? Precision::Int8 : Precision::Float32,
             std::atoi(argv[4]), std::atof(argv[5]));
}
