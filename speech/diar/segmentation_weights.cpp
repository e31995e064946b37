// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/segmentation_weights.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "kernels/lstm_f32/lstm_f32.h"
#include "speech/diar/sinc_filters.h"
#include "speech/model/tensor_reader.h"

namespace npuspeech {
namespace {

using Weights = SegmentationWeights;

class Reader : public TensorReader {
 public:
  using TensorReader::TensorReader;

  LayerF32 linear(const std::string& name, int outputs, int depth) {
    LayerF32 layer;
    layer.set(read(name + ".weight", {outputs, depth}), read(name + ".bias", {outputs}), outputs, depth);
    return layer;
  }

  SegmentationNorm norm(const std::string& name, int channels) {
    return {read(name + ".weight", {channels}), read(name + ".bias", {channels})};
  }
};

void readFilters(Reader& reader, Weights& weights) {
  constexpr int kBands = Weights::kFilters / 2, kHalf = Weights::kFilterTaps / 2;
  const std::string name = "sincnet.conv1d.0.filterbank.";
  const AlignedVector<float> lowHz = reader.read(name + "low_hz_", {kBands, 1});
  const AlignedVector<float> bandHz = reader.read(name + "band_hz_", {kBands, 1});
  const AlignedVector<float> window = reader.read(name + "window_", {kHalf});
  const AlignedVector<float> times = reader.read(name + "n_", {1, kHalf});
  const AlignedVector<float> filters = makeSincFilters({lowHz, bandHz, window, times});
  weights.filters.set(filters, {}, Weights::kFilters, Weights::kFilterTaps);
  weights.filterSums.resize(Weights::kFilters);
  for (size_t k = 0; k < Weights::kFilters; ++k) {
    const float* const taps = filters.data() + k * Weights::kFilterTaps;
    weights.filterSums[k] = static_cast<float>(std::accumulate(taps, taps + Weights::kFilterTaps, 0.0));
  }
}

/// A convolution's weights [outputs][inputs][taps] are packed as [outputs][taps][inputs]: rows of its input
/// lie one behind the other.
LayerF32 readConvolution(Reader& reader, const std::string& name, int inputs) {
  constexpr size_t kTaps = Weights::kTaps;
  const AlignedVector<float> stored = reader.read(name + ".weight", {Weights::kChannels, inputs, kTaps});
  AlignedVector<float> byTap(stored.size());
  const size_t in = static_cast<size_t>(inputs);
  for (size_t o = 0; o < Weights::kChannels; ++o)
    for (size_t i = 0; i < in; ++i)
      for (size_t t = 0; t < kTaps; ++t) byTap[(o * kTaps + t) * in + i] = stored[(o * in + i) * kTaps + t];
  LayerF32 layer;
  layer.set(byTap, reader.read(name + ".bias", {Weights::kChannels}), Weights::kChannels,
            Weights::kTaps * inputs);
  return layer;
}

Weights::Recurrent readRecurrent(Reader& reader, int index) {
  const int depth = index == 0 ? Weights::kChannels : 2 * Weights::kUnits;
  Weights::Recurrent layer;
  AlignedVector<float> inputs, biases;
  for (const bool backwards : {false, true}) {
    const std::string end = "_l" + std::to_string(index) + (backwards ? "_reverse" : "");
    const AlignedVector<float> w = reader.read("lstm.weight_ih" + end, {Weights::kGates, depth});
    AlignedVector<float> bias = reader.read("lstm.bias_ih" + end, {Weights::kGates});
    const AlignedVector<float> more = reader.read("lstm.bias_hh" + end, {Weights::kGates});
    std::transform(bias.begin(), bias.end(), more.begin(), bias.begin(), std::plus<>());
    inputs.insert(inputs.end(), w.begin(), w.end());
    biases.insert(biases.end(), bias.begin(), bias.end());
    const AlignedVector<float> u = reader.read("lstm.weight_hh" + end, {Weights::kGates, Weights::kUnits});
    layer.recurrent[backwards].resize(lstmF32PackedSize(Weights::kUnits));
    packLstmF32(u.data(), Weights::kUnits, layer.recurrent[backwards].data());
  }
  layer.inputs.set(inputs, std::move(biases), 2 * Weights::kGates, depth);
  return layer;
}

}  // namespace

Result<std::shared_ptr<const SegmentationWeights>> SegmentationWeights::load(const std::string& path) {
  const auto file = TensorFile::openSafetensors(path);
  if (!file) return file.error();
  auto weights = std::make_shared<SegmentationWeights>();
  Reader reader(*file);
  weights->waveScale = reader.read("sincnet.wav_norm1d.weight", {1})[0];
  weights->waveOffset = reader.read("sincnet.wav_norm1d.bias", {1})[0];
  readFilters(reader, *weights);
  weights->convolutions[0] = readConvolution(reader, "sincnet.conv1d.1", kFilters);
  weights->convolutions[1] = readConvolution(reader, "sincnet.conv1d.2", kChannels);
  for (int i = 0; i < 3; ++i)
    weights->norms[i] = reader.norm("sincnet.norm1d." + std::to_string(i), i == 0 ? kFilters : kChannels);
  for (int i = 0; i < kRecurrentLayers; ++i) weights->recurrent[i] = readRecurrent(reader, i);
  weights->linear[0] = reader.linear("linear.0", kHidden, 2 * kUnits);
  weights->linear[1] = reader.linear("linear.1", kHidden, kHidden);
  weights->classifier = reader.linear("classifier", kSpeakers, kHidden);
  if (reader.error()) return *reader.error();
  return std::shared_ptr<const SegmentationWeights>(std::move(weights));
}

}  // namespace npuspeech
