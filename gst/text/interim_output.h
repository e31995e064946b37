// SPDX-License-Identifier: LGPL-2.1-or-later
// Shows text that may still change as soon as it is there: on pad `unsynced_src` and in element messages.
#pragma once

#include <gst/gst.h>

#include <stop_token>
#include <string>

#include "gst/core/stage.h"
#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// The template of `unsynced_src`: application/x-json, one object in each buffer. Its fields: `committed` and
/// `interim`, arrays of words with `text`, `start`, `end` (ns, on the time line of the buffer's PTS) and
/// `confidence`; `text`, the interim words joined; `language`; and `final`, whether the utterance is over.
extern GstStaticPadTemplate interimTemplate;

/// Owns pad `unsynced_src` and its task. The task is separate, so that a sink of final text, which waits for
/// the clock, does not hold up interim text. Buffers have the PTS of their window, and are pushed as soon as
/// they are there, whatever the clock says. Each is also posted as the element message "npuspeech/interim"
/// with `text`, `committed`, `start`, `end` and `final`.
class InterimOutput {
 public:
  explicit InterimOutput(GstElement* element);
  /// Adds the pad to the element. Call it once, from instance init.
  void addPad() { gst_element_add_pad(element_, src_); }

  /// Queues the text of a live window, and returns at once. `segment` is the window's SEGMENT event. `stale`
  /// stops with a flush, after which the text is not shown. Any thread.
  void show(const DecodedWindow& window, GstEvent* segment, GstClockTime pts, GstClockTime duration,
            bool isFinal, const std::stop_token& stale);
  /// Queues an event of the text stream: EOS, SEGMENT, GAP or the event of a pause. SEGMENT and GAP are
  /// pushed only until some text has been shown, because the text stream comes later than interim text;
  /// without any text, they let sinks preroll. The event of a pause repeats the last GAP. STREAM_START and
  /// CAPS are created here. Any thread.
  void forward(GstEvent* event);
  /// Takes FLUSH_START: drops what is queued, and passes the event on.
  void startFlush(GstEvent* event);
  /// Takes FLUSH_STOP: passes it on, and shows text again.
  void stopFlush(GstEvent* event);
  /// Prepares a run, before the pads are activated.
  void reset() {
    hasShown_ = false;
    gap_.reset();
  }

 private:
  /// An event that the task passes on, or the text of a window.
  struct Item {
    /// Null for text.
    Held<GstEvent> event;
    /// The SEGMENT event of the text's window.
    Held<GstEvent> segment;
    /// The object that the buffer holds.
    std::string json;
    /// The interim and the committed words, each joined.
    std::string text, committed;
    /// The window's PTS and duration.
    GstClockTime pts = 0, duration = 0;
    /// True: the utterance is over.
    bool isFinal = false;
    bool ready() const { return true; }
  };
  GstFlowReturn process(Item& item);
  void pass(Held<GstEvent> event);
  void begin();

  GstElement* const element_;
  GstPad* const src_;
  /// True once text was shown since the last flush. For the task.
  bool hasShown_ = false;
  /// The last GAP that was pushed. For the task.
  Held<GstEvent> gap_;
  Stage<Item> stage_;
};

}  // namespace npuspeech::gst
