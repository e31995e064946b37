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

/// Pushes to one source pad, from its task. Buffers never overlap or go back in time, have PTS and duration,
/// and the first one of a stretch is flagged DISCONT.
class TextPusher {
 public:
  /// onText: hears the PTS of each text before it is pushed.
  TextPusher(GstPad* src, std::function<void(GstClockTime)> onText) : src_(src), onText_(std::move(onText)) {}

  /// A new stream of text.
  void configure(const CaptionOptions& options);
  /// Forgets what is pending and where the stream stands.
  void reset();

  struct Place {
    GstClockTime start = 0, end = 0;  // of the window; its words count from there
    bool isUnsettled = false;         // words of it may follow: the stream of text stays behind its end by
    GstClockTime hold = 0;            // that much, and does not go beyond
    GstClockTime unsureFrom = GST_CLOCK_TIME_NONE;  // where the next word is known to begin
    std::string language;                           // of the text, ISO 639-1
    bool discont = false;                           // time may have gone back
    bool isFinal = true;                            // the utterance is over
  };
  /// A window's words.
  GstFlowReturn pushWindow(const DecodedWindow& window, const Place& place);
  /// Nobody speaks in [start, start + duration): pending words come out first. An unknown duration is passed
  /// on.
  GstFlowReturn pushGap(GstClockTime start, GstClockTime duration);
  /// Says again where the stream stands, for a sink that waits to hear of it.
  GstFlowReturn standStill();
  /// The PTS of the text that waits for more words; nothing where none does.
  std::optional<GstClockTime> pendingSince() const;
  /// It waits no longer.
  GstFlowReturn release();
  /// Pending words come out.
  GstFlowReturn flush();
  /// The same, and none will come for the audio so far.
  GstFlowReturn finish();

 private:
  GstFlowReturn pushReady();
  GstFlowReturn pushCaption(const Caption& caption);
  GstFlowReturn moveOn(GstClockTime unsureFrom);
  GstFlowReturn fillUntil(GstClockTime time);

  GstPad* const src_;
  const std::function<void(GstClockTime)> onText_;
  Captioner captioner_{CaptionOptions{}};
  std::string language_;                         // of the last window; its tag has been pushed
  GstClockTime shortest_ = 0;                    // text stands for at least this long
  GstClockTime position_ = GST_CLOCK_TIME_NONE;  // where the text stream stands
  GstClockTime heardUntil_ = 0;                  // where the audio stands
  GstClockTime hold_ = 0;                        // how far the text stays behind it, for words to come
  bool discont_ = true;                          // the next text does not follow what was pushed
  bool spoke_ = false;                           // words came since the last utterance's end
  bool endOfUtterance_ = false;                  // final-transcript is due once the words are out
};

}  // namespace npuspeech::gst
