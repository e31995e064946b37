// SPDX-License-Identifier: LGPL-2.1-or-later
// The Silero network as matrix products: a group of frames at a time for all layers but the recurrent one.
#include "speech/audio/silero_vad.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/aligned.h"
#include "kernels/matmul_f32/matmul_f32.h"
#include "speech/model/tensor_file.h"

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

/// A layer out = weights * in + bias, packed for matmulF32.
struct Layer {
  AlignedVector<float> weights, bias;
  int columns = 0, depth = 0;

  /// `values`: [columns][depth].
  void set(const float* values, int columnCount, int depthCount) {
    columns = columnCount;
    depth = depthCount;
    weights.resize(matmulF32PackedSize(columns, depth));
    packMatmulF32(values, columns, depth, weights.data());
  }

  void run(const float* in, size_t inStride, float* out, size_t outStride, int rows,
           const float* residual = nullptr) const {
    MatmulF32 product;
    product.a = in;
    product.aStride = inStride;
    product.weights = weights.data();
    product.bias = bias.empty() ? nullptr : bias.data();
    product.residual = residual;
    product.residualStride = static_cast<size_t>(columns);
    product.out = out;
    product.outStride = outStride;
    product.rows = rows;
    product.columns = columns;
    product.depth = depth;
    matmulF32(product);
  }
};

/// The tensors of a file, in the order of kTensors.
enum Tensor {
  Spectrum,
  Conv1,
  Bias1,
  Conv2,
  Bias2,
  Conv3,
  Bias3,
  Conv4,
  Bias4,
  Input,
  Recurrent,
  InputBias,
  RecurrentBias,
  Output,
  OutputBias,
  TensorCount
};

struct TensorShape {
  const char* name;
  std::array<int64_t, 3> dims;
  size_t rank;
};

constexpr TensorShape kTensors[TensorCount] = {
    {"stft_conv.weight", {2 * kBins, 1, kSpectrum}, 3},
    {"conv1.weight", {kWidth, kBins, 3}, 3},
    {"conv1.bias", {kWidth}, 1},
    {"conv2.weight", {kNarrow, kWidth, 3}, 3},
    {"conv2.bias", {kNarrow}, 1},
    {"conv3.weight", {kNarrow, kNarrow, 3}, 3},
    {"conv3.bias", {kNarrow}, 1},
    {"conv4.weight", {kWidth, kNarrow, 3}, 3},
    {"conv4.bias", {kWidth}, 1},
    {"lstm_cell.weight_ih", {kGates, kWidth}, 2},
    {"lstm_cell.weight_hh", {kGates, kWidth}, 2},
    {"lstm_cell.bias_ih", {kGates}, 1},
    {"lstm_cell.bias_hh", {kGates}, 1},
    {"final_conv.weight", {1, kWidth, 1}, 3},
    {"final_conv.bias", {1}, 1},
};

using Tensors = std::array<AlignedVector<float>, TensorCount>;

Result<Tensors> readTensors(const std::string& path) {
  auto file = TensorFile::openSafetensors(path);
  if (!file) return file.error();
  Tensors tensors;
  for (size_t i = 0; i < TensorCount; ++i) {
    const TensorShape& shape = kTensors[i];
    auto values = file->readFloat(shape.name, {shape.dims.data(), shape.rank});
    if (!values) return values.error();
    tensors[i] = std::move(*values);
  }
  return tensors;
}

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

/// Costs a third of std::tanh; the absolute error, about 1e-7, is that of the products around it.
float tanhOf(float x) {
  return 2 * sigmoid(2 * x) - 1;
}

}  // namespace

struct SileroWeights::Data {
  Layer spectrum, conv1, conv2, conv3, conv4, input, recurrent;
  AlignedVector<float> output;  // [kWidth]
  float outputBias = 0;
};

SileroWeights::SileroWeights() : data_(std::make_unique<Data>()) {}
SileroWeights::~SileroWeights() = default;

