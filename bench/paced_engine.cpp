// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/paced_engine.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "bench/local_agreement.h"

namespace npuspeech::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int64_t kFrameNs = 10'000'000;

Result<DecodedWindow> decodeNow(DecodeStream& stream, EncodedWindow window) {
  std::promise<Result<DecodedWindow>> promise;
  stream.submit(std::move(window),
                [&](Result<DecodedWindow> decoded) { promise.set_value(std::move(decoded)); });
  return promise.get_future().get();
}

}  // namespace

class PacedEngine::Stream : public DecodeStream {
 public:
  Stream(std::shared_ptr<PacedEngine> paced, const StreamOptions& options,
         std::unique_ptr<DecodeStream> stream)
      : paced_(std::move(paced)), options_(options), stream_(std::move(stream)) {}

  void submit(EncodedWindow window, Done done) override {
    const auto begin = Steady::now();
    const int64_t durationNs = window.shape.frames * kFrameNs;
    auto decoded =
        stream_ ? decodeNow(*stream_, std::move(window)) : readAgreement(std::move(window), durationNs);
    int64_t costNs = std::exchange(paced_->encodingNs_, 0) + (Steady::now() - begin).count();
    if (paced_->costMs_ > 0)
      costNs = static_cast<int64_t>(paced_->costMs_ * 1e-3 * static_cast<double>(durationNs));
    paced_->answerAt(costNs, std::move(done), std::move(decoded));
  }
  void cancel() override {}

 private:
  Result<DecodedWindow> readAgreement(EncodedWindow window, int64_t durationNs) {
    StreamOptions options = options_;
    options.prompt = agreement_.prompt();
    auto stream = paced_->engine_->openStream(options);
    if (!stream) return stream.error();
    AudioWindow audio;
    audio.startNs = window.startNs;
    audio.durationNs = durationNs;
    audio.isFinal = std::exchange(window.isFinal, true);
    auto decoded = decodeNow(**stream, std::move(window));
    if (!decoded) return decoded;
    return agreement_.take(audio, decoded->words);
  }

  const std::shared_ptr<PacedEngine> paced_;
  const StreamOptions options_;
  const std::unique_ptr<DecodeStream> stream_;  // null: LocalAgreement opens one a window
  LocalAgreement agreement_;
};

Result<std::unique_ptr<DecodeStream>> PacedEngine::openStream(const StreamOptions& options) {
  StreamOptions own = options;
  own.live = policy_ == Policy::Ours;
  std::unique_ptr<DecodeStream> stream;
  if (policy_ != Policy::LocalAgreement) {
    auto opened = engine_->openStream(own);
    if (!opened) return opened.error();
    stream = std::move(*opened);
  }
  return std::unique_ptr<DecodeStream>(std::make_unique<Stream>(shared_from_this(), own, std::move(stream)));
}

Result<void> PacedEngine::encode(const npu::BufferObject& logMel, const WindowShape& shape,
                                 npu::BufferObject& states, std::stop_token stop) {
  const auto begin = Steady::now();
  auto encoded = engine_->encode(logMel, shape, states, std::move(stop));
  encodingNs_ = (Steady::now() - begin).count();
  return encoded;
}

void PacedEngine::answerAt(int64_t costNs, DecodeStream::Done done, Result<DecodedWindow> decoded) {
  answeredAtNs_ = std::max(nowNs_, answeredAtNs_) + costNs;
  readings_.push_back({nowNs_, answeredAtNs_});
  if (policy_ == Policy::Offline)
    done(std::move(decoded));
  else
    answers_.push_back({answeredAtNs_, std::move(done), std::move(decoded)});
}

void PacedEngine::advance(int64_t nowNs) {
  while (!answers_.empty() && answers_.front().atNs <= nowNs) {
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    nowNs_ = answer.atNs;
    answer.done(std::move(answer.decoded));
  }
  nowNs_ = nowNs;
}

void PacedEngine::finish() {
  advance(std::max(nowNs_, answeredAtNs_));
}

Reading PacedEngine::takeReading() {
  const Reading reading = readings_.front();
  readings_.pop_front();
  return reading;
}

}  // namespace npuspeech::bench
