// SPDX-License-Identifier: LGPL-2.1-or-later
// Every kernel on the shapes that Whisper gives it, against the peak of this machine and against oneDNN.
//
// Other work on a machine comes and goes: each repetition of a kernel is measured beside a peak loop and,
// where there is one, beside oneDNN on the same product, and the best time of each is what counts. Counters:
//   GOPS    operations of the best repetition, a multiply and an add being two, in 1e9 per second
//   peak    their share of the peak loop's
//   onednn  oneDNN's time over ours: above 1 we are faster
//   GB/s    weights (or keys and values) read per second; read: their share of what plain loads read
// Threads: environment variable THREADS, by default all.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "bench/onednn.h"
#include "bench/peak.h"
#include "kernels/attention_f32/attention_f32.h"
#include "kernels/attention_i8/attention_i8.h"
#include "kernels/decode_attention_f32/decode_attention_f32.h"
#include "kernels/decode_attention_i8/decode_attention_i8.h"
#include "kernels/layer_norm_f32/layer_norm_f32.h"
#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"
#include "kernels/matmul_f32/matmul_f32.h"
#include "kernels/matmul_i8/matmul_i8.h"
#include "kernels/quantize_rows/quantize_rows.h"

namespace npuspeech {
namespace {

using Floats = AlignedVector<float>;
using Bytes = AlignedVector<unsigned char>;

int threadCount() {
  const char* wanted = std::getenv("THREADS");
  return wanted ? std::max(1, std::atoi(wanted))
                : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

ThreadPool& pool() {
  static ThreadPool threads(threadCount());
  return threads;
}

Floats randomFloats(size_t count, float deviation = 1) {
  Floats values(count);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, deviation);
  for (float& x : values) x = normal(random);
  return values;
}

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

/// What one run of a kernel does.
struct Work {
  double operations = 0;
  Peak peak = Peak::MultiplyAddF32;
  const void* read = nullptr;  // memory that a run reads once, where that is what bounds it
  size_t readBytes = 0;
  std::function<void()> onednn;
};

void measure(benchmark::State& state, const Work& work, const std::function<void()>& run) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  double peak = 0, read = 0, seconds = kNever, onednn = kNever;
  run();
  if (work.onednn) work.onednn();
  for (auto _ : state) {
    if (work.operations > 0) peak = std::max(peak, measurePeak(pool(), work.peak));
    if (work.read) read = std::max(read, measureRead(pool(), work.read, work.readBytes));
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

struct Shape {
  int rows, columns, depth;
  bool gelu = false, quantizedOut = false, residual = false;
  size_t stride = 0;  // of the rows where they overlap or lie apart; else depth

  std::string name() const {
    return std::to_string(rows) + "x" + std::to_string(columns) + "x" + std::to_string(depth) +
           (gelu ? "/gelu" : "") + (quantizedOut ? "/u8" : "") + (residual ? "/residual" : "");
  }
  double operations() const { return 2.0 * rows * columns * depth; }
  bool readsWeights() const { return rows <= 16; }
};

void matmulF32Bench(benchmark::State& state, const Shape& s) {
  const size_t stride = s.stride ? s.stride : static_cast<size_t>(s.depth);
  const Floats a = randomFloats(static_cast<size_t>(s.rows) * stride + static_cast<size_t>(s.depth));
  const Floats weights = randomFloats(matmulF32PackedSize(s.columns, s.depth));
  const Floats bias = randomFloats(static_cast<size_t>(s.columns));
  Floats out(static_cast<size_t>(s.rows) * static_cast<size_t>(s.columns));
  MatmulF32 p;
  p.a = a.data();
  p.aStride = stride;
  p.weights = weights.data();
  p.bias = bias.data();
  p.out = out.data();
  p.outStride = static_cast<size_t>(s.columns);
  p.rows = s.rows;
  p.columns = s.columns;
  p.depth = s.depth;
  p.activation = s.gelu ? Activation::Gelu : Activation::None;
  Work work{s.operations()};
  if (s.readsWeights()) work.read = weights.data(), work.readBytes = weights.size() * sizeof(float);
  work.onednn = makeOnednnProduct({s.rows, s.columns, s.depth, false, s.gelu});
  measure(state, work, [&] { matmulF32(pool(), p); });
}

void matmulI8Bench(benchmark::State& state, const Shape& s) {
  const size_t rows = static_cast<size_t>(s.rows), columns = static_cast<size_t>(s.columns);
  const size_t depth = static_cast<size_t>(s.depth);
  const Floats values = randomFloats(rows * depth), bias = randomFloats(columns);
  Bytes a(rows * depth), packed(matmulI8PackedSize(s.columns, s.depth)), quantized(rows * columns);
  std::vector<RowScale> scales(rows), outScales(rows);
  quantizeRows(pool(),
               {values.data(), depth, nullptr, nullptr, a.data(), depth, scales.data(), s.rows, s.depth});
  packMatmulI8(randomFloats(columns * depth, 0.05f).data(), s.columns, s.depth, packed.data());
  Floats out(rows * columns);
  MatmulI8 p;
  p.a = a.data();
  p.aStride = depth;
  p.rowScales = scales.data();
  p.weights = matmulI8Weights(packed.data(), s.columns, s.depth);
  p.bias = bias.data();
  p.out = out.data();
  p.outStride = columns;
  p.rows = s.rows;
  p.activation = s.gelu ? Activation::Gelu : Activation::None;
  if (s.residual) p.residual = out.data(), p.residualStride = columns;
  Work work{s.operations(), Peak::DotI8};
  if (s.readsWeights()) work.read = packed.data(), work.readBytes = packed.size();
  work.onednn = makeOnednnProduct({s.rows, s.columns, s.depth, true, s.gelu, s.residual});
  measure(state, work, [&] {
    if (s.quantizedOut)
      matmulI8(pool(), p, {quantized.data(), columns, outScales.data()});
    else
      matmulI8(pool(), p);
  });
}

/// Whisper-base's encoder self attention on `rows` rows: 8 heads of 64, Q, K and V side by side.
struct Attention {
  Floats qkv, out;
  AttentionF32 p;
  explicit Attention(int rows)
      : qkv(randomFloats(static_cast<size_t>(rows) * 1536, 1.5f)), out(static_cast<size_t>(rows) * 512) {
    p.q = qkv.data();
    p.k = qkv.data() + 512;
    p.v = qkv.data() + 1024;
    p.qStride = p.kStride = p.vStride = 1536;
    p.out = out.data();
    p.outStride = 512;
    p.scale = 0.125f;
    p.heads = 8;
    p.queries = p.keys = rows;
  }
  double operations() const { return 4.0 * p.queries * p.keys * 512; }
};

void attentionF32Bench(benchmark::State& state) {
  Attention a(static_cast<int>(state.range(0)));
  AttentionF32Scratch scratch;
  measure(state, {a.operations()}, [&] { attentionF32(pool(), a.p, scratch); });
}

void attentionI8Bench(benchmark::State& state) {
  Attention a(static_cast<int>(state.range(0)));
  AttentionI8Scratch scratch;
  measure(state, {a.operations(), Peak::DotI8}, [&] { attentionI8(pool(), a.p, scratch); });
}

/// One layer's cross attention of one token: 8 heads.
void decodeAttentionF32Bench(benchmark::State& state) {
  Attention a(static_cast<int>(state.range(0)));
  const size_t keys = static_cast<size_t>(state.range(0));
  std::vector<float> weights(keys * 8);
  Work work;
  work.readBytes = keys * 8 * 64 * 2 * sizeof(float);
  measure(state, work, [&] {
    pool().parallelFor(8, [&](size_t head, int) {
      DecodeAttentionF32 d;
      d.q = a.p.q + head * 64;
      d.k = a.p.k + head * 64;
      d.v = a.p.v + head * 64;
      d.kStride = d.vStride = 1536;
      d.weights = weights.data() + head * keys;
      d.out = a.out.data() + head * 64;
      d.scale = 0.125f;
      d.keys = static_cast<int>(keys);
      decodeAttentionF32(d);
    });
  });
}

void decodeAttentionI8Bench(benchmark::State& state) {
  Attention a(static_cast<int>(state.range(0)));
  const size_t keys = static_cast<size_t>(state.range(0));
  const size_t size = (attentionI8PackedSize(a.p.keys, 64) + 63) / 64 * 64;
  Bytes packed(size * 8);
  for (int head = 0; head < 8; ++head)
    packAttentionI8(a.p, head, packed.data() + static_cast<size_t>(head) * size);
  std::vector<float> weights(keys * 8);
  Work work;
  work.readBytes = packed.size();
  measure(state, work, [&] {
    pool().parallelFor(8, [&](size_t head, int) {
      DecodeAttentionI8 d;
      d.q = a.p.q + head * 64;
      d.packed = packed.data() + head * size;
      d.weights = weights.data() + head * keys;
      d.out = a.out.data() + head * 64;
      d.scale = 0.125f;
      d.keys = static_cast<int>(keys);
      decodeAttentionI8(d);
    });
  });
}

/// Layer norm alone, and with the quantisation that replaces its output.
void layerNormF32Bench(benchmark::State& state) {
  const size_t rows = static_cast<size_t>(state.range(0));
  const Floats in = randomFloats(rows * 512), gamma = randomFloats(512), beta = randomFloats(512);
  Floats out(rows * 512);
  Work work;
  work.readBytes = rows * 512 * sizeof(float);
  measure(state, work, [&] {
    layerNormF32({in.data(), 512, gamma.data(), beta.data(), out.data(), 512, static_cast<int>(rows), 512});
  });
}

void quantizeRowsBench(benchmark::State& state) {
  const size_t rows = static_cast<size_t>(state.range(0));
  const Floats in = randomFloats(rows * 512), gamma = randomFloats(512), beta = randomFloats(512);
  Bytes out(rows * 512);
  std::vector<RowScale> scales(rows);
  Work work;
  work.readBytes = rows * 512 * sizeof(float);
  measure(state, work, [&] {
    quantizeRows(pool(), {in.data(), 512, gamma.data(), beta.data(), out.data(), 512, scales.data(),
                          static_cast<int>(rows), 512});
  });
}

void logSumExpF32Bench(benchmark::State& state) {
  const Floats x = randomFloats(51865, 4);
  Work work;
  work.readBytes = x.size() * sizeof(float);
  measure(state, work, [&] { benchmark::DoNotOptimize(logSumExpF32(x.data(), 51865)); });
}

benchmark::internal::Benchmark* timed(benchmark::internal::Benchmark* bench) {
  return bench->UseManualTime()->Iterations(kRounds)->Unit(benchmark::kMicrosecond);
}

void registerAll() {
  // Whisper-base. Encoder: the convolutions on 3000 frames; Q, K, V; output; first and second FFN product.
  std::vector<Shape> encoder = {{3000, 512, 240, true, false, false, 80},
                                {1500, 512, 1536, true, false, false, 1024}};
  std::vector<Shape> shapes;
  for (int rows : {64, 450, 1500}) {
    shapes.push_back({rows, 1536, 512});
    shapes.push_back({rows, 512, 512});
    shapes.push_back({rows, 2048, 512, true});
    shapes.push_back({rows, 512, 2048});
  }
  for (int rows : {1, 5, 16}) {
    shapes.push_back({rows, 1536, 512});
    shapes.push_back({rows, 512, 512});
    shapes.push_back({rows, 2048, 512, true});
    shapes.push_back({rows, 512, 2048});
    shapes.push_back({rows, 51865, 512});
  }
  encoder.insert(encoder.end(), shapes.begin(), shapes.end());
  for (const Shape& s : encoder)
    timed(benchmark::RegisterBenchmark(("matmul_f32/" + s.name()).c_str(), matmulF32Bench, s));
  for (int rows : {64, 450, 1500}) {
    shapes.push_back({rows, 2048, 512, true, true});
    shapes.push_back({rows, 512, 512, false, false, true});
    shapes.push_back({rows, 512, 2048, false, false, true});
  }
  for (const Shape& s : shapes)
    timed(benchmark::RegisterBenchmark(("matmul_i8/" + s.name()).c_str(), matmulI8Bench, s));
  for (int rows : {64, 450, 1500}) {
    timed(benchmark::RegisterBenchmark("attention_f32", attentionF32Bench))->Arg(rows);
    timed(benchmark::RegisterBenchmark("attention_i8", attentionI8Bench))->Arg(rows);
    timed(benchmark::RegisterBenchmark("decode_attention_f32", decodeAttentionF32Bench))->Arg(rows);
    timed(benchmark::RegisterBenchmark("decode_attention_i8", decodeAttentionI8Bench))->Arg(rows);
    timed(benchmark::RegisterBenchmark("layer_norm_f32", layerNormF32Bench))->Arg(rows);
    timed(benchmark::RegisterBenchmark("layer_norm_quantize_rows", quantizeRowsBench))->Arg(rows);
  }
  timed(benchmark::RegisterBenchmark("log_sum_exp_f32/51865", logSumExpF32Bench));
}

}  // namespace
}  // namespace npuspeech

int main(int argc, char** argv) {
  const std::string threads = std::to_string(npuspeech::threadCount());
  const bool sameThreads = npuspeech::setOnednnThreads(npuspeech::threadCount());
  benchmark::AddCustomContext("threads", threads);
  benchmark::AddCustomContext("compared with", std::string(npuspeech::onednnVersion()) +
                                                   (sameThreads ? "" : ", on threads of its own"));
  npuspeech::registerAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
