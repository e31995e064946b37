// SPDX-License-Identifier: LGPL-2.1-or-later
// The engine that is composed of an encoder and a decoder.
#include <new>
#include <string>
#include <utility>

#include "speech/whisper/batch_decoder.h"
#include "speech/whisper/engine_parts.h"
#include "speech/whisper/model_check.h"
#include "speech/whisper/text_budget.h"

namespace npuspeech {
namespace {

class ComposedEngine : public Engine, public std::enable_shared_from_this<ComposedEngine> {
 public:
  explicit ComposedEngine(EngineParts parts)
      : parts_(std::move(parts)),
        batches_(parts_.info, parts_.vocabulary, *parts_.decoder,
                 [this](const EncodedWindow& window) { return encodeFull(window); }) {}

  const ModelInfo& info() const override { return parts_.info; }
  const std::shared_ptr<npu::Device>& device() override { return parts_.device.device; }
  const std::string& deviceReason() const override { return parts_.device.reason; }

  Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape, npu::BufferObject& states,
                      std::stop_token stop) override {
    const ModelInfo& model = parts_.info;
    if (!model.fits(shape) || logMel.size() < model.logMelBytes(shape) ||
        states.size() < model.stateBytes(shape))
      return Error{ErrorCode::BadValue, "A window of " + std::to_string(shape.frames) +
                                            " log-mel frames does not fit the model " + model.name +
                                            " or its buffers: use the same model in all elements."};
    const BatchDecoder::ActiveEncoder active(batches_);
    try {
      return parts_.encoder->encode(logMel, shape, states, stop);
    } catch (const std::bad_alloc&) {
      return Error{ErrorCode::OutOfMemory, "There is no memory to encode a window."};
    }
  }

  Result<std::unique_ptr<DecodeStream>> openStream(const StreamOptions& options) override {
    const Vocabulary& vocabulary = *parts_.vocabulary;
    if (auto has = hasFor(vocabulary, parts_.info.name, options); !has) return has.error();
    StreamContext context;
    context.options = options;
    const TextBudget budget{static_cast<size_t>(parts_.decoder->textContext())};
    context.text = LiveText(options.liveOptions, budget.forced());
    if (!parts_.info.multilingual) {
      context.language = 0;
      context.languageCode = "en";
    } else if (options.language != "auto") {
      context.language = vocabulary.languageToken(options.language);
      context.languageCode = options.language;
    }
    if (!options.prompt.empty()) {
      auto tokens = vocabulary.encode(" " + options.prompt);
      if (!tokens) return tokens.error();
      context.prompt = std::move(*tokens);
    }
    return batches_.openStream(std::move(context), shared_from_this());
  }

 private:
  /// On the decoding thread, which lets others compute while it waits for the encoder.
  std::shared_ptr<const CrossAttentionCache> encodeFull(const EncodedWindow& window) {
    WindowShape shape = window.shape;
    shape.padding = kFullContext;
    const auto states = parts_.device.device->allocate(parts_.info.stateBytes(shape));
    if (!states) return nullptr;
    parts_.decoder->rest();
    if (!parts_.encoder->encode(*window.logMel, shape, **states, {})) return nullptr;
    return parts_.decoder->prepare(**states, shape);
  }

  EngineParts parts_;
  BatchDecoder batches_;  // last: its thread uses the parts
};

}  // namespace

std::shared_ptr<Engine> makeEngine(EngineParts parts) {
  return std::make_shared<ComposedEngine>(std::move(parts));
}

size_t ModelInfo::logMelBytes(const WindowShape& shape) const {
  return static_cast<size_t>(shape.frames) * static_cast<size_t>(melBins) * sizeof(float);
}

size_t ModelInfo::stateBytes(const WindowShape& shape) const {
  return static_cast<size_t>(shape.rows()) * static_cast<size_t>(stateWidth) * sizeof(float);
}

bool ModelInfo::fits(const WindowShape& shape) const {
  return shape.frames >= 1 && shape.context == audioContext && shape.audioRows() <= shape.context;
}

}  // namespace npuspeech
