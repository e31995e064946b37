// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/speaker_embedding_weights.h"

#include <cmath>

#include "speech/diar/moments.h"
#include "speech/model/tensor_reader.h"

namespace npuspeech {
namespace {

constexpr int kChannels = EmbeddingHead::kChannels;
constexpr int kNarrow = 128, kGrowth = 32, kContext = 64;  // channels of a ContextLayer
constexpr float kNormEpsilon = 1e-5f;

/// A batch norm, and what is known of its output.
struct Norm : ChannelNorm {
  Moments moments;
};

/// Folds batch norms, too.
class Reader : public TensorReader {
 public:
  using TensorReader::TensorReader;

  /// A batch norm with the statistics of training. One without `weight` and `bias` is not affine.
  Norm norm(const std::string& name, int width, bool isAffine = true) {
    Norm norm;
    norm.factors = read(name + ".running_var", {width});
    norm.offsets = read(name + ".running_mean", {width});
    norm.moments.variance.assign(norm.factors.size(), 1.0f);
    norm.moments.mean.assign(norm.factors.size(), 0.0f);
    if (isAffine) {
      norm.moments.variance = read(name + ".weight", {width});
      norm.moments.mean = read(name + ".bias", {width});
    }
    for (size_t c = 0; c < norm.factors.size(); ++c) {
      float& weight = norm.moments.variance[c];
      norm.factors[c] = weight / std::sqrt(norm.factors[c] + kNormEpsilon);
      norm.offsets[c] = norm.moments.mean[c] - norm.offsets[c] * norm.factors[c];
      weight *= weight;
    }
    return norm;
  }

