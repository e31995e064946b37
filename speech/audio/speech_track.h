// SPDX-License-Identifier: LGPL-2.1-or-later
// Where people speak in the newest part of a stream, and where it may be cut.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace npuspeech {

/// Remembers of the newest frames of a stream which are speech and which are silence. A frame has 32 ms. Not
/// thread-safe. Allocates in the constructor only.
class SpeechTrack {
 public:
  struct Frame {
    /// The probability of speech.
    float probability = 0;
    /// The mean square of the samples.
    float energy = 0;
    /// Whether the frame counts as speech.
    bool speech = false;
  };

  /// `capacity`: how many of the newest frames can be read. Speech starts with a frame of probability `on` or
  /// more, and goes on until the first one below `off`.
  SpeechTrack(int capacity, float on, float off);

  /// Begins a new stream.
  void reset();
  void push(float probability, float energy);
  /// How many frames have been pushed since reset().
  int64_t size() const { return size_; }
  /// A frame that can be read, counted from reset().
  const Frame& operator[](int64_t index) const {
    return frames_[static_cast<size_t>(index) % frames_.size()];
  }

  /// How many frames right before frame `end` are silence, at most 32.
  int64_t quietFrames(int64_t end) const {
    int64_t frames = 0;
    while (frames < std::min<int64_t>(end, 32) && !(*this)[end - 1 - frames].speech) ++frames;
    return frames;
  }

  /// Whether the frame right before frame `end` is the least like speech of the newest 5 s. False while there
  /// is less than 1 s to compare with.
  bool isLull(int64_t end) const;

  /// Where to cut the frames [first, last], which are too many, so that the part before the cut ends at
  /// `limit` at the latest. Returns the quietest frame of the best pause that starts in (first, limit], or
  /// the frame behind that pause where it has `padding` frames or more. If nobody pauses, returns the frame
  /// shortly before the limit that is least like speech.
  int64_t bestCut(int64_t first, int64_t limit, int64_t last, int64_t padding) const;

 private:
  /// The frame of [first, last] that is least like speech.
  int64_t quietest(int64_t first, int64_t last) const;

  float on_;
  float off_;
  std::vector<Frame> frames_;  // frame f is at f % capacity
  int64_t size_ = 0;
};

}  // namespace npuspeech
