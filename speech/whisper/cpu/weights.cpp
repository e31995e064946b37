// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/weights.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/log.h"
#include "speech/whisper/cpu/fold.h"
#include "speech/whisper/cpu/packed_weights.h"
#include "speech/whisper/cpu/weights_reader.h"

namespace npuspeech {
namespace {

int dimension(const TensorFile& file, std::string_view name, size_t index) {
  const TensorView* tensor = file.find(name);
  return tensor && index < tensor->dims.size() ? static_cast<int>(tensor->dims[index]) : 0;
}

int countLayers(const TensorFile& file, const std::string& stack) {
  int layers = 0;
  while (file.find(stack + "/layer_" + std::to_string(layers) + "/ffn/linear_0/weight")) ++layers;
  return layers;
}

// Files before revision 3 do not say.
int headCount(const TensorFile& file, int width) {
  const TensorView* heads = file.find("encoder/num_heads");
  if (heads && heads->elements() == 1 && !heads->data.empty())
    return static_cast<int>(static_cast<unsigned char>(heads->data[0]));
  return width / kHeadDim;
}

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

// Sizes as the file's tensors have them. Errors: BadFile.
Result<void> readSizes(const TensorFile& file, CpuWeights& weights) {
  weights.melBins = dimension(file, "encoder/conv1/weight", 1);
  weights.width = dimension(file, "encoder/conv1/weight", 0);
  weights.audioContext = dimension(file, "encoder/position_encodings/encodings", 0);
  weights.textContext = dimension(file, "decoder/position_encodings/encodings", 0);
  weights.vocabularySize = dimension(file, "decoder/embeddings/weight", 0);
  weights.ffnWidth = dimension(file, "encoder/layer_0/ffn/linear_0/weight", 0);
  weights.heads = headCount(file, weights.width);
  const int encoderLayers = countLayers(file, "encoder"), decoderLayers = countLayers(file, "decoder");
  weights.encoder.resize(static_cast<size_t>(encoderLayers));
  weights.decoder.resize(static_cast<size_t>(decoderLayers));
  const bool sane = weights.melBins >= 1 && weights.melBins <= 1024 && weights.audioContext >= 2 &&
                    weights.audioContext <= 65536 && weights.textContext >= 8 &&
                    weights.textContext <= 65536 && encoderLayers >= 1 && decoderLayers >= 1 &&
                    weights.heads >= 1 && weights.width == weights.heads * kHeadDim &&
                    weights.ffnWidth >= 16 && weights.ffnWidth % 16 == 0;
  if (sane) return {};
  return Error{ErrorCode::BadFile,
               file.path() + " does not have the layers of a Whisper model with heads 64 wide (found " +
                   std::to_string(encoderLayers) + " encoder and " + std::to_string(decoderLayers) +
                   " decoder layers, width " + std::to_string(weights.width) + ", " +
                   std::to_string(weights.heads) + " heads, " + std::to_string(weights.melBins) +
                   " mel bins)"};
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
Result<void> readParts(const TensorFile& file, CpuWeights& weights,
                       const std::function<void(double)>& progress, const std::stop_token& stop) {
  const auto kept = weights.precision == Precision::Int8 ? std::optional<PackedWeights>(file) : std::nullopt;
  if (const std::optional<TensorFile> packed = kept ? kept->open() : std::nullopt) {
    WeightsReader reader(file, &*packed, weights.precision, progress, stop);
    readAll(reader, weights);
    if (!reader.error()) return {};
    if (reader.error()->code != ErrorCode::BadFile) return *reader.error();
    logf(LogLevel::Info, "%s It is made again.", reader.error()->message.c_str());
  }
  WeightsReader reader(file, nullptr, weights.precision, progress, stop);
  readAll(reader, weights);
  if (reader.error()) return *reader.error();
  if (!kept) return {};
  SafetensorsWriter writer;
  reader.addTo(writer);
  kept->save(writer);
  return {};
}

}  // namespace

Result<CpuWeights::Opened> CpuWeights::open(const std::string& folder) {
  auto file = TensorFile::openCTranslate2(folder + "/model.bin");
  if (!file) return file.error();
  if (file->spec() != "WhisperSpec")
    return Error{ErrorCode::BadFile, file->path() + " holds a model of kind \"" + file->spec() +
                                         "\"; a Whisper model in CTranslate2's format is needed"};
  auto weights = std::make_shared<CpuWeights>();
  weights->name = std::filesystem::path(folder).lexically_normal().filename();
  if (auto sizes = readSizes(*file, *weights); !sizes) return sizes.error();
  return Opened{std::move(*file), std::move(weights)};
}

Result<std::shared_ptr<const CpuWeights>> CpuWeights::load(const std::string& folder, Precision precision,
                                                           const std::function<void(double)>& progress,
                                                           std::stop_token stop) {
  const auto opened = open(folder);
  if (!opened) return opened.error();
  const auto& [file, weights] = *opened;
  weights->precision = precision;
  auto vocabulary = Vocabulary::load(folder, weights->vocabularySize);
  if (!vocabulary) return vocabulary.error();
  weights->vocabulary = std::make_shared<const Vocabulary>(std::move(*vocabulary));

  if (auto read = readParts(file, *weights, progress, stop); !read) return read.error();
  weights->paddingState = convolvePadding(*weights);
  return std::shared_ptr<const CpuWeights>(weights);
}

}  // namespace npuspeech
