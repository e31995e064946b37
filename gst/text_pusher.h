// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns decoded windows into a text stream without holes: buffers in order, and GAP events between them.
#pragma once

#include <gst/gst.h>

#include <string>

#include "speech/text/captions.h"

namespace npuspeech::gst {

/// Pushes to one source pad, from its task. Buffers never overlap or go back in time, and have PTS and
/// duration.
class TextPusher {
 public:
  explicit TextPusher(GstPad* src) : src_(src) {}

  /// A new stream of text.
  void configure(const CaptionOptions& options);
  /// Forgets what is pending and where the stream stands.
  void reset();

  struct Place {
    GstClockTime start = 0;         // of the window; its words count from there
    GstClockTime settledUntil = 0;  // no words before this will follow
    std::string language;           // of the text, ISO 639-1
    bool discont = false;           // time may have gone back
    bool isFinal = true;            // the utterance is over
  };
  /// A window's words.
  GstFlowReturn pushWindow(const DecodedWindow& window, const Place& place);
  /// Nobody speaks in [start, start + duration): pending words come out first. An unknown duration is passed
  /// on.
  GstFlowReturn pushGap(GstClockTime start, GstClockTime duration);
  /// Pending words come out.
  GstFlowReturn flush();

 private:
  GstFlowReturn pushReady();
  GstFlowReturn pushCaption(const Caption& caption);
  GstFlowReturn fillUntil(GstClockTime time);

  GstPad* src_;
  Captioner captioner_{CaptionOptions{}};
  std::string language_;                         // of the last window; its tag has been pushed
  GstClockTime position_ = GST_CLOCK_TIME_NONE;  // where the text stream stands
  bool spoke_ = false;                           // words came since the last utterance's end
  bool endOfUtterance_ = false;                  // final-transcript is due once the words are out
};

}  // namespace npuspeech::gst
