// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns decoded windows into a text stream without holes: buffers in order, and GAP events between them.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "speech/text/captions.h"
#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// Pushes to one source pad, on its task. Buffers have PTS and duration, and never overlap or go back in
/// time. The first one after a discontinuity is flagged DISCONT.
class TextPusher {
 public:
  /// `onText` is called with the PTS of each text before it is pushed.
  TextPusher(GstPad* src, std::function<void(GstClockTime)> onText) : src_(src), onText_(std::move(onText)) {}

  /// Starts a new stream of text.
  void configure(const CaptionOptions& options);
  /// Forgets pending words and the position of the stream.
  void reset();

  /// A window's place in the stream, as stream positions.
  struct Place {
    /// Start and end of the window. The times of its words count from `start`.
    GstClockTime start = 0, end = 0;
    /// True: later windows may have more words for this time, so that the text stream stays `hold` behind
    /// `end`.
    bool isUnsettled = false;
    /// How far the text stream stays behind the end of the window while it is unsettled.
    GstClockTime hold = 0;
    /// Where the next word, which may still change, begins: the text stream does not go beyond.
    /// GST_CLOCK_TIME_NONE where no such word is known.
    GstClockTime unsureFrom = GST_CLOCK_TIME_NONE;
    /// The language of the text, ISO 639-1.
    std::string language;
    /// True: the window does not follow the one before it, and time may have gone back.
    bool discont = false;
    /// True: the utterance is over.
    bool isFinal = true;
  };
  /// Takes a window's words, and pushes the text that is complete.
  GstFlowReturn pushWindow(const DecodedWindow& window, const Place& place);
  /// Takes a gap, in which there is no speech: pushes pending words, then GAP up to start + duration. Where
  /// the duration is unknown, the GAP is passed on as it is.
  GstFlowReturn pushGap(GstClockTime start, GstClockTime duration);
  /// Pushes a GAP at the current position, for a sink that needs data to pause with.
  GstFlowReturn standStill();
  /// The PTS of the text that waits for more words; empty where none waits.
  std::optional<GstClockTime> pendingSince() const;
  /// Pushes the text that waits for more words.
  GstFlowReturn release();
  /// Pushes all pending words.
  GstFlowReturn flush();
  /// Pushes all pending words, then GAP up to the end of the audio, for which no more words will come.
  GstFlowReturn finish();

 private:
  GstFlowReturn pushReady();
  GstFlowReturn pushCaption(const Caption& caption);
  GstFlowReturn moveOn(GstClockTime unsureFrom);
  GstFlowReturn fillUntil(GstClockTime time);

  GstPad* const src_;
  const std::function<void(GstClockTime)> onText_;
  Captioner captioner_{CaptionOptions{}};
  /// The language of the last words, whose tag has been pushed.
  std::string language_;
  /// The shortest duration of a buffer.
  GstClockTime shortest_ = 0;
  /// The end of what was pushed. GST_CLOCK_TIME_NONE before anything was.
  GstClockTime position_ = GST_CLOCK_TIME_NONE;
  /// The end of the audio that was decoded.
  GstClockTime heardUntil_ = 0;
  /// How far the text stream stays behind heardUntil_, because more words may come.
  GstClockTime hold_ = 0;
  /// True: the next buffer is flagged DISCONT.
  bool discont_ = true;
  /// True: words came since the end of the last utterance.
  bool spoke_ = false;
  /// True: the event final-transcript follows once the pending words are pushed.
  bool endOfUtterance_ = false;
};

}  // namespace npuspeech::gst
