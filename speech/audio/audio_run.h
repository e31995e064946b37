// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the audio stands in time, whatever its timestamps say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "speech/audio/deviation.h"

namespace npuspeech {

/// A run is a stretch of audio at 16 kHz that nothing interrupts. Between two runs this object keeps where
/// the last one ended. Sound that is whole stays whole: a run counts its samples, and timestamps that deviate
/// from that count are believed once they have done so for kLastingNs. Sound that is missing shows by a
/// discontinuity that the source tells of, by a gap, or by time that jumps and never comes back. In a live
/// stream a long jump may also be a source that froze and lost no sound: then the run goes on, and
/// lastingNs() tells of the jump. All times are in ns. Not thread-safe.
class AudioRun {
 public:
  /// How long timestamps must deviate, by their own clock, before they are believed. The sinks of GStreamer
  /// wait as long.
  static constexpr int64_t kLastingNs = Deviation::kSpanNs;
  /// In a live stream, a jump up to this length may only be jitter, and sound is not kept back for it.
  static constexpr int64_t kJitterNs = 200'000'000;
  /// Audio that is missing for up to this long becomes silence inside the run, because a network loses
  /// packets in the middle of words.
  static constexpr int64_t kLongestSilenceNs = 1'000'000'000;
  /// In a stream that is not live, time that jumps by more than this is no jitter.
  static constexpr int64_t kFarthestNs = 10'000'000'000;
  /// A smaller deviation than this is not worth a correction.
  static constexpr int64_t kToleratedNs = 40'000'000;

  /// Whether one can compute with this time: it is not negative, and adding to it does not overflow.
  static bool isTime(int64_t time) { return time >= 0 && time < std::numeric_limits<int64_t>::max() / 2; }

  /// Whether a run has been started and not stopped.
  bool isOn() const { return isOn_; }
  /// Starts a run whose first sample stands at `atNs`.
  void start(int64_t atNs, bool isLive);
  void stop() { isOn_ = false; }
  /// Counts samples that came next in the run, or silence that was put in their place.
  void add(size_t samples) { samples_ += samples; }
  /// Says that what comes next stands at `atNs`. Only between two runs.
  void moveTo(int64_t atNs);
  /// The time of the next sample.
  int64_t endNs() const;

  /// A piece of sound that came.
  struct Sound {
    /// Its timestamp, or nothing where it just follows what came before.
    std::optional<int64_t> atNs;
    /// How many samples it has.
    size_t samples = 0;
    /// Whether the source says that something is missing before it.
    bool isDiscont = false;
  };
  /// What is to be done before a piece of sound is added to the run.
  struct Next {
    /// It is not known yet where the sound stands: the caller keeps it back, and does not add it.
    bool isKept = false;
    /// It is known now where the sound stands that was kept back: the caller adds that, as kept() says, and
    /// then asks again about the present piece.
    bool isKnown = false;
    /// The run ends here, and another one starts at `startNs`.
    bool isBreak = false;
    /// Where the new run starts.
    int64_t startNs = 0;
    /// How much silence belongs into the run first.
    int64_t silenceNs = 0;
  };
  /// A piece of sound that was kept back.
  struct Kept {
    /// How many samples it has.
    size_t samples = 0;
    /// How far its timestamp is from where it should be, beyond what is usual.
    int64_t jumpNs = 0;
    /// Once that is known: how much silence belongs into the run before it.
    int64_t silenceNs = 0;
  };
  /// What is to be done before `sound` is added. Only while a run is on.
  Next next(const Sound& sound);
  /// Decides about what was kept back, because nothing comes that could tell more.
  Next settle();
  bool isKeeping() const { return isKeeping_; }
  /// The pieces that were kept back, in order. Valid after a Next with isKnown, until the next call of
  /// next().
  const std::vector<Kept>& kept() const { return kept_; }

  /// Takes note of a gap. What is not known is nothing: it stands behind what came before, or has no length
  /// that is known yet. False where it shows that the run is over, because more than kLongestSilenceNs is
  /// missing, or no run is on. Only while nothing is kept back, and nothing is announced.
  bool announce(std::optional<int64_t> startNs, std::optional<int64_t> durationNs);
  /// How much silence gaps have announced that has not been added to the run.
  int64_t announcedNs() const { return announcedNs_; }
  /// How much of that belongs into the run, as what comes next stands at `nextAtNs`, or nobody knows. It is
  /// announced no longer.
  int64_t takeAnnounced(std::optional<int64_t> nextAtNs);

  /// By how much all timestamps have been later than the run for kLastingNs; negative where they have been
  /// earlier.
  int64_t lastingNs() const;
  /// Says that `by` of this deviation is made good, by silence that was added to the run or samples that were
  /// left out of it.
  void mended(int64_t by) { deviation_.shift(-by); }
  /// Moves the run in time by `by`, which makes good as much of the deviation.
  void shift(int64_t by) {
    startNs_ += by;
    mended(by);
  }

 private:
  Next accept(const Sound& sound, int64_t deviation, int64_t silence = 0);
  Next keep(std::optional<int64_t> at, size_t samples, int64_t jump);
  Next keepFirst(const Sound& sound, int64_t usual, int64_t jump);
  Next nextKept(const Sound& sound);
  Next release(bool hasReturned);
  void fillKept();
  static Next breakAt(int64_t startNs) { return {.isBreak = true, .startNs = startNs}; }
  int64_t deviationOf(int64_t at) const;

  bool isOn_ = false, isLive_ = false;
  int64_t startNs_ = 0;
  uint64_t samples_ = 0;
  std::optional<int64_t> lastAt_;  // the last timestamp
  size_t lastSamples_ = 0;         // how many samples had it
  Deviation deviation_;
  int64_t announcedNs_ = 0;
  bool isGapBefore_ = false;  // a gap was announced since the last sound

  // While sound is kept back.
  bool isKeeping_ = false;
  std::vector<Kept> kept_;
  uint64_t keptSamples_ = 0;
  int64_t keptAt_ = 0;     // the timestamp of its first piece
  int64_t usual_ = 0;      // a deviation that would be nothing new
  int64_t leastJump_ = 0;  // how far beyond that all pieces are
  int64_t mostJump_ = 0;   // how far beyond that the farthest piece is
  int64_t drop_ = 0;       // by how much a piece was less far than one before it
};

}  // namespace npuspeech
