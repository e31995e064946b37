// SPDX-License-Identifier: LGPL-2.1-or-later
// The Silero network as matrix products: a group of frames at a time for all layers but the recurrent one.
#include "speech/audio/silero_vad.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>

#include "base/aligned.h"
#include "kernels/lstm_f32/lstm_f32.h"
#include "kernels/matmul_f32/layer_f32.h"
#include "speech/model/tensor_reader.h"

namespace npuspeech {
namespace {

// A frame is seen with the end of the one before it and with its own end mirrored, as four overlapping
// spectra.
constexpr int kContext = 64, kMirrored = 64;
constexpr int kPadded = kContext + SileroVad::kFrame + kMirrored;
constexpr int kSpectrum = 256, kSpectrumHop = 128, kSpectra = 4;
constexpr int kBins = kSpectrum / 2 + 1;
constexpr int kWidth = 128, kNarrow = 64;  // channels
constexpr int kGates = 4 * kWidth;
constexpr int kGroup = 16;                       // frames to a product
constexpr float kHeard = 0.5f, kSilence = 0.1f;  // probabilities, for what is forgotten when

/// A convolution's weights [out][in][3] as [out][taps][in], with the taps [firstTap, firstTap + taps) only:
/// the others would meet zeros.
AlignedVector<float> tapMajor(const AlignedVector<float>& weights, int out, int in, int firstTap, int taps) {
  AlignedVector<float> result;
  result.reserve(static_cast<size_t>(out) * taps * in);
  for (int o = 0; o < out; ++o)
    for (int t = firstTap; t < firstTap + taps; ++t)
      for (int i = 0; i < in; ++i) result.push_back(weights[(static_cast<size_t>(o) * in + i) * 3 + t]);
  return result;
}

void relu(float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] = std::max(x[i], 0.0f);
}

float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

struct SileroWeights::Data {
  LayerF32 spectrum, conv1, conv2, conv3, conv4, input;
  AlignedVector<float> recurrent;  // packed for lstmF32
  AlignedVector<float> output;     // [kWidth]
  float outputBias = 0;
};

SileroWeights::SileroWeights() : data_(std::make_unique<Data>()) {}
SileroWeights::~SileroWeights() = default;

Result<std::shared_ptr<const SileroWeights>> SileroWeights::load(const std::string& path) {
  auto file = TensorFile::openSafetensors(path);
  if (!file) return file.error();
  TensorReader reader(*file);
  std::shared_ptr<SileroWeights> weights(new SileroWeights);
  Data& data = *weights->data_;
  data.spectrum.set(reader.read("stft_conv.weight", {2 * kBins, 1, kSpectrum}), {}, 2 * kBins, kSpectrum);
  const auto readConvolution = [&](LayerF32& layer, const std::string& name, int out, int in, int firstTap,
                                   int taps) {
    const AlignedVector<float> stored = reader.read(name + ".weight", {out, in, 3});
    layer.set(tapMajor(stored, out, in, firstTap, taps), reader.read(name + ".bias", {out}), out, taps * in);
  };
  // The third convolution's one position is the first of two, the fourth's the only one: no more taps meet
  // data.
  readConvolution(data.conv1, "conv1", kWidth, kBins, 0, 3);
  readConvolution(data.conv2, "conv2", kNarrow, kWidth, 0, 3);
  readConvolution(data.conv3, "conv3", kNarrow, kNarrow, 1, 2);
  readConvolution(data.conv4, "conv4", kWidth, kNarrow, 1, 1);
  const AlignedVector<float> input = reader.read("lstm_cell.weight_ih", {kGates, kWidth});
  const AlignedVector<float> recurrent = reader.read("lstm_cell.weight_hh", {kGates, kWidth});
  AlignedVector<float> bias = reader.read("lstm_cell.bias_ih", {kGates});
  const AlignedVector<float> more = reader.read("lstm_cell.bias_hh", {kGates});
  std::transform(bias.begin(), bias.end(), more.begin(), bias.begin(), std::plus<>());
  data.input.set(input, std::move(bias), kGates, kWidth);
  data.recurrent.resize(lstmF32PackedSize(kWidth));
  packLstmF32(recurrent.data(), kWidth, data.recurrent.data());
  data.output = reader.read("final_conv.weight", {1, kWidth, 1});
  data.outputBias = reader.read("final_conv.bias", {1})[0];
  if (reader.error()) return *reader.error();
  return std::shared_ptr<const SileroWeights>(std::move(weights));
}

struct SileroVad::State {
  State(std::shared_ptr<const SileroWeights> w, int silence) : weights(std::move(w)), forgetAfter(silence) {
    // Rows before and behind a frame's own are the convolutions' zero padding and stay as they are.
    std::fill(magnitudes.begin(), magnitudes.end(), 0.0f);
    std::fill(conv1.begin(), conv1.end(), 0.0f);
  }

  void load(const float* samples, int frames);
  void convolve(int frames);
  float recur(const float* gatesOfInput);
  void forgetInPauses(float probability);
  void reset();

  std::shared_ptr<const SileroWeights> weights;
  const int forgetAfter;
  bool hasHeard = false;  // speech, since the last reset
  int silentFrames = 0;   // the newest
  std::array<float, kContext> context{};
  std::array<float, kWidth> h{}, c{};

