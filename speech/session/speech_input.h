// SPDX-License-Identifier: LGPL-2.1-or-later
// Takes the sound of a stream, finds out where it stands in time, and has it cut into windows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "speech/audio/audio_run.h"
#include "speech/audio/windower.h"
#include "speech/session/live_feedback.h"
#include "speech/stream/clock_jump.h"

namespace npuspeech {

/// The part of a stream from sound to windows: AudioRun says where sound stands, Windower cuts it, and live
/// windows come as often as their reader answers. Times are in ns, by the clock of the timestamps; what
/// counts by another clock says so. Of one thread at a time, but for receive().
class SpeechInput {
 public:
  /// Who takes what comes out. Called on the thread that calls the input, with no lock held.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    /// How audio is to be cut. Asked when sound comes and no windower is there. `firstUtterance` is not used.
    virtual Windower::Options windowOptions() = 0;
    /// The time by the clock of receive(), which need not be that of the timestamps.
    virtual int64_t nowNs() = 0;
    /// Where the time of an answer stands by the clock of the timestamps; nothing where it stands nowhere.
    virtual std::optional<int64_t> positionOf(int64_t answerNs) { return answerNs; }
    /// Whether a partial window may come out, as far as the receiver is concerned. The pace at which windows
    /// are answered decides too.
    virtual bool takesPartial() { return true; }
    /// A new run begins: what comes next does not follow what came before.
    virtual void beginRun() {}
    /// Takes the window that `windower` has just given, while its log-mel can be had. The window's times are
    /// from before `jump`. Returns false where no more is to come for now.
    virtual bool takeWindow(Windower& windower, const AudioWindow& window, const ClockJump& jump) = 0;
    /// Nobody speaks from `startNs` on, for `durationNs`; nothing where nobody knows how long, as the source
    /// has stalled. Returns as takeWindow().
    virtual bool takeGap(int64_t startNs, std::optional<int64_t> durationNs) = 0;
  };

  /// A live source that sends nothing for so long beyond its time has stalled: stall() is due. That is
  /// shorter than text may take by default, and longer than a network hesitates.
  static constexpr int64_t kStallNs = 2'000'000'000;
  /// When it has sent nothing for so long more, it will hardly go on in the middle of a word: stall() is due
  /// again.
  static constexpr int64_t kGoneNs = 10'000'000'000;

  /// `receiver` must outlive this.
  explicit SpeechInput(Receiver& receiver) : receiver_(receiver) {}

  /// Begins with this voice activity model; null treats all audio as speech. Forgets everything but how far
  /// utterances have been counted.
  void start(std::shared_ptr<const SileroWeights> vad);
  /// Lets go of all that start() and the audio took.
  void stop();
  /// Forgets the audio, and where it stood.
  void reset();
  /// The next run asks for windowOptions() again. Only after drain().
  void forgetWindower();

  /// Takes mono samples at 16 kHz that stand at `atNs`, or behind what came before. `isDiscont`: the source
  /// says that something is missing before them. Returns goesOn().
  bool push(std::span<const float> samples, std::optional<int64_t> atNs = {}, bool isDiscont = false);
  /// Takes note that audio is silent or lost from `startNs` on for `durationNs`; nothing where nobody knows
  /// that yet. Returns true where the run goes on: as much of the gap as what comes next does not deny
  /// becomes silence inside the run. Else the run has ended, and whoever called passes the gap on.
  bool takeGap(std::optional<int64_t> startNs, std::optional<int64_t> durationNs);
  /// Ends the run: what is pending comes out, and the next sound starts a new run. Returns goesOn().
  bool drain();
  /// Says that what comes next stands at `atNs`. Only between two runs.
  void moveTo(int64_t atNs) { run_.moveTo(atNs); }
  /// The source has stalled. Called first, what was said comes out but for a word that may have been cut,
  /// since a source that froze goes on with the rest of it; called once more, the run ends. Each time a gap
  /// of unknown length follows, so that captions do not wait. Returns true the first time.
  bool stall();

  /// Tells of an answer to a live window; any thread.
  void receive(const LiveFeedback::Answer& answer) { feedback_.receive(answer); }

  /// False once the receiver wanted no more during the last call.
  bool goesOn() const { return goesOn_; }
  bool isOn() const { return run_.isOn(); }
  /// Whether the last sound is kept back until it is known where it stands.
  bool isKeeping() const { return run_.isKeeping(); }
  /// Whether the present windower cuts live audio.
  bool isLive() const { return isLive_; }
  /// Where the run ends, with gaps that are announced, or the last one ended.
  int64_t endNs() const { return run_.endNs() + run_.announcedNs(); }
  /// Samples of the present windower that were no sound.
  uint64_t clicks() const { return windower_ ? windower_->clicks() : 0; }

 private:
  void startRun(int64_t atNs);
  void place(const AudioRun::Next& next);
  void settle();
  void pushKept();
  void pushAudio(std::span<const float> samples);
  void pushHeard(std::span<const float> samples);
  void pushSilence(int64_t durationNs);
  void fillGap(std::optional<int64_t> nextAtNs);
  void pushReady();
  void endRun();
  ClockJump jumpBy(int64_t lastingNs) const;
  void mend();
  size_t spare(size_t samples);

  Receiver& receiver_;
  LiveFeedback feedback_;
  std::shared_ptr<const SileroWeights> vad_;
  std::unique_ptr<Windower> windower_;
  uint64_t firstUtterance_ = 0;  // of the next windower, so that no number comes twice
  bool isLive_ = false, goesOn_ = true;
  bool hasStalled_ = false;          // since the last sound
  AudioRun run_;                     // that the windower stands in
  ClockJump jump_;                   // of the run's clock, which the windower does not follow yet
  std::optional<int64_t> keptFrom_;  // where the next jump would be
  std::vector<float> kept_;          // the samples that the run keeps back
};

}  // namespace npuspeech
