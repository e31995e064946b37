// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/interim_output.h"

#include <nlohmann/json.hpp>

#include "gst/core/events.h"

namespace npuspeech::gst {
namespace {

/// Nobody waits for room: what shows interim text must keep up, or loses some.
constexpr size_t kMaxWaiting = 64;

nlohmann::json wordsOf(const std::vector<Word>& words, GstClockTime start) {
  auto list = nlohmann::json::array();
  for (const Word& word : words)
    list.push_back({{"text", word.text},
                    {"start", static_cast<GstClockTime>(word.startNs) + start},
                    {"end", static_cast<GstClockTime>(word.endNs) + start},
                    {"confidence", word.probability}});
  return list;
}

std::string joined(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) {
    if (!text.empty() && word.spaceBefore) text += ' ';
    text += word.text;
  }
  return text;
}

}  // namespace

GstStaticPadTemplate interimTemplate = GST_STATIC_PAD_TEMPLATE("unsynced_src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                               GST_STATIC_CAPS("application/x-json"));

InterimOutput::InterimOutput(GstElement* element)
    : element_(element),
      src_(gst_pad_new_from_static_template(&interimTemplate, "unsynced_src")),
      stage_(element, SIZE_MAX, [this](Item& item) { return process(item); }) {
  gst_pad_use_fixed_caps(src_);
  stage_.attach(src_);
}

void InterimOutput::show(const DecodedWindow& window, GstEvent* segment, GstClockTime pts,
                         GstClockTime duration, bool isFinal, const std::stop_token& stale) {
  if (window.words.empty() && window.interim.empty() && !isFinal) return;
  auto item = std::make_shared<Item>();
  item->segment.reset(gst_event_ref(segment));
  item->text = joined(window.interim);
  item->committed = joined(window.words);
  item->json = nlohmann::json{
      {"committed", wordsOf(window.words, pts)},
      {"interim", wordsOf(window.interim, pts)},
      {"text", item->text},
      {"language", window.language},
      {"final",
       isFinal}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  item->pts = pts;
  item->duration = duration;
  item->isFinal = isFinal;
  size_t waiting = 0;
  stage_.remove([&](const Item&) { return ++waiting > kMaxWaiting; });
  stage_.push(std::move(item), stale);
}

void InterimOutput::forward(GstEvent* event) {
  stage_.pushEvent(Held<GstEvent>(gst_event_ref(event)));
}

void InterimOutput::startFlush(GstEvent* event) {
  stage_.startFlush(Held<GstEvent>(gst_event_ref(event)));
}

void InterimOutput::stopFlush(GstEvent* event) {
  stage_.stopFlush(Held<GstEvent>(gst_event_ref(event)), [this] { reset(); });
}

// Asks for CAPS, the last of the two: a flush may have come between them.
void InterimOutput::begin() {
  const Held<GstEvent> caps(gst_pad_get_sticky_event(src_, GST_EVENT_CAPS, 0));
  const Held<GstEvent> end(gst_pad_get_sticky_event(src_, GST_EVENT_EOS, 0));
  if (caps && !end) return;
  const Held<GstPad> sink(gst_element_get_static_pad(element_, "sink"));
  Held<GstEvent> audio(gst_pad_get_sticky_event(sink.get(), GST_EVENT_STREAM_START, 0));
  if (!audio) audio.reset(gst_event_new_stream_start(GST_OBJECT_NAME(element_)));
  gst_pad_push_event(src_, textStream(src_, audio.get()).release());
  const Held<GstCaps> json(gst_static_pad_template_get_caps(&interimTemplate));
  gst_pad_push_event(src_, gst_event_new_caps(json.get()));
}

void InterimOutput::pass(Held<GstEvent> event) {
  const GstEventType type = GST_EVENT_TYPE(event.get());
  if (hasShown_ && type != GST_EVENT_EOS) return;
  GstSegment segment;
  if (type == GST_EVENT_SEGMENT) {
    gst_event_copy_segment(event.get(), &segment);
    gst_pad_push_event(src_, event.release());
    event.reset(gst_event_new_gap(segment.start, GST_CLOCK_TIME_NONE));  // a sink prerolls with it
  }
  if (isPauseEvent(event.get())) {
    if (!gap_) return;
    event.reset(gst_event_ref(gap_.get()));
  }
  if (GST_EVENT_TYPE(event.get()) == GST_EVENT_GAP) gap_.reset(gst_event_ref(event.get()));
  gst_pad_push_event(src_, event.release());
}

// Nobody has to listen: that the pad is not linked, or its peer done, is no failure.
GstFlowReturn InterimOutput::process(Item& item) {
  return guarded(element_, GST_FLOW_ERROR, [&] {
    begin();
    if (item.event) {
      pass(std::move(item.event));
      return GST_FLOW_OK;
    }
    hasShown_ = true;
    gst_element_post_message(
        element_,
        gst_message_new_element(
            GST_OBJECT(element_),
            gst_structure_new("npuspeech/interim", "text", G_TYPE_STRING, item.text.c_str(), "committed",
                              G_TYPE_STRING, item.committed.c_str(), "start", G_TYPE_UINT64, item.pts, "end",
                              G_TYPE_UINT64, item.pts + item.duration, "final", G_TYPE_BOOLEAN, item.isFinal,
                              nullptr)));
    if (!gst_pad_is_linked(src_)) return GST_FLOW_OK;
    const Held<GstEvent> segment(gst_pad_get_sticky_event(src_, GST_EVENT_SEGMENT, 0));
    if (segment != item.segment) gst_pad_push_event(src_, item.segment.release());
    GstBuffer* buffer = gst_buffer_new_memdup(item.json.data(), item.json.size());
    GST_BUFFER_PTS(buffer) = item.pts;
    GST_BUFFER_DURATION(buffer) = item.duration;
    return gst_pad_push(src_, buffer) == GST_FLOW_FLUSHING ? GST_FLOW_FLUSHING : GST_FLOW_OK;
  });
}

}  // namespace npuspeech::gst
