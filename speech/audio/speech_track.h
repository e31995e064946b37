// SPDX-License-Identifier: LGPL-2.1-or-later
// Where people speak in the newest part of a stream, and where it may be cut.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace npuspeech {

/// Speech or silence of the newest frames of a stream, by a threshold with hysteresis. Allocates in the
/// constructor only.
class SpeechTrack {
 public:
  struct Frame {
    float probability = 0;  // of speech
    float energy = 0;       // mean square
    bool speech = false;
  };

  /// capacity: frames that stay readable. Speech starts at probability `on` and goes on until it falls below
  /// `off`.
  SpeechTrack(int capacity, float on, float off);

  void reset();
  void push(float probability, float energy);
  int64_t size() const { return size_; }
  const Frame& operator[](int64_t index) const {
    return frames_[static_cast<size_t>(index) % frames_.size()];
  }

  /// Frames without speech right before `end`, at most 32.
  int64_t quietFrames(int64_t end) const {
    int64_t frames = 0;
    while (frames < std::min<int64_t>(end, 32) && !(*this)[end - 1 - frames].speech) ++frames;
    return frames;
  }

  /// Whether the frame right before `end` is least like speech of the 5 s before, of which 1 s is there.
  bool isLull(int64_t end) const;

  /// The frame at which to cut where [first, last] is too long and the part before the cut may end at
  /// `limit`: the quietest frame of the best pause that starts in (first, limit], or the frame behind that
  /// pause where it has at least `padding` frames. Where nobody pauses: the frame shortly before the limit
  /// that is least like speech.
  int64_t bestCut(int64_t first, int64_t limit, int64_t last, int64_t padding) const;

 private:
  int64_t quietest(int64_t first, int64_t last) const;

  float on_, off_;
  std::vector<Frame> frames_;  // frame f at f % size
  int64_t size_ = 0;
};

}  // namespace npuspeech
