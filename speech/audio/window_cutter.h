// SPDX-License-Identifier: LGPL-2.1-or-later
// Walks over analysed audio, and decides where windows and gaps begin and end.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "speech/audio/sound_analysis.h"
#include "speech/audio/window_limits.h"
#include "speech/audio/windower.h"

namespace npuspeech {

/// Goes through the frames of a SoundAnalysis one at a time. A cut walks back to where the next window
/// begins. Positions are samples of a part of the stream that nothing interrupts, but where they are in ns.
/// Not thread-safe; does not allocate.
class WindowCutter {
 public:
  using Event = std::variant<AudioWindow, AudioGap>;

  /// `sound` must outlive this. `firstUtterance`: the number of the first utterance.
  WindowCutter(const WindowLimits& limits, SoundAnalysis& sound, uint64_t firstUtterance);

  /// Begins a stream at this stream time. Drops the events that are there.
  void beginStream(int64_t startNs);
  /// Whether all frames that are analysed have been walked.
  bool isThrough() const { return stepped_ == sound_.track().size(); }
  /// Walks one frame more.
  void step();
  /// The end of the part is analysed and walked. Called until it returns true, each time when no event is
  /// left. Then a new part has begun behind it.
  bool endPart();
  /// Live: the source has stalled. What is being said comes out so far.
  void stall();

  /// The next event; nothing where there is none.
  std::optional<Event> next();
  /// As Windower::logMel().
  void logMel(float* out);

  /// As those of Windower.
  void commit(int64_t untilNs);
  bool isCurrent(uint64_t utterance) const { return utterance >= count_.firstOfPart; }
  uint64_t nextUtterance() const { return count_.utterance + (count_.number > 0); }
  int64_t quietNs() const;
  bool isLull() const { return sound_.track().isLull(stepped_); }
  bool isBetweenUtterances() const { return !window_.isOpen; }
  void stretchPauses(int64_t ns) { stretch_.wantedNs = ns; }
  int64_t takeStretched();
  void holdPartial(bool held) { isHeld_ = held; }

 private:
  /// Where the samples of the part stand in the stream.
  struct Place {
    int64_t originNs = 0;   // stream time of the stream's sample 0
    int64_t partStart = 0;  // samples of the stream before this part

    int64_t nsOf(int64_t sample) const { return originNs + (partStart + sample) * kNsPerSample; }
    int64_t sampleOf(int64_t ns) const { return (ns - originNs) / kNsPerSample - partStart; }
  };
  /// How far windows and gaps have come out.
  struct Out {
    int64_t sample = 0;
    int64_t ns = 0;  // the stream time of that
  };
  /// The window that is being made.
  struct Window {
    bool isOpen = false;
    bool isContinued = false;  // it goes on, or will, where a cut made the last one end
    bool isRecalled = false;   // live: it begins with audio of the utterance before
    int64_t start = 0;
    int64_t speechEnd = 0;  // the end of the newest speech in it
    int64_t speech = 0;     // how much speech it has
    float peak = 0;         // the highest speech probability in it
    int64_t partialAt = 0;  // live: when its last partial window came out
  };
  /// Live: what the next utterance may have of the one before.
  struct Recall {
    int64_t heardUntil = 0;  // where that one ended
    int64_t neededFrom = 0;  // its audio is needed again from here on
    int64_t earliest = 0;    // but nothing before this is
  };
  /// How pauses between utterances are made longer, or shorter.
  struct Stretch {
    int64_t wantedNs = 0;
    int64_t doneNs = 0;  // since takeStretched()
  };
  /// How windows are counted.
  struct Count {
    uint64_t utterance = 0;
    uint64_t firstOfPart = 0;  // the first utterance of this part
    uint32_t number = 0;       // the next window's, within its utterance
  };
  /// The window that came out last.
  struct Given {
    int64_t frame = 0;    // of the log-mel
    int frames = 0;       // of the log-mel
    bool isFirst = true;  // it shares nothing with the window before
    float loudest = 0;    // the largest log-mel of the utterance's windows
  };

  void beginPart();
  void open(int64_t speechStart);
  void close();
  void cut();
  void stretch();
  void emitGap(int64_t end);
  void emitPartial();
  void emitWindow(int64_t end, bool isFinal);
  /// The end of the audio that was walked.
  int64_t walked() const;
  /// All that was walked before this is silent enough for a gap.
  int64_t silentUntil() const;
  /// Whether the window that is being made has enough speech to come out.
  bool isSure() const;

  const WindowLimits limits_;
  SoundAnalysis& sound_;
  int64_t stepped_ = 0;  // frames that were walked
  bool isHeld_ = false;  // live: no partial windows for now
  Place place_;
  Out out_;
  Window window_;
  Recall recall_;
  Stretch stretch_;
  Count count_;
  Given given_;
  std::array<Event, 4> events_;
  size_t eventBegin_ = 0, eventEnd_ = 0;
};

}  // namespace npuspeech
