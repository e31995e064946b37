// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/decoder_output.h"

#include <algorithm>
#include <utility>

#include "gst/core/events.h"
#include "gst/core/stage.h"

namespace npuspeech::gst {
namespace {

/// Audio of an utterance may still get words as late as they are promised; then the stream of text moves on,
/// so that nobody downstream waits. It takes the time of a step and a window to tell that.
constexpr GstClockTime kTelling = GST_SECOND, kShortestHold = GST_SECOND;
/// An utterance that goes on so long behind its last word is not read to its end: what follows may bring
/// more.
constexpr GstClockTime kUnread = 800 * GST_MSECOND;

/// Text that is due leaves so much earlier than it has to be there.
constexpr GstClockTime kOnItsWay = 200 * GST_MSECOND;

/// Audio behind the event does not go on where it stood before it.
bool endsAudio(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_SEGMENT_DONE:
    case GST_EVENT_EOS:
      return true;
    default:
      return false;
  }
}

}  // namespace

void DecoderOutput::reset() {
  text_.reset();
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  discont_ = false;
  delay_.reset();
  noWords_.reset();
  maxDelay_ = 0;
  spokenUntil_ = 0;
  readyAt_ = GST_CLOCK_TIME_NONE;
}

GstClockTime DecoderOutput::promised(const DecoderSettings& settings) const {
  return settings.latency + settings.lateness + (sink_ ? 0 : settings.translateLatency);
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
  if (!window.words.empty()) noWords_.heardWords();
  isLive_ = place.isLive;
  readyAt(place.decodedAt, settings);
  const bool isTimed = GST_CLOCK_TIME_IS_VALID(place.decodedAt) && GST_CLOCK_TIME_IS_VALID(place.heardAt);
  took_ = isTimed ? place.decodedAt - std::min(place.heardAt, place.decodedAt) : GST_CLOCK_TIME_NONE;
  if (interim_ && !place.isLive) {
    const Held<GstEvent> nothing(gst_event_new_gap(place.pts, place.duration));
    interim_->forward(nothing.get());
  }
  if (sink_) tellUpstream(window, place);
  return text_.pushWindow(window, textPlace(window, place, settings));
}

TextPusher::Place DecoderOutput::textPlace(const DecodedWindow& window, const PlacedWindow& place,
                                           const DecoderSettings& settings) {
  TextPusher::Place text;
  text.start = place.start();
  text.end = place.end();
  text.discont = std::exchange(discont_, false);
  text.isFinal = place.isFinal;
  text.language = place.task == Task::Translate ? "en" : window.language;
  if (text.discont) spokenUntil_ = 0;
  if (!window.words.empty())
    spokenUntil_ = place.start() + static_cast<GstClockTime>(std::max<int64_t>(window.words.back().endNs, 0));
  text.isUnsettled = place.isLive && !(place.isFinal && spokenUntil_ + kUnread > text.end);
  text.hold = std::max(promised(settings) - std::min(promised(settings), kTelling), kShortestHold);
  if (!window.interim.empty())
    text.unsureFrom =
        place.start() + static_cast<GstClockTime>(std::max<int64_t>(window.interim.front().startNs, 0));
  return text;
}

void DecoderOutput::passOver(const Result<DecodedWindow>& decoded) {
  if (decoded && !decoded->words.empty()) noWords_.heardWords();
}

void DecoderOutput::tellUpstream(const DecodedWindow& window, const PlacedWindow& place) {
  for (const Word& word : window.words) {
    const GstClockTime start = gst_segment_to_running_time(
        &segment_, GST_FORMAT_TIME,
        place.start() + static_cast<GstClockTime>(std::max<int64_t>(word.startNs, 0)));
    if (GST_CLOCK_TIME_IS_VALID(start))
      gst_pad_push_event(
          sink_, newItemEvent(word.text, start,
                              static_cast<GstClockTime>(std::max<int64_t>(word.endNs - word.startNs, 0))));
  }
}

void DecoderOutput::readyAt(GstClockTime runningTime, const DecoderSettings& settings) {
  promised_ = promised(settings);
  if (!GST_CLOCK_TIME_IS_VALID(runningTime)) return;
  readyAt_ = GST_CLOCK_TIME_IS_VALID(readyAt_) ? std::max(readyAt_, runningTime) : runningTime;
}

void DecoderOutput::observe(GstClockTime pts) {
  if (!isLive_) return;
  const auto longest = delay_.observe(segment_, pts, readyAt_);
  if (!longest) return;
  if (sink_) {
    maxDelay_ = *longest;
    g_object_notify(G_OBJECT(element_), "max-observed-delay");
  }
  if (*longest > promised_) postLate(element_, src_, *longest, promised_, took_);
}

std::optional<GstClockTime> DecoderOutput::due(const DecoderSettings& settings) const {
  const auto since = isLive_ ? text_.pendingSince() : std::nullopt;
  if (!since) return {};
  const GstClockTime start = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, *since);
  if (!GST_CLOCK_TIME_IS_VALID(start)) return {};
  return start + promised(settings) - std::min(promised(settings), kOnItsWay);
}

GstFlowReturn DecoderOutput::release(GstClockTime now, const DecoderSettings& settings) {
  readyAt(now, settings);
  return text_.release();
}

GstFlowReturn DecoderOutput::pushEvent(Held<GstEvent> event, GstClockTime arrivedAt,
                                       const DecoderSettings& settings) {
  readyAt(arrivedAt, settings);
  if (GST_EVENT_TYPE(event.get()) == GST_EVENT_GAP) {
    GstClockTime start = 0, duration = 0;
    gst_event_parse_gap(event.get(), &start, &duration);
    if (interim_) interim_->forward(event.get());
    return text_.pushGap(start, duration);
  }
  if (const auto news = parseSoundEvent(event.get())) {
    const auto told = noWords_.add(*news);
    if (told && sink_) postNoWords(element_, *told);
    return GST_FLOW_OK;
  }
  if (isPauseEvent(event.get())) return text_.standStill();
  // Every other event comes behind the text before it.
  const GstFlowReturn flow = endsAudio(event.get()) ? text_.finish() : text_.flush();
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_CAPS:
      text_.configure(settings.captions);
      break;
    case GST_EVENT_SEGMENT:
      text_.reset();
      spokenUntil_ = 0;
      gst_event_copy_segment(event.get(), &segment_);
      if (interim_) interim_->forward(event.get());
      if (settings.lateness) event = delayed(event.get(), settings.lateness);
      break;
    case GST_EVENT_STREAM_START:
      event = textStream(src_, event.get());
      break;
    case GST_EVENT_STREAM_COLLECTION:
      event = textCollection(src_, event.get());
      break;
    case GST_EVENT_EOS:
      if (interim_) interim_->forward(event.get());
      break;
    default:
      break;
  }
  // Text that nobody was there for keeps no event back: it stays on the pad, for who comes later.
  if (flow != GST_FLOW_OK && flow != GST_FLOW_NOT_LINKED) return flow;
  const GstFlowReturn pushed = gst::pushEvent(src_, std::move(event));
  return flow == GST_FLOW_OK ? pushed : flow;
}

}  // namespace npuspeech::gst
