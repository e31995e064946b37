// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/interim_output.h"

#include <nlohmann/json.hpp>

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
  stage_.stopFlush(Held<GstEvent>(gst_event_ref(event)), [] {});
}

// Asks for CAPS, the last of the two: a flush may have come between them.
void InterimOutput::begin() {
  const Held<GstEvent> caps(gst_pad_get_sticky_event(src_, GST_EVENT_CAPS, 0));
  const Held<GstEvent> end(gst_pad_get_sticky_event(src_, GST_EVENT_EOS, 0));
  if (caps && !end) return;
  const Held<char> id(gst_pad_create_stream_id(src_, element_, "interim"));
  GstEvent* start = gst_event_new_stream_start(id.get());
  gst_event_set_stream_flags(start, GST_STREAM_FLAG_SPARSE);
  gst_pad_push_event(src_, start);
  const Held<GstCaps> json(gst_static_pad_template_get_caps(&interimTemplate));
  gst_pad_push_event(src_, gst_event_new_caps(json.get()));
}

// Nobody has to listen: that the pad is not linked, or its peer done, is no failure.
GstFlowReturn InterimOutput::process(Item& item) {
  return guarded(element_, GST_FLOW_ERROR, [&] {
    begin();
    const Held<GstEvent> segment(gst_pad_get_sticky_event(src_, GST_EVENT_SEGMENT, 0));
    if (item.event) {
      const bool isKnown = segment && GST_EVENT_TYPE(item.event.get()) == GST_EVENT_SEGMENT;
      if (!isKnown) gst_pad_push_event(src_, item.event.release());
      return GST_FLOW_OK;
    }
    gst_element_post_message(
        element_,
        gst_message_new_element(
            GST_OBJECT(element_),
            gst_structure_new("npuspeech/interim", "text", G_TYPE_STRING, item.text.c_str(), "committed",
                              G_TYPE_STRING, item.committed.c_str(), "start", G_TYPE_UINT64, item.pts, "end",
                              G_TYPE_UINT64, item.pts + item.duration, "final", G_TYPE_BOOLEAN, item.isFinal,
                              nullptr)));
    if (!gst_pad_is_linked(src_)) return GST_FLOW_OK;
    if (segment != item.segment) gst_pad_push_event(src_, item.segment.release());
    GstBuffer* buffer = gst_buffer_new_memdup(item.json.data(), item.json.size());
    GST_BUFFER_PTS(buffer) = item.pts;
    GST_BUFFER_DURATION(buffer) = item.duration;
    return gst_pad_push(src_, buffer) == GST_FLOW_FLUSHING ? GST_FLOW_FLUSHING : GST_FLOW_OK;
  });
}

}  // namespace npuspeech::gst
