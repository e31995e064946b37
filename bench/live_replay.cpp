// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/live_replay.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <future>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace npuspeech::bench {
namespace {

constexpr size_t kRate = 16000, kPiece = kRate / 50;

double seconds(int64_t ns) {
  return static_cast<double>(ns) * 1e-9;
}

double processorSeconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

nlohmann::json listOf(const std::vector<Word>& words, int64_t windowStartNs) {
  nlohmann::json list = nlohmann::json::array();
  for (const Word& word : words)
    list.push_back({seconds(windowStartNs + word.startNs), seconds(windowStartNs + word.endNs),
                    (word.spaceBefore ? " " : "") + word.text});
  return list;
}

void print(const nlohmann::json& line) {
  std::puts(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

template <typename T>
T valueOf(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

Replay::Replay(Engine& engine, const ReplayOptions& options, std::shared_ptr<const SileroWeights> vad)
    : engine_(engine), options_(options), windower_(options.windows, std::move(vad)) {
  const ModelInfo& info = engine.info();
  const auto floats = [](int count) { return static_cast<size_t>(count) * sizeof(float); };
  logMel_ = valueOf(engine.device()->allocate(floats(2 * info.audioContext * info.melBins)));
  states_ = valueOf(engine.device()->allocate(floats(info.audioContext * info.stateWidth)));
  stream_ = valueOf(engine.openStream(options.stream));
}

void Replay::run(const std::string& name, std::span<const float> samples) {
  const double processor = processorSeconds();
  windower_.reset(0);
  for (size_t at = 0; at < samples.size(); at += kPiece) {
    const size_t count = std::min(kPiece, samples.size() - at);
    now_ = static_cast<int64_t>((at + count) * 1'000'000'000 / kRate);
    if (isWaiting_ && now_ >= answeredAt_) {
      pacer_.answered(answeredAt_);
      if (options_.policy != Policy::Offline) windower_.commit(neededFrom_);
      isWaiting_ = false;
    }
    windower_.holdPartial(isWaiting_ || !pacer_.mayPush(now_));
    windower_.push(samples.subspan(at, count));
    takeWindows(name);
  }
  windower_.drain();
  takeWindows(name);
  print({{"file", name},
         {"audio", static_cast<double>(samples.size()) / kRate},
         {"processor", processorSeconds() - processor},
         {"windows", windows_}});
  std::fflush(stdout);
}

void Replay::takeWindows(const std::string& name) {
  while (const auto event = windower_.next()) {
    const auto* window = std::get_if<AudioWindow>(&*event);
    if (!window) continue;
    const auto begin = std::chrono::steady_clock::now();
    const DecodedWindow read = this->read(*window);
    int64_t cost = (std::chrono::steady_clock::now() - begin).count();
    if (options_.costMs > 0)
      cost = static_cast<int64_t>(options_.costMs * 1e-3 * static_cast<double>(window->durationNs));
    ++windows_;
    answeredAt_ = std::max(now_, answeredAt_) + cost;
    isWaiting_ = true;
    neededFrom_ = read.neededFromNs;
    if (!window->isFinal) pacer_.pushed(now_);
    print({{"file", name},
           {"start", seconds(window->startNs)},
           {"end", seconds(window->startNs + window->durationNs)},
           {"now", seconds(now_)},
           {"at", seconds(answeredAt_)},
           {"final", window->isFinal},
           {"words", listOf(read.words, window->startNs)},
           {"interim", listOf(read.interim, window->startNs)}});
  }
}

DecodedWindow Replay::read(const AudioWindow& window) {
  if (options_.policy != Policy::LocalAgreement) return valueOf(decode(window, *stream_));
  StreamOptions options = options_.stream;
  options.prompt = agreement_.prompt();
  const std::unique_ptr<DecodeStream> stream = valueOf(engine_.openStream(options));
  return agreement_.take(window, valueOf(decode(window, *stream)).words);
}

Result<DecodedWindow> Replay::decode(const AudioWindow& window, DecodeStream& stream) {
  windower_.logMel(logMel_->as<float>());
  EncodedWindow encoded;
  encoded.shape = {window.frames, engine_.info().audioContext, {}};
  encoded.startNs = window.startNs;
  encoded.utterance = window.utterance;
  encoded.isFinal = window.isFinal || options_.policy != Policy::Ours;
  encoded.states = states_;
  encoded.logMel = logMel_;
  if (auto done = engine_.encode(*logMel_, encoded.shape, *states_, {}); !done) return done.error();
  std::promise<Result<DecodedWindow>> promise;
  stream.submit(std::move(encoded),
                [&](Result<DecodedWindow> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

}  // namespace npuspeech::bench
