// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/weights.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "speech/whisper/fold.h"

namespace npuspeech {
namespace {

// Reads parts one after the other and remembers the first error, so that a model's structure reads like its
// drawing.
class Reader {
 public:
  Reader(const TensorFile& file, Precision precision, std::function<void(double)> progress,
         std::stop_token stop)
      : file_(file), precision_(precision), progress_(std::move(progress)), stop_(std::move(stop)) {}

  const std::optional<Error>& error() const { return error_; }
  void fail(ErrorCode code, std::string message) {
    if (!error_) error_ = Error{code, std::move(message)};
  }

  void read(Linear& linear, const std::string& name, int outputs, int inputs,
            const Linear::Adjust& adjust = {}) {
    if (stopped()) return;
    auto loaded = Linear::load(file_, name, outputs, inputs, precision_, adjust);
    if (!loaded) return fail(loaded.error().code, loaded.error().message);
    linear = std::move(*loaded);
    report(static_cast<double>(outputs) * inputs);
  }
  void read(AlignedVector<float>& values, const std::string& name, std::initializer_list<int64_t> dims) {
    if (stopped()) return;
    auto loaded = file_.readFloat(name, std::span(dims.begin(), dims.size()));
    if (!loaded) return fail(loaded.error().code, loaded.error().message);
    values = std::move(*loaded);
  }
  void read(LayerNorm& norm, const std::string& name, int width) {
    read(norm.gamma, name + "/gamma", {width});
    read(norm.beta, name + "/beta", {width});
  }
  // [outputs][inputs][3] as stored becomes [outputs][3][inputs]: a product on three consecutive rows.
  void readConvolution(Linear& linear, const std::string& name, int outputs, int inputs,
                       Precision precision) {
    AlignedVector<float> stored, bias;
    read(stored, name + "/weight", {outputs, inputs, 3});
    read(bias, name + "/bias", {outputs});
    if (error_) return;
    AlignedVector<float> byRow(stored.size());
    for (size_t o = 0; o < static_cast<size_t>(outputs); ++o)
      for (size_t i = 0; i < static_cast<size_t>(inputs); ++i)
        for (size_t k = 0; k < 3; ++k)
          byRow[(o * 3 + k) * static_cast<size_t>(inputs) + i] =
              stored[(o * static_cast<size_t>(inputs) + i) * 3 + k];
    linear = Linear(byRow, bias, outputs, 3 * inputs, precision);
  }

 private:
  bool stopped() {
    if (stop_.stop_requested()) fail(ErrorCode::Cancelled, "loading the model was cancelled");
    return error_.has_value();
  }
  void report(double elements) {
    done_ += elements;
    if (progress_) progress_(std::min(1.0, done_ / total_));
  }

  const TensorFile& file_;
  Precision precision_;
  std::function<void(double)> progress_;
  std::stop_token stop_;
  std::optional<Error> error_;
  double done_ = 0, total_ = totalElements();