Result<std::shared_ptr<const SileroWeights>> SileroWeights::load(const std::string& path) {
  auto tensors = readTensors(path);
  if (!tensors) return tensors.error();
  std::shared_ptr<SileroWeights> weights(new SileroWeights);
  Data& data = *weights->data_;
  data.spectrum.set((*tensors)[Spectrum].data(), 2 * kBins, kSpectrum);
  // The third convolution's one position is the first of two, the fourth's the only one: no more taps meet
  // data.
  data.conv1.set(tapMajor((*tensors)[Conv1], kWidth, kBins, 0, 3).data(), kWidth, 3 * kBins);
  data.conv2.set(tapMajor((*tensors)[Conv2], kNarrow, kWidth, 0, 3).data(), kNarrow, 3 * kWidth);
  data.conv3.set(tapMajor((*tensors)[Conv3], kNarrow, kNarrow, 1, 2).data(), kNarrow, 2 * kNarrow);
  data.conv4.set(tapMajor((*tensors)[Conv4], kWidth, kNarrow, 1, 1).data(), kWidth, kNarrow);
  data.conv1.bias = std::move((*tensors)[Bias1]);
  data.conv2.bias = std::move((*tensors)[Bias2]);
  data.conv3.bias = std::move((*tensors)[Bias3]);
  data.conv4.bias = std::move((*tensors)[Bias4]);
  data.input.set((*tensors)[Input].data(), kGates, kWidth);
  data.recurrent.set((*tensors)[Recurrent].data(), kGates, kWidth);
  data.input.bias = std::move((*tensors)[InputBias]);
  for (int g = 0; g < kGates; ++g) data.input.bias[g] += (*tensors)[RecurrentBias][g];
  data.output = std::move((*tensors)[Output]);
  data.outputBias = (*tensors)[OutputBias][0];
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
  AlignedVector<float> summed = AlignedVector<float>(kGates);
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
    w.spectrum.run(padded.data() + p * kSpectrumHop, kPadded, spectra.data() + p * kSpectraRow,
                   kSpectra * kSpectraRow, frames);
  for (int f = 0; f < frames; ++f)
    for (size_t p = 0; p < kSpectra; ++p) {
      const float* real = spectra.data() + (static_cast<size_t>(f) * kSpectra + p) * kSpectraRow;
      const float* imaginary = real + kBins;
      float* out = magnitudes.data() + f * kMagnitudesFrame + (p + 1) * kBins;
      for (int k = 0; k < kBins; ++k) out[k] = std::sqrt(real[k] * real[k] + imaginary[k] * imaginary[k]);
    }

  for (size_t p = 0; p < kSpectra; ++p)
    w.conv1.run(magnitudes.data() + p * kBins, kMagnitudesFrame, conv1.data() + (p + 1) * kWidth, kConv1Frame,
                frames);
  relu(conv1.data(), frames * kConv1Frame);
  for (size_t p = 0; p < 2; ++p)
    w.conv2.run(conv1.data() + 2 * p * kWidth, kConv1Frame, conv2.data() + p * kNarrow, 2 * kNarrow, frames);
  relu(conv2.data(), static_cast<size_t>(frames) * 2 * kNarrow);
  w.conv3.run(conv2.data(), 2 * kNarrow, conv3.data(), kNarrow, frames);
  relu(conv3.data(), static_cast<size_t>(frames) * kNarrow);
  w.conv4.run(conv3.data(), kNarrow, conv4.data(), kWidth, frames);
  relu(conv4.data(), static_cast<size_t>(frames) * kWidth);
  w.input.run(conv4.data(), kWidth, gates.data(), kGates, frames);
}

float SileroVad::State::recur(const float* gatesOfInput) {
  const SileroWeights::Data& w = weights->data();
  w.recurrent.run(h.data(), kWidth, summed.data(), kGates, 1, gatesOfInput);
  const float *in = summed.data(), *forget = in + kWidth, *cell = in + 2 * kWidth, *out = in + 3 * kWidth;
  float logit = w.outputBias;
  for (int i = 0; i < kWidth; ++i) {
    c[i] = sigmoid(forget[i]) * c[i] + sigmoid(in[i]) * tanhOf(cell[i]);
    h[i] = sigmoid(out[i]) * tanhOf(c[i]);
    logit += w.output[i] * std::max(h[i], 0.0f);
  }
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
