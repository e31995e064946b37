// SPDX-License-Identifier: LGPL-2.1-or-later
// Text that may still change, for who wants it at once: pad `unsynced_src` and element messages.
#pragma once

#include <gst/gst.h>

#include <stop_token>
#include <string>

#include "gst/stage.h"
#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// The template of `unsynced_src`: application/x-json, one object a buffer: `committed` and `interim`, arrays
/// of words with `text`, `start`, `end` (ns, as the buffer's PTS) and `confidence`; `text`, the interim words
/// joined; `language`; `final`, whether the utterance is over.
extern GstStaticPadTemplate interimTemplate;

/// Has a task of its own, so that a sink that waits for its time does not hold interim text up. Buffers have
/// the PTS of their window, and come out unsynchronised: when they are there. Each is also posted as element
/// message "npuspeech/interim" with `text`, `committed`, `start`, `end` and `final`.
class InterimOutput {
 public:
  explicit InterimOutput(GstElement* element);
  /// Adds the pad to the element. Once, from instance init.
  void addPad() { gst_element_add_pad(element_, src_); }

  /// What a live window in `segment` (a SEGMENT event) says, unless a flush has made it `stale`; returns at
  /// once. Any thread.
  void show(const DecodedWindow& window, GstEvent* segment, GstClockTime pts, GstClockTime duration,
            bool isFinal, const std::stop_token& stale);
  /// EOS of the text's stream, or SEGMENT and GAP, which count here only where nothing has been shown since
  /// the last flush: the text may come later than what is shown, and where nothing ever is, nobody waits for
  /// it. STREAM_START and CAPS are made where they are due. A pause repeats the last GAP.
  void forward(GstEvent* event);
  void startFlush(GstEvent* event);
  void stopFlush(GstEvent* event);
  /// A new run of states, before the pads are activated.
  void reset() {
    hasShown_ = false;
    gap_.reset();
  }

 private:
  struct Item {
    Held<GstEvent> event, segment;  // segment: of what is shown
    std::string json, text, committed;
    GstClockTime pts = 0, duration = 0;
    bool isFinal = false;
    bool ready() const { return true; }
  };
  GstFlowReturn process(Item& item);
  void pass(Held<GstEvent> event);
  void begin();

  GstElement* const element_;
  GstPad* const src_;
  bool hasShown_ = false;  // of the task
  Held<GstEvent> gap_;     // the last one; of the task
  Stage<Item> stage_;
};

}  // namespace npuspeech::gst
