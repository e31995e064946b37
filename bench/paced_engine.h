// SPDX-License-Identifier: LGPL-2.1-or-later
// An engine whose answers come when a virtual clock says so, and that may commit words by another policy.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "speech/whisper/engine.h"

namespace npuspeech::bench {

/// Ours: the engine's own. LocalAgreement: the reference policy. Offline: whole windows only.
enum class Policy { Ours, LocalAgreement, Offline };

/// When a window was read, in ns of the virtual clock.
struct Reading {
  /// When the window's last sample was there.
  int64_t nowNs = 0;
  /// When its text came out.
  int64_t atNs = 0;
};

/// Reads each window at once and answers later: what the window takes is added to the time at which it came,
/// or at which the one before it was answered. All calls are of one thread, and the callbacks too.
class PacedEngine : public Engine, public std::enable_shared_from_this<PacedEngine> {
 public:
  /// `costMs`: what each second of a window takes, whatever it does take: the same answers on any machine,
  /// however busy it is. 0: as measured.
  PacedEngine(std::shared_ptr<Engine> engine, Policy policy, double costMs)
      : engine_(std::move(engine)), policy_(policy), costMs_(costMs) {}

  /// The virtual clock.
  int64_t nowNs() const { return nowNs_; }
  /// Lets the clock go on; answers that are due come meanwhile, each at its own time. Not live, they come at
  /// once.
  void advance(int64_t nowNs);
  /// Lets the clock go on until all answers have come.
  void finish();
  /// When the window whose text came first of those not asked for yet was read.
  Reading takeReading();

  const ModelInfo& info() const override { return engine_->info(); }
  const std::shared_ptr<npu::Device>& device() override { return engine_->device(); }
  const std::string& deviceReason() const override { return engine_->deviceReason(); }
  Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape, npu::BufferObject& states,
                      std::stop_token stop) override;
  /// One at a time.
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
  int64_t encodingNs_ = 0;  // what the encoder took for the next window
  std::deque<Answer> answers_;
  std::deque<Reading> readings_;
};

}  // namespace npuspeech::bench
