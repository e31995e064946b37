// SPDX-License-Identifier: LGPL-2.1-or-later
// The engine that computes on the CPU, and the process's table of loaded models.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/thread_error.h"
#include "speech/whisper/batch_decoder.h"
#include "speech/whisper/cpu/encoder.h"
#include "speech/whisper/engine.h"
#include "speech/whisper/engine_table.h"
#include "speech/whisper/model_check.h"
#include "speech/whisper/text_budget.h"

namespace npuspeech {
namespace {

namespace fs = std::filesystem;

class CpuEngine : public Engine, public std::enable_shared_from_this<CpuEngine> {
 public:
  CpuEngine(std::shared_ptr<const CpuWeights> weights, npu::ChosenDevice device, int threads)
      : weights_(std::move(weights)),
        device_(std::move(device)),
        pool_(threads),
        encoder_(weights_),
        decoder_(weights_, pool_, [this](Decoder& decoder, const EncodedWindow& window) {
          return encodeFull(decoder, window);
        }) {
    info_.name = weights_->name;
    info_.melBins = weights_->melBins;
    info_.audioContext = weights_->audioContext;
    info_.stateWidth = weights_->width;
    info_.multilingual = weights_->vocabulary->multilingual();
    info_.languages = info_.multilingual ? weights_->vocabulary->languages() : std::vector<std::string>{"en"};
  }

  const ModelInfo& info() const override { return info_; }
  const std::shared_ptr<npu::Device>& device() override { return device_.device; }
  const std::string& deviceReason() const override { return device_.reason; }

  Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape, npu::BufferObject& states,
                      std::stop_token stop) override {
    const size_t melBytes =
        static_cast<size_t>(shape.frames) * static_cast<size_t>(info_.melBins) * sizeof(float);
    const size_t stateBytes =
        static_cast<size_t>(shape.rows()) * static_cast<size_t>(info_.stateWidth) * sizeof(float);
    if (shape.frames < 1 || shape.context != info_.audioContext || shape.audioRows() > shape.context ||
        logMel.size() < melBytes || states.size() < stateBytes)
      return Error{ErrorCode::BadValue, "a window of " + std::to_string(shape.frames) +
                                            " log-mel frames does not fit the model " + info_.name +
                                            " or its buffers"};
    const BatchDecoder::ActiveEncoder active(decoder_);
    try {
      const std::lock_guard lock(encoderMutex_);
      if (encoder_.encode(pool_, logMel.as<const float>(), shape, states.as<float>(), stop)) return {};
      return Error{ErrorCode::Cancelled, "encoding was cancelled"};
    } catch (const std::bad_alloc&) {
      return Error{ErrorCode::OutOfMemory, "There is no memory to encode a window."};
    }
  }

  Result<std::unique_ptr<DecodeStream>> openStream(const StreamOptions& options) override {
    const Vocabulary& vocabulary = *weights_->vocabulary;
    StreamContext context;
    context.options = options;
    const TextBudget budget{static_cast<size_t>(weights_->textContext)};
    context.text = LiveText(options.liveOptions, budget.forced());
    if (auto has = hasFor(vocabulary, info_.name, options); !has) return has.error();
    if (!info_.multilingual) {
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
    return decoder_.openStream(std::move(context), shared_from_this());
  }

 private:
  std::shared_ptr<const CrossAttentionCache> encodeFull(Decoder& decoder, const EncodedWindow& window) {
    WindowShape shape = window.shape;
    shape.padding = kFullContext;
    AlignedVector<float> states(static_cast<size_t>(shape.rows()) * static_cast<size_t>(info_.stateWidth));
    {
      const ThreadPool::Break pause(pool_);  // whoever encodes may wait for a turn
      std::lock_guard lock(encoderMutex_);
      encoder_.encode(pool_, window.logMel->as<const float>(), shape, states.data(), {});
    }
    return decoder.prepare(pool_, states.data(), shape);
  }

  std::shared_ptr<const CpuWeights> weights_;
  npu::ChosenDevice device_;
  ModelInfo info_;
  ThreadPool pool_;
  std::mutex encoderMutex_;  // the encoder computes one window at a time
  Encoder encoder_;          // under encoderMutex_
  BatchDecoder decoder_;
};

// A thread for each physical core: the second thread of a core adds nothing to arithmetic.
int physicalCores() {
  std::set<std::string> cores;
  const int processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  for (int i = 0; i < processors; ++i) {
    std::ifstream siblings("/sys/devices/system/cpu/cpu" + std::to_string(i) + "/topology/thread_siblings");
    std::string mask;
    if (std::getline(siblings, mask)) cores.insert(mask);
  }
  return cores.empty() ? processors : std::min(processors, static_cast<int>(cores.size()));
}

Result<std::shared_ptr<Engine>> load(const std::string& folder, const EngineOptions& options, int threads,
                                     const Engine::Progress& progress, const std::stop_token& stop) {
  auto device = npu::openDevice(options.device);
  if (!device) return device.error();
  try {
    auto weights = CpuWeights::load(folder, options.precision, progress, stop);
    if (!weights) return weights.error();
    return std::shared_ptr<Engine>(std::make_shared<CpuEngine>(*weights, std::move(*device), threads));
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::OutOfMemory, "There is no memory to load the model " + folder + "."};
  } catch (const std::system_error&) {
    return threadError("compute with the model " + folder);
  }
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::open(const EngineOptions& options, const Progress& progress,
                                             std::stop_token stop) {
  auto folder = findModel(options.model);
  if (!folder) return folder.error();
  std::error_code unresolved;
  const fs::path canonical = fs::weakly_canonical(*folder, unresolved);
  const std::string path = unresolved ? *folder : canonical.string();
  const int threads = options.threads > 0 ? options.threads : physicalCores();
  return EngineTable::ofProcess().open(
      {path, options.device, options.precision, threads},
      [&] { return load(path, options, threads, progress, stop); }, stop);
}

}  // namespace npuspeech
