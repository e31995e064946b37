// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/weights.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "speech/whisper/cpu/fold.h"
#include "speech/whisper/cpu/packed_weights.h"
#include "speech/whisper/cpu/weights_reader.h"

namespace npuspeech {
namespace {

// How strongly inputs of layers are smoothed: what gave the states closest to float32 on recordings in six
// languages.
constexpr float kSmoothQkv = 0.65f, kSmoothFfn = 0.5f;

void readSelfAttention(WeightsReader& reader, LayerNorm& norm, Linear& qkv, Linear& out,
                       const std::string& name, int width) {
  reader.read(norm, name + "/layer_norm", width);
  reader.read(qkv, name + "/linear_0", 3 * width, width,
              [&](std::span<float> weights, std::span<float> bias) {
                const size_t values = 2 * static_cast<size_t>(width);
                rotateMadeValues(weights.subspan(values * static_cast<size_t>(width)), bias.subspan(values));
                smooth(norm, weights, kSmoothQkv);
              });
  reader.read(out, name + "/linear_1", width, width,
              [](std::span<float> weights, std::span<float>) { rotateReadValues(weights); });
}

void readFfn(WeightsReader& reader, LayerNorm& norm, Linear& ffn1, Linear& ffn2, const std::string& name,
             int width, int ffnWidth) {
  reader.read(norm, name + "/layer_norm", width);
  reader.read(ffn1, name + "/linear_0", ffnWidth, width,
              [&](std::span<float> weights, std::span<float>) { smooth(norm, weights, kSmoothFfn); });
  reader.read(ffn2, name + "/linear_1", width, ffnWidth);
}

void readDecoderLayer(WeightsReader& reader, DecoderLayer& layer, const std::string& name, int width,
                      int ffnWidth) {
  readSelfAttention(reader, layer.selfNorm, layer.selfQkv, layer.selfOut, name + "/self_attention", width);
  reader.read(layer.crossNorm, name + "/attention/layer_norm", width);
  reader.read(
      layer.crossQ, name + "/attention/linear_0", width, width,
      [&](std::span<float> weights, std::span<float>) { smooth(layer.crossNorm, weights, kSmoothFfn); });
  reader.read(layer.crossKv, name + "/attention/linear_1", 2 * width, width,
              [&](std::span<float> weights, std::span<float> bias) {
                const size_t values = static_cast<size_t>(width);
                rotateMadeValues(weights.subspan(values * values), bias.subspan(values));
              });
  reader.read(layer.crossOut, name + "/attention/linear_2", width, width,
              [](std::span<float> weights, std::span<float>) { rotateReadValues(weights); });
  readFfn(reader, layer.ffnNorm, layer.ffn1, layer.ffn2, name + "/ffn", width, ffnWidth);
}

void readEncoderLayer(WeightsReader& reader, EncoderLayer& layer, const std::string& name, int width,
                      int ffnWidth) {
  readSelfAttention(reader, layer.attentionNorm, layer.qkv, layer.attentionOut, name + "/self_attention",
                    width);
  readFfn(reader, layer.ffnNorm, layer.ffn1, layer.ffn2, name + "/ffn", width, ffnWidth);
}

// The convolutions' result in the middle of padding, where every log-mel value is 0: the same for every row.
AlignedVector<float> convolvePadding(const CpuWeights& weights) {
  ThreadPool pool(1);
  const size_t width = static_cast<size_t>(weights.width), bins = static_cast<size_t>(weights.melBins);
  std::vector<float> mel(3 * bins, 0.0f), hidden(3 * width);
  AlignedVector<float> state(width);
  Operand audio(Precision::Float32), inner(weights.precision);
  audio.take(pool, {mel.data(), 0}, 3, 3 * weights.melBins);
  weights.conv1.apply(pool, audio, {hidden.data(), width}, Activation::Gelu);
  inner.take(pool, {hidden.data(), 0}, 1, 3 * weights.width);
  weights.conv2.apply(pool, inner, {state.data(), width}, Activation::Gelu);
  return state;
}

void takeSizes(const ModelSizes& sizes, CpuWeights& weights) {
  weights.melBins = sizes.melBins;
  weights.width = sizes.width;
  weights.audioContext = sizes.audioContext;
  weights.textContext = sizes.textContext;
  weights.vocabularySize = sizes.vocabularySize;
  weights.ffnWidth = sizes.ffnWidth;
  weights.heads = sizes.heads;
  weights.encoder.resize(static_cast<size_t>(sizes.encoderLayers));
  weights.decoder.resize(static_cast<size_t>(sizes.decoderLayers));
}

void readAll(WeightsReader& reader, CpuWeights& w) {
  // The largest first: while it is unpacked there is nothing else yet.
  reader.read(w.projection, "decoder/embeddings", w.vocabularySize, w.width);
  reader.readConvolution(w.conv1, "encoder/conv1", w.width, w.melBins, Precision::Float32);
  reader.readConvolution(w.conv2, "encoder/conv2", w.width, w.width, w.precision);
  reader.read(w.audioPositions, "encoder/position_encodings/encodings", {w.audioContext, w.width});
  reader.read(w.textPositions, "decoder/position_encodings/encodings", {w.textContext, w.width});
  for (size_t i = 0; i < w.encoder.size(); ++i)
    readEncoderLayer(reader, w.encoder[i], "encoder/layer_" + std::to_string(i), w.width, w.ffnWidth);
  reader.read(w.encoderNorm, "encoder/layer_norm", w.width);
  for (size_t i = 0; i < w.decoder.size(); ++i)
    readDecoderLayer(reader, w.decoder[i], "decoder/layer_" + std::to_string(i), w.width, w.ffnWidth);
  reader.read(w.decoderNorm, "decoder/layer_norm", w.width);
}

// From the file of packed weights, or else from the model's own, and then kept.
Result<void> readParts(const ModelSource& model, CpuWeights& weights,
                       const std::function<void(double)>& progress, const std::stop_token& stop) {
  const auto kept = weights.precision == Precision::Int8 ? std::optional<PackedWeights>(model) : std::nullopt;
  if (const std::optional<TensorFile> packed = kept ? kept->open() : std::nullopt) {
    WeightsReader reader(model, &*packed, weights.precision, progress, stop);
    readAll(reader, weights);
    if (!reader.error()) return {};
    if (reader.error()->code != ErrorCode::BadFile) return *reader.error();
    logf(LogLevel::Info, "%s It is made again.", reader.error()->message.c_str());
  }
  WeightsReader reader(model, nullptr, weights.precision, progress, stop);
  readAll(reader, weights);
  if (reader.error()) return *reader.error();
  if (!kept) return {};
  SafetensorsWriter writer;
  reader.addTo(writer);
  kept->save(writer);
  return {};
}

}  // namespace

Result<std::shared_ptr<const CpuWeights>> CpuWeights::load(const std::string& path, Precision precision,
                                                           const std::function<void(double)>& progress,
                                                           std::stop_token stop) {
  const auto model = ModelSource::open(path);
  if (!model) return model.error();
  return load(*model, precision, progress, std::move(stop));
}

Result<std::shared_ptr<const CpuWeights>> CpuWeights::load(const ModelSource& model, Precision precision,
                                                           const std::function<void(double)>& progress,
                                                           std::stop_token stop) {
  auto weights = std::make_shared<CpuWeights>();
  weights->name = model.name();
  weights->precision = precision;
  weights->vocabulary = model.sharedVocabulary();
  takeSizes(model.sizes(), *weights);
  if (auto read = readParts(model, *weights, progress, stop); !read) return read.error();
  weights->paddingState = convolvePadding(*weights);
  return std::shared_ptr<const CpuWeights>(weights);
}

}  // namespace npuspeech
