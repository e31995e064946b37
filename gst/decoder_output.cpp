// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/decoder_output.h"

#include <algorithm>
#include <utility>

#include "gst/events.h"
#include "gst/stage.h"

namespace npuspeech::gst {
namespace {

/// Of a window of speech that goes on, the newest part may still get words; before it, the stream of text
/// moves on, so that nobody downstream waits.
constexpr GstClockTime kUnsettled = GST_SECOND;

GstClockTime settledUntil(const DecodedWindow& window, const PlacedWindow& place) {
  if (place.isFinal) return place.pts + place.duration;
  GstClockTime until = place.pts + place.duration - std::min(place.duration, kUnsettled);
  if (!window.interim.empty())
    until = std::min(until, place.pts + static_cast<GstClockTime>(window.interim.front().startNs));
  return until;
}

}  // namespace

void DecoderOutput::reset() {
  text_.reset();
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  discont_ = false;
  delay_.reset();
  maxDelay_ = 0;
}

GstFlowReturn DecoderOutput::pushWindow(const Result<DecodedWindow>& decoded, const PlacedWindow& place,
                                        const DecoderSettings& settings) {
  if (!decoded) {
    if (decoded.error().code == ErrorCode::Cancelled) return GST_FLOW_FLUSHING;
    postError(element_, decoded.error());
    return GST_FLOW_ERROR;
  }
  const DecodedWindow& window = *decoded;
  discont_ |= place.discont;
  if (window.isSuperseded) {
    postDropped(element_, segment_, place.pts, place.duration, stats_.windows, ++stats_.dropped);
    return GST_FLOW_OK;
  }
  ++stats_.windows;
  if (place.isLive) observe(window, place, settings);
  if (sink_) tellUpstream(window, place);
  return text_.pushWindow(window, {.start = place.pts,
                                   .settledUntil = settledUntil(window, place),
                                   .language = place.task == Task::Translate ? "en" : window.language,
                                   .discont = std::exchange(discont_, false),
                                   .isFinal = place.isFinal});
}

void DecoderOutput::tellUpstream(const DecodedWindow& window, const PlacedWindow& place) {
  for (const Word& word : window.words) {
    const GstClockTime start = gst_segment_to_running_time(
        &segment_, GST_FORMAT_TIME,
        place.pts + static_cast<GstClockTime>(std::max<int64_t>(word.startNs, 0)));
    if (GST_CLOCK_TIME_IS_VALID(start))
      gst_pad_push_event(
          sink_, newItemEvent(word.text, start,
                              static_cast<GstClockTime>(std::max<int64_t>(word.endNs - word.startNs, 0))));
  }
}

void DecoderOutput::observe(const DecodedWindow& window, const PlacedWindow& place,
                            const DecoderSettings& settings) {
  std::optional<GstClockTime> longest;
  for (const Word& word : window.words)
    if (const auto delay =
            delay_.observe(segment_, place.pts + static_cast<GstClockTime>(word.endNs), place.decodedAt))
      longest = delay;
  if (!longest) return;
  const GstClockTime promised = settings.latency + (sink_ ? 0 : settings.translateLatency);
  if (sink_) {
    maxDelay_ = *longest;
    g_object_notify(G_OBJECT(element_), "max-observed-delay");
  }
  if (*longest > promised + settings.lateness) postLate(element_, src_, *longest, promised);
}

GstFlowReturn DecoderOutput::pushEvent(Held<GstEvent> event, const DecoderSettings& settings) {
  GstFlowReturn flow = GST_FLOW_OK;
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_GAP: {
      GstClockTime start = 0, duration = 0;
      gst_event_parse_gap(event.get(), &start, &duration);
      return text_.pushGap(start, duration);
    }
    case GST_EVENT_CAPS:
      flow = text_.flush();
      text_.configure(settings.captions);
      break;
    case GST_EVENT_SEGMENT:
      flow = text_.flush();
      text_.reset();
      gst_event_copy_segment(event.get(), &segment_);
      if (interim_) interim_->forward(event.get());
      if (settings.lateness) event = delayed(event.get(), settings.lateness);
      break;
    case GST_EVENT_STREAM_START:
      flow = text_.flush();
      event = sparse(sink_ ? event.get() : ofPad(src_, element_, event.get()).get());
      break;
    case GST_EVENT_EOS:
      flow = text_.flush();
      if (interim_) interim_->forward(event.get());
      break;
    default:
      break;
  }
  return flow == GST_FLOW_OK ? gst::pushEvent(src_, std::move(event)) : flow;
}

}  // namespace npuspeech::gst