  AlignedVector<float> padded = AlignedVector<float>(kGroup * kPadded);
  AlignedVector<float> spectra = AlignedVector<float>(kGroup * kSpectra * 2 * kBins);
  AlignedVector<float> magnitudes = AlignedVector<float>(kGroup * (kSpectra + 2) * kBins);
  AlignedVector<float> conv1 = AlignedVector<float>(kGroup * (kSpectra + 1) * kWidth);
  AlignedVector<float> conv2 = AlignedVector<float>(kGroup * 2 * kNarrow);
  AlignedVector<float> conv3 = AlignedVector<float>(kGroup * kNarrow);
  AlignedVector<float> conv4 = AlignedVector<float>(kGroup * kWidth);
  AlignedVector<float> gates = AlignedVector<float>(kGroup * kGates);
};

void SileroVad::State::load(const float* samples, int frames) {
  for (int f = 0; f < frames; ++f, samples += kFrame) {
    float* row = padded.data() + f * kPadded;
    std::copy_n(context.data(), kContext, row);
    std::copy_n(samples, kFrame, row + kContext);
    std::reverse_copy(samples + kFrame - 1 - kMirrored, samples + kFrame - 1, row + kContext + kFrame);
    std::copy_n(samples + kFrame - kContext, kContext, context.data());
  }
}

// Each product takes one position of every frame: rows a frame apart.
void SileroVad::State::convolve(int frames) {
  const SileroWeights::Data& w = weights->data();
  constexpr size_t kSpectraRow = 2 * kBins, kMagnitudesFrame = (kSpectra + 2) * kBins;
  constexpr size_t kConv1Frame = (kSpectra + 1) * kWidth;
  for (size_t p = 0; p < kSpectra; ++p)
    w.spectrum.run(padded.data() + p * kSpectrumHop, kPadded, frames, spectra.data() + p * kSpectraRow,
                   kSpectra * kSpectraRow);
  for (int f = 0; f < frames; ++f)
    for (size_t p = 0; p < kSpectra; ++p) {
      const float* real = spectra.data() + (static_cast<size_t>(f) * kSpectra + p) * kSpectraRow;
      const float* imaginary = real + kBins;
      float* out = magnitudes.data() + f * kMagnitudesFrame + (p + 1) * kBins;
      for (int k = 0; k < kBins; ++k) out[k] = std::sqrt(real[k] * real[k] + imaginary[k] * imaginary[k]);
    }

  for (size_t p = 0; p < kSpectra; ++p)
    w.conv1.run(magnitudes.data() + p * kBins, kMagnitudesFrame, frames, conv1.data() + (p + 1) * kWidth,
                kConv1Frame);
  relu(conv1.data(), frames * kConv1Frame);
  for (size_t p = 0; p < 2; ++p)
    w.conv2.run(conv1.data() + 2 * p * kWidth, kConv1Frame, frames, conv2.data() + p * kNarrow, 2 * kNarrow);
  relu(conv2.data(), static_cast<size_t>(frames) * 2 * kNarrow);
  w.conv3.run(conv2.data(), 2 * kNarrow, frames, conv3.data(), kNarrow);
  relu(conv3.data(), static_cast<size_t>(frames) * kNarrow);
  w.conv4.run(conv3.data(), kNarrow, frames, conv4.data(), kWidth);
  relu(conv4.data(), static_cast<size_t>(frames) * kWidth);
  w.input.run(conv4.data(), kWidth, frames, gates.data(), kGates);
}

float SileroVad::State::recur(const float* gatesOfInput) {
  const SileroWeights::Data& w = weights->data();
  const std::array<float, kWidth> before = h;
  lstmF32({.gates = gatesOfInput,
           .weights = w.recurrent.data(),
           .h = before.data(),
           .c = c.data(),
           .out = h.data(),
           .steps = 1,
           .width = kWidth});
  float logit = w.outputBias;
  for (size_t i = 0; i < kWidth; ++i) logit += w.output[i] * std::max(h[i], 0.0f);
  return sigmoid(logit);
}

void SileroVad::State::reset() {
  h.fill(0);
  c.fill(0);
  hasHeard = false;
  silentFrames = 0;
}

void SileroVad::State::forgetInPauses(float probability) {
  hasHeard = hasHeard || probability >= kHeard;
  silentFrames = probability < kSilence ? silentFrames + 1 : 0;
  if (hasHeard && silentFrames == forgetAfter) reset();
}

SileroVad::SileroVad(std::shared_ptr<const SileroWeights> weights, int forgetAfter)
    : state_(std::make_unique<State>(std::move(weights), forgetAfter)) {}
SileroVad::~SileroVad() = default;

void SileroVad::reset() {
  state_->context.fill(0);
  state_->reset();
}

void SileroVad::run(std::span<const float> samples, std::span<float> probabilities) {
  const float* in = samples.data();
  for (size_t done = 0; done < probabilities.size(); done += kGroup, in += kGroup * kFrame) {
    const int frames = static_cast<int>(std::min<size_t>(kGroup, probabilities.size() - done));
    state_->load(in, frames);
    state_->convolve(frames);
    for (int f = 0; f < frames; ++f) {
      probabilities[done + f] = state_->recur(state_->gates.data() + f * kGates);
      if (state_->forgetAfter > 0) state_->forgetInPauses(probabilities[done + f]);
    }
  }
}

}  // namespace npuspeech
