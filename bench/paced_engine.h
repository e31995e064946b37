// SPDX-License-Identifier: LGPL-2.1-or-later
// An engine whose answers come when a virtual clock says so, and that may commit words by another policy.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "speech/whisper/engine.h"

namespace npuspeech::bench {

/// How words are committed. Ours: as the engine does. LocalAgreement: by the reference policy. Offline: final
/// windows only.
enum class Policy { Ours, LocalAgreement, Offline };

/// The times of a window's reading, in ns of the virtual clock.
struct Reading {
  /// When the window's last sample had arrived.
  int64_t nowNs = 0;
  /// When the window's text came out.
  int64_t atNs = 0;
};

/// Decodes each window at once, and answers when the virtual clock has reached the time of the answer. That
/// is the time at which the window came, or at which the one before it was answered, plus the time that the
/// window takes. Calls and callbacks are on a single thread.
class PacedEngine : public Engine, public std::enable_shared_from_this<PacedEngine> {
 public:
  /// `costMs` is the time that each second of a window takes on the virtual clock, so that answers are the
  /// same on any machine, however busy. 0 stands for the measured time.
  PacedEngine(std::shared_ptr<Engine> engine, Policy policy, double costMs)
      : engine_(std::move(engine)), policy_(policy), costMs_(costMs) {}

  /// The time of the virtual clock.
  int64_t nowNs() const { return nowNs_; }
  /// Moves the clock to `nowNs`, and gives the answers that are due until then, each at its own time. A
  /// stream that is not live gets its answers at once.
  void advance(int64_t nowNs);
  /// Moves the clock on until all answers have been given.
  void finish();
  /// Takes the reading of the oldest answer that was not asked for yet.
  Reading takeReading();

  const ModelInfo& info() const override { return engine_->info(); }
  const std::shared_ptr<npu::Device>& device() override { return engine_->device(); }
  const std::string& deviceReason() const override { return engine_->deviceReason(); }
  Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape, npu::BufferObject& states,
                      std::stop_token stop) override;
  /// Opens a stream; only one may be open at a time.
  Result<std::unique_ptr<DecodeStream>> openStream(const StreamOptions& options) override;

 private:
  class Stream;
  struct Answer {
    int64_t atNs = 0;
    DecodeStream::Done done;
    Result<DecodedWindow> decoded;
  };
  void answerAt(int64_t costNs, DecodeStream::Done done, Result<DecodedWindow> decoded);

  const std::shared_ptr<Engine> engine_;
  const Policy policy_;
  const double costMs_;
  int64_t nowNs_ = 0, answeredAtNs_ = 0;
  /// The time that the encoder took for the next window.
  int64_t encodingNs_ = 0;
  std::deque<Answer> answers_;
  std::deque<Reading> readings_;
};

}  // namespace npuspeech::bench
