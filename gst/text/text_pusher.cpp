// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/text_pusher.h"

#include <algorithm>
#include <utility>

#include "gst/core/events.h"
#include "gst/core/stage.h"
#include "gst/text/word_meta.h"

namespace npuspeech::gst {
namespace {
/// Whisper's unit of time: a word that is squeezed between its neighbours still stands this long.
constexpr GstClockTime kShortestWord = 20 * GST_MSECOND;
/// So squeezed, text may stand a little longer than its audio: time has gone back only by more than this.
constexpr GstClockTime kOverhang = 500 * GST_MSECOND;
}  // namespace

void TextPusher::configure(const CaptionOptions& options) {
  captioner_ = Captioner(options);
  shortest_ =
      options.granularity == Granularity::Word ? kShortestWord : static_cast<GstClockTime>(options.minNs);
  language_.clear();
  reset();
}

void TextPusher::reset() {
  captioner_.reset();
  position_ = GST_CLOCK_TIME_NONE;
  heardUntil_ = hold_ = 0;
  endOfUtterance_ = spoke_ = false;
  discont_ = true;
}

GstFlowReturn TextPusher::pushWindow(const DecodedWindow& window, const Place& place) {
  GstFlowReturn flow = GST_FLOW_OK;
  if (place.discont) {
    flow = finish();
    discont_ = true;
    if (place.start + kOverhang < position_) position_ = GST_CLOCK_TIME_NONE;
  }
  if (!window.words.empty() && place.language != language_) {
    if (flow == GST_FLOW_OK) flow = flush();
    language_ = place.language;
    gst_pad_push_event(
        src_, gst_event_new_tag(gst_tag_list_new(GST_TAG_LANGUAGE_CODE, language_.c_str(), nullptr)));
  }
  if (position_ == GST_CLOCK_TIME_NONE) position_ = place.start;
  for (Word word : window.words) {
    word.startNs += static_cast<int64_t>(place.start);
    word.endNs += static_cast<int64_t>(place.start);
    captioner_.push(word);
    spoke_ = true;
  }
  if (place.isFinal && std::exchange(spoke_, false)) endOfUtterance_ = true;
  if (flow == GST_FLOW_OK) flow = pushReady();
  heardUntil_ = place.end;
  hold_ = place.isUnsettled ? place.hold : 0;
  if (flow == GST_FLOW_OK && captioner_.empty()) flow = moveOn(place.unsureFrom);
  return flow;
}

GstFlowReturn TextPusher::pushGap(GstClockTime start, GstClockTime duration) {
  const GstFlowReturn flow = flush();
  if (flow != GST_FLOW_OK) return flow;
  if (!GST_CLOCK_TIME_IS_VALID(duration))
    return pushEvent(src_, Held<GstEvent>(gst_event_new_gap(start, duration)));
  if (position_ == GST_CLOCK_TIME_NONE || start + kOverhang < position_) position_ = start;
  heardUntil_ = start + std::min(duration, GST_CLOCK_TIME_NONE - 1 - start);
  return moveOn(GST_CLOCK_TIME_NONE);
}

GstFlowReturn TextPusher::standStill() {
  const Held<GstEvent> event(gst_pad_get_sticky_event(src_, GST_EVENT_SEGMENT, 0));
  if (!event) return GST_FLOW_OK;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event.get(), &segment);
  const GstClockTime at = position_ == GST_CLOCK_TIME_NONE ? segment->start : position_;
  return pushEvent(src_, Held<GstEvent>(gst_event_new_gap(at, 0)));
}

std::optional<GstClockTime> TextPusher::pendingSince() const {
  const auto since = captioner_.pendingSinceNs();
  if (!since) return {};
  return std::max(static_cast<GstClockTime>(std::max<int64_t>(*since, 0)), position_);
}

GstFlowReturn TextPusher::release() {
  captioner_.release();
  return pushReady();
}

GstFlowReturn TextPusher::flush() {
  captioner_.flush();
  return pushReady();
}

GstFlowReturn TextPusher::finish() {
  const GstFlowReturn flow = flush();
  return flow == GST_FLOW_OK && position_ != GST_CLOCK_TIME_NONE ? fillUntil(heardUntil_) : flow;
}

GstFlowReturn TextPusher::pushReady() {
  GstFlowReturn flow = GST_FLOW_OK;
  for (auto caption = captioner_.next(); caption && flow == GST_FLOW_OK; caption = captioner_.next())
    flow = pushCaption(*caption);
  if (flow == GST_FLOW_OK && endOfUtterance_ && captioner_.empty()) {
    endOfUtterance_ = false;
    gst_pad_push_event(src_, newFinalTranscriptEvent());
  }
  return flow;
}

GstFlowReturn TextPusher::pushCaption(const Caption& caption) {
  const GstClockTime start =
      std::max(static_cast<GstClockTime>(std::max<int64_t>(caption.startNs, 0)), position_);
  const GstClockTime end =
      std::max(static_cast<GstClockTime>(std::max<int64_t>(caption.endNs, 0)), start + shortest_);
  onText_(start);
  const GstFlowReturn flow = fillUntil(start);
  if (flow != GST_FLOW_OK) return flow;
  GstBuffer* buffer = gst_buffer_new_memdup(caption.text.data(), caption.text.size());
  GST_BUFFER_PTS(buffer) = start;
  GST_BUFFER_DURATION(buffer) = end - start;
  if (std::exchange(discont_, false)) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  addWordMeta(buffer, caption, language_);
  position_ = end;
  return gst_pad_push(src_, buffer);
}

/// Of the audio that was heard, words may still come for `hold_`, or of what begins at `unsureFrom`.
GstFlowReturn TextPusher::moveOn(GstClockTime unsureFrom) {
  return fillUntil(std::min(heardUntil_ - std::min(heardUntil_, hold_), unsureFrom));
}

GstFlowReturn TextPusher::fillUntil(GstClockTime time) {
  if (time <= position_) return GST_FLOW_OK;
  const GstClockTime start = position_;
  position_ = time;
  return pushEvent(src_, Held<GstEvent>(gst_event_new_gap(start, time - start)));
}

}  // namespace npuspeech::gst