  double totalElements() const {
    double total = 1;
    for (const auto& [name, tensor] : file_.tensors()) total += static_cast<double>(tensor.elements());
    return total;
  }
};

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

void readSelfAttention(Reader& reader, LayerNorm& norm, Linear& qkv, Linear& out, const std::string& name,
                       int width) {
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

void readFfn(Reader& reader, LayerNorm& norm, Linear& ffn1, Linear& ffn2, const std::string& name, int width,
             int ffnWidth) {
  reader.read(norm, name + "/layer_norm", width);
  reader.read(ffn1, name + "/linear_0", ffnWidth, width,
              [&](std::span<float> weights, std::span<float>) { smooth(norm, weights, kSmoothFfn); });
  reader.read(ffn2, name + "/linear_1", width, ffnWidth);
}

void readDecoderLayer(Reader& reader, DecoderLayer& layer, const std::string& name, int width, int ffnWidth) {
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

void readEncoderLayer(Reader& reader, EncoderLayer& layer, const std::string& name, int width, int ffnWidth) {
  readSelfAttention(reader, layer.attentionNorm, layer.qkv, layer.attentionOut, name + "/self_attention",
                    width);
  readFfn(reader, layer.ffnNorm, layer.ffn1, layer.ffn2, name + "/ffn", width, ffnWidth);
}

// The convolutions' result in the middle of padding, where every log-mel value is 0: the same for every row.
AlignedVector<float> convolvePadding(const WhisperWeights& weights) {
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

}  // namespace

Result<std::shared_ptr<const WhisperWeights>> WhisperWeights::load(
    const std::string& folder, Precision precision, const std::function<void(double)>& progress,
    std::stop_token stop) {
  auto opened = TensorFile::openCTranslate2(folder + "/model.bin");
  if (!opened) return opened.error();
  const TensorFile& file = *opened;
  if (file.spec() != "WhisperSpec")
    return Error{ErrorCode::BadFile, file.path() + " holds a model of kind \"" + file.spec() +
                                         "\"; a Whisper model in CTranslate2's format is needed"};

  auto weights = std::make_shared<WhisperWeights>();
  weights->precision = precision;
  weights->name = std::filesystem::path(folder).lexically_normal().filename();
  weights->melBins = dimension(file, "encoder/conv1/weight", 1);
  weights->width = dimension(file, "encoder/conv1/weight", 0);
  weights->audioContext = dimension(file, "encoder/position_encodings/encodings", 0);
  weights->textContext = dimension(file, "decoder/position_encodings/encodings", 0);
  weights->vocabularySize = dimension(file, "decoder/embeddings/weight", 0);
  weights->ffnWidth = dimension(file, "encoder/layer_0/ffn/linear_0/weight", 0);
  weights->heads = headCount(file, weights->width);
  const int width = weights->width, ffnWidth = weights->ffnWidth;
  const int encoderLayers = countLayers(file, "encoder"), decoderLayers = countLayers(file, "decoder");

  Reader reader(file, precision, progress, stop);
  const bool sane = weights->melBins >= 1 && weights->melBins <= 1024 && weights->audioContext >= 2 &&
                    weights->audioContext <= 65536 && weights->textContext >= 8 &&
                    weights->textContext <= 65536 && encoderLayers >= 1 && decoderLayers >= 1 &&
                    weights->heads >= 1 && width == weights->heads * kHeadDim && ffnWidth >= 16 &&
                    ffnWidth % 16 == 0;
  if (!sane)
    reader.fail(ErrorCode::BadFile,
                file.path() + " does not have the layers of a Whisper model with heads 64 wide (found " +
                    std::to_string(encoderLayers) + " encoder and " + std::to_string(decoderLayers) +
                    " decoder layers, width " + std::to_string(width) + ", " +
                    std::to_string(weights->heads) + " heads, " + std::to_string(weights->melBins) +
                    " mel bins)");
  if (reader.error()) return *reader.error();

  // The largest first: while it is unpacked there is nothing else yet.
  reader.read(weights->projection, "decoder/embeddings", weights->vocabularySize, width);
  reader.readConvolution(weights->conv1, "encoder/conv1", width, weights->melBins, Precision::Float32);
  reader.readConvolution(weights->conv2, "encoder/conv2", width, width, precision);
  reader.read(weights->audioPositions, "encoder/position_encodings/encodings",
              {weights->audioContext, width});
  reader.read(weights->textPositions, "decoder/position_encodings/encodings", {weights->textContext, width});
  weights->encoder.resize(static_cast<size_t>(encoderLayers));
  for (size_t i = 0; i < weights->encoder.size(); ++i)
    readEncoderLayer(reader, weights->encoder[i], "encoder/layer_" + std::to_string(i), width, ffnWidth);
  reader.read(weights->encoderNorm, "encoder/layer_norm", width);
  weights->decoder.resize(static_cast<size_t>(decoderLayers));
  for (size_t i = 0; i < weights->decoder.size(); ++i)
    readDecoderLayer(reader, weights->decoder[i], "decoder/layer_" + std::to_string(i), width, ffnWidth);
  reader.read(weights->decoderNorm, "decoder/layer_norm", width);
  if (reader.error()) return *reader.error();
  weights->paddingState = convolvePadding(*weights);

  auto vocabulary = Vocabulary::load(folder, weights->vocabularySize);
  if (!vocabulary) return vocabulary.error();
  weights->vocabulary = std::make_unique<Vocabulary>(std::move(*vocabulary));
  return std::shared_ptr<const WhisperWeights>(std::move(weights));
}

}  // namespace npuspeech
