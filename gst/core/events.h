// SPDX-License-Identifier: LGPL-2.1-or-later
// The custom events and messages of our elements, and what they change in GStreamer's own.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

#include "gst/core/holders.h"

namespace npuspeech::gst {

/// How far the text of an utterance is committed, as the decoder tells npumel.
struct Settled {
  /// The number of the utterance.
  uint64_t utterance = 0;
  /// The stream time before which all text is committed, so that no audio is needed again.
  GstClockTime until = 0;
};
/// Creates the event "npuspeech/committed", which the decoder sends upstream to npumel. Fields: `utterance`
/// (guint64) and `until` (guint64, ns).
GstEvent* newCommittedEvent(const Settled& settled);
/// Empty where `event` is another one.
std::optional<Settled> parseCommittedEvent(GstEvent* event);

/// Creates the event "rstranscribe/final-transcript", which goes downstream after an utterance's text. The
/// transcribers of gst-plugins-rs send it, and its caption encoders take it.
GstEvent* newFinalTranscriptEvent();

/// Creates the event "rstranscribe/new-item", which goes upstream for each committed word. The transcribers
/// of gst-plugins-rs send it, and its voice cloner takes it. Fields: `speaker` (string, always NULL, because
/// speakers are not told apart), `content` (string), and the `running-time` and `duration` (guint64, ns) of
/// the audio.
GstEvent* newItemEvent(const std::string& content, GstClockTime runningTime, GstClockTime duration);

/// Creates the event that tells the task of a text pad that the pipeline pauses; it stays in the pad's queue.
/// A sink that has shown all it got needs a buffer or a GAP to pause with, and the task that could bring one
/// may itself wait for another sink.
GstEvent* newPauseEvent();
bool isPauseEvent(GstEvent* event);

/// Whether events of this type stay on a pad, for an element that is linked to it later.
bool isSticky(GstEventType type);
/// Whether the event stays on its pad through a flush, so that it is not sent again.
bool outlivesFlush(GstEvent* event);
/// Whether the event keeps its place among the buffers.
bool isSerialized(GstEvent* event);
/// Pushes an event on the source pad of a task. Where a GAP is refused, the flow says why, as for a buffer.
GstFlowReturn pushEvent(GstPad* src, Held<GstEvent> event);
/// The caps of a CAPS event, which are borrowed from it.
GstCaps* capsIn(GstEvent* event);
/// Whether a TAG event describes one stream (its codec, its bit rate), and not the whole medium.
bool isStreamTag(GstEvent* event);

/// Creates the STREAM_START of a text pad from that of the sink pad: a stream of its own in the same group,
/// with a GstStream of text. The stream is sparse, so that no element waits for its data before it plays
/// others.
Held<GstEvent> textStream(GstPad* pad, GstEvent* streamStart);
/// Creates the STREAM_COLLECTION of a text pad from that of the sink pad: the pad's own stream takes the
/// place of upstream's. The pad must have had its STREAM_START.
Held<GstEvent> textCollection(GstPad* pad, GstEvent* collection);
/// Returns a copy of a SEGMENT event whose base is `lateness` later.
Held<GstEvent> delayed(GstEvent* segmentEvent, GstClockTime lateness);

/// Posts the element message "npuspeech/device". Fields: the name of the device that computes (`device`) and
/// why it was chosen (`reason`).
void postDevice(GstElement* element, const std::string& device, const std::string& reason);
/// Posts the QOS message of a dropped live buffer. `processed` and `dropped` count buffers since PAUSED.
void postDropped(GstElement* element, const GstSegment& segment, GstClockTime pts, GstClockTime duration,
                 guint64 processed, guint64 dropped);
/// Posts the warning that text of `pad` came later than `promised`, as gst-plugins-rs's transcribers do:
/// details "npuwhisperdec/excessive-delay" with `new-observed-max-delay` (guint64, ns) and `pad` (string).
/// `took` is the time from when the audio was there to the text; GST_CLOCK_TIME_NONE where it is not known.
void postLate(GstElement* element, GstPad* pad, GstClockTime delay, GstClockTime promised, GstClockTime took);

}  // namespace npuspeech::gst
