// SPDX-License-Identifier: LGPL-2.1-or-later
// Custom events between our elements, and those that upstream's transcribers send.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "gst/holders.h"

namespace npuspeech::gst {

/// Upstream, decoder to npumel: text up to this stream time is committed, audio before it is not needed
/// again. "npuspeech/committed", field `until` (guint64, ns).
GstEvent* newCommittedEvent(GstClockTime until);
std::optional<GstClockTime> parseCommittedEvent(GstEvent* event);

/// Downstream, after an utterance's text: "rstranscribe/final-transcript", as gst-plugins-rs's transcribers
/// send and its caption encoders take it.
GstEvent* newFinalTranscriptEvent();

}  // namespace npuspeech::gst