  /// The weights of a convolution over time, [outputs][inputs][taps], as [taps][outputs][inputs], times the
  /// factors of the batch norm behind it, if there is one.
  AlignedVector<float> byTap(const std::string& name, int outputs, int inputs, int taps,
                             const Norm* behind = nullptr) {
    const AlignedVector<float> weights = read(name, {outputs, inputs, taps});
    AlignedVector<float> result(weights.size());
    size_t from = 0;
    for (size_t o = 0; o < static_cast<size_t>(outputs); ++o)
      for (size_t i = 0; i < static_cast<size_t>(inputs); ++i)
        for (size_t t = 0; t < static_cast<size_t>(taps); ++t)
          result[(t * static_cast<size_t>(outputs) + o) * static_cast<size_t>(inputs) + i] =
              weights[from++] * (behind ? behind->factors[o] : 1.0f);
    return result;
  }
};

/// A convolution of 3 x 3 with [outputs][inputs][frequency][time] weights: a tap for each time, or a single
/// one of [frequency][time] where there is one input channel.
TapProduct convolution(Reader& reader, const std::string& name, const Norm& norm, int inputs,
                       Precision precision, const Moments& expected) {
  const AlignedVector<float> weights = reader.read(name + ".weight", {kChannels, inputs, 3, 3});
  AlignedVector<float> packed(weights.size());
  const size_t in = static_cast<size_t>(inputs);
  for (size_t o = 0; o < kChannels; ++o)
    for (size_t i = 0; i < in; ++i)
      for (size_t f = 0; f < 3; ++f)
        for (size_t t = 0; t < 3; ++t) {
          const size_t to = inputs == 1 ? (o * 3 + f) * 3 + t : ((t * kChannels + o) * 3 + f) * in + i;
          packed[to] = weights[((o * in + i) * 3 + f) * 3 + t] * norm.factors[o];
        }
  return inputs == 1 ? TapProduct(packed, norm.offsets, 1, kChannels, 9, precision)
                     : TapProduct(packed, norm.offsets, 3, kChannels, 3 * inputs, precision, expected.mean);
}

/// Reads the head, and leaves in `moments` what is known of its output, of each channel.
HeadWeights readHead(Reader& reader, Precision precision, Moments& moments) {
  HeadWeights head;
  const Norm first = reader.norm("head.bn1", kChannels);
  head.first = convolution(reader, "head.conv1", first, 1, Precision::Float32, {});
  moments = rectified(first.moments);
  size_t layer = 0;
  for (const char* const stage : {"head.layer1.", "head.layer2."})
    for (const char* const part : {"0.", "1."}) {
      const std::string name = std::string(stage) + part;
      const bool halves = part[0] == '0';
      const Norm norm1 = reader.norm(name + "bn1", kChannels), norm2 = reader.norm(name + "bn2", kChannels);
      HeadLayer& inner = head.layers[++layer];
      inner.convolution = convolution(reader, name + "conv1", norm1, kChannels, precision, moments);
      inner.step = halves ? 2 : 1;
      HeadLayer& outer = head.layers[++layer];
      outer.convolution =
          convolution(reader, name + "conv2", norm2, kChannels, precision, rectified(norm1.moments));
      outer.addsInput = true;
      if (halves) {
        AlignedVector<float> weights = reader.read(name + "shortcut.0.weight", {kChannels, kChannels, 1, 1});
        const Norm norm = reader.norm(name + "shortcut.1", kChannels);
        for (size_t i = 0; i < weights.size(); ++i) weights[i] *= norm.factors[i / kChannels];
        outer.shortcut = TapProduct(weights, norm.offsets, 1, kChannels, kChannels, precision, moments.mean);
        moments = norm.moments;
      }
      moments = rectified(sum(moments, norm2.moments));
    }
  const Norm norm = reader.norm("head.bn2", kChannels);
  HeadLayer& last = head.layers[++layer];
  last.convolution = convolution(reader, "head.conv2", norm, kChannels, precision, moments);
  last.step = 2;
  moments = rectified(norm.moments);
  return head;
}

/// The convolution over five frames of the head, which stores [channel][frequency] where we have [frequency]
/// [channel].
TapProduct readFirst(Reader& reader, Precision precision, const Moments& expected) {
  constexpr size_t kTaps = 5, kInputs = EmbeddingHead::kOutputs, kHeight = kInputs / kChannels;
  const AlignedVector<float> weights = reader.read("xvector.tdnn.linear.weight", {kNarrow, kInputs, kTaps});
  const Norm norm = reader.norm("xvector.tdnn.nonlinear.batchnorm", kNarrow);
  AlignedVector<float> packed(weights.size());
  for (size_t o = 0; o < kNarrow; ++o)
    for (size_t c = 0; c < kChannels; ++c)
      for (size_t f = 0; f < kHeight; ++f)
        for (size_t t = 0; t < kTaps; ++t)
          packed[((o * kTaps + t) * kHeight + f) * kChannels + c] =
              weights[(o * kInputs + c * kHeight + f) * kTaps + t] * norm.factors[o];
  return TapProduct(packed, norm.offsets, 1, kNarrow, kTaps * kInputs, precision, expected.mean);
}

ContextLayer readLayer(Reader& reader, const std::string& name, int inputs, Precision precision) {
  ContextLayer layer;
  const Norm norm1 = reader.norm(name + "nonlinear1.batchnorm", inputs);
  const Norm norm2 = reader.norm(name + "nonlinear2.batchnorm", kNarrow);
  layer.norm = norm1;
  layer.bottleneck = TapProduct(reader.byTap(name + "linear1.weight", kNarrow, inputs, 1, &norm2),
                                norm2.offsets, 1, kNarrow, inputs, precision, rectified(norm1.moments).mean);
  const std::string cam = name + "cam_layer.";
  layer.local = TapProduct(reader.byTap(cam + "linear_local.weight", kGrowth, kNarrow, 3), {}, 3, kGrowth,
                           kNarrow, precision, rectified(norm2.moments).mean);
  const auto product = [&](const std::string& linear, int outputs, int depth) {
    return TapProduct(reader.read(linear + ".weight", {outputs, depth, 1}),
                      reader.read(linear + ".bias", {outputs}), 1, outputs, depth, Precision::Float32);
  };
  layer.context1 = product(cam + "linear1", kContext, kNarrow);
  layer.context2 = product(cam + "linear2", kGrowth, kContext);
  return layer;
}

}  // namespace

Result<std::shared_ptr<const SpeakerEmbeddingWeights>> SpeakerEmbeddingWeights::load(const std::string& path,
                                                                                     Precision precision) {
  auto file = TensorFile::openSafetensors(path);
  if (!file) return file.error();
  Reader reader(*file);
  const auto weights = std::make_shared<SpeakerEmbeddingWeights>();
  weights->precision = precision;
  Moments headMoments;
  weights->head = readHead(reader, precision, headMoments);
  weights->first = readFirst(reader, precision, headMoments);

  struct Shape {
    int layers, dilation;
  };
  int inputs = kNarrow, number = 0;
  for (const Shape shape : {Shape{12, 1}, Shape{24, 2}, Shape{16, 2}}) {
    const std::string index = std::to_string(++number);
    ContextBlock& block = weights->blocks.emplace_back();
    block.dilation = shape.dilation;
    block.inputs = inputs;
    for (int layer = 1; layer <= shape.layers; ++layer, inputs += kGrowth) {
      const std::string name = "xvector.block" + index + ".tdnnd" + std::to_string(layer) + ".";
      block.layers.push_back(readLayer(reader, name, inputs, precision));
      if (reader.error()) return *reader.error();
    }
    const std::string transit = "xvector.transit" + index + ".";
    const Norm norm = reader.norm(transit + "nonlinear.batchnorm", inputs);
    block.norm = norm;
    block.transit = TapProduct(reader.byTap(transit + "linear.weight", inputs / 2, inputs, 1), {}, 1,
                               inputs / 2, inputs, precision, rectified(norm.moments).mean);
    inputs /= 2;
  }
  weights->norm = reader.norm("xvector.out_nonlinear.batchnorm", inputs);
  const Norm norm = reader.norm("xvector.dense.nonlinear.batchnorm", 192, false);
  weights->dense = TapProduct(reader.byTap("xvector.dense.linear.weight", 192, 2 * inputs, 1, &norm),
                              norm.offsets, 1, 192, 2 * inputs, Precision::Float32);
  if (reader.error()) return *reader.error();
  return std::shared_ptr<const SpeakerEmbeddingWeights>(weights);
}

}  // namespace npuspeech
