// SPDX-License-Identifier: LGPL-2.1-or-later
// Custom events and messages of our elements, and changes to the usual ones.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

#include "gst/holders.h"

namespace npuspeech::gst {

/// What a window of `utterance` has settled: text up to this stream time is committed, audio before it is not
/// needed again.
struct Settled {
  uint64_t utterance = 0;
  GstClockTime until = 0;
};
/// Upstream, decoder to npumel: "npuspeech/committed", fields `utterance` (guint64), `until` (guint64, ns).
GstEvent* newCommittedEvent(const Settled& settled);
std::optional<Settled> parseCommittedEvent(GstEvent* event);

/// Downstream, after an utterance's text: "rstranscribe/final-transcript", as gst-plugins-rs's transcribers
/// send and its caption encoders take it.
GstEvent* newFinalTranscriptEvent();

/// Upstream, for each word that stays: "rstranscribe/new-item", as gst-plugins-rs's transcribers send it (its
/// voice cloner takes it). Fields `speaker` (string, NULL: nobody tells speakers apart), `content` (string),
/// `running-time` and `duration` (guint64, ns) of the audio.
GstEvent* newItemEvent(const std::string& content, GstClockTime runningTime, GstClockTime duration);

/// In a text pad's queue, and no further: the pipeline pauses. A sink that has shown all it got waits for
/// something to stand still with, and what would bring it may itself wait for another sink.
GstEvent* newPauseEvent();
bool isPauseEvent(GstEvent* event);

/// Whether events of this type stay on a pad, for whoever is linked to it later.
bool isSticky(GstEventType type);
/// Whether a flush leaves the event on its pad, so that nobody sends it again.
bool outlivesFlush(GstEvent* event);
/// Whether the event keeps its place among the buffers.
bool isSerialized(GstEvent* event);
/// Pushes an event on a task's source pad. A GAP is data: where it is refused, the flow says why.
GstFlowReturn pushEvent(GstPad* src, Held<GstEvent> event);
/// Caps of a CAPS event; borrowed from it.
GstCaps* capsIn(GstEvent* event);
/// Whether a TAG event is about one stream (its codec, its bit rate), not about the whole medium.
bool isStreamTag(GstEvent* event);

/// STREAM_START for `pad`, one of an element's text pads, from that of its sink pad: a stream of its own in
/// the same group, with a GstStream of text; sparse, because whoever waits for streams must not wait for
/// text.
Held<GstEvent> textStream(GstPad* pad, GstEvent* streamStart);
/// STREAM_COLLECTION for such a pad, which has had its STREAM_START: its own stream in the place of
/// upstream's.
Held<GstEvent> textCollection(GstPad* pad, GstEvent* collection);
/// A copy of SEGMENT whose base is later.
Held<GstEvent> delayed(GstEvent* segmentEvent, GstClockTime lateness);

/// Posts the element message "npuspeech/device": what computes (`device`), and why (`reason`).
void postDevice(GstElement* element, const std::string& device, const std::string& reason);
/// Posts the QOS message of a dropped live buffer. `processed`, `dropped`: buffers so far.
void postDropped(GstElement* element, const GstSegment& segment, GstClockTime pts, GstClockTime duration,
                 guint64 processed, guint64 dropped);
/// Posts the warning that text of `pad` came later than `promised`, as gst-plugins-rs's transcribers do:
/// details "npuwhisperdec/excessive-delay" with `new-observed-max-delay` (guint64, ns) and `pad` (string).
/// `took`: from when its audio was there; GST_CLOCK_TIME_NONE where nobody knows.
void postLate(GstElement* element, GstPad* pad, GstClockTime delay, GstClockTime promised, GstClockTime took);

}  // namespace npuspeech::gst
