// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text_branch.h"

#include <algorithm>
#include <utility>

#include "gst/boundary.h"
#include "gst/events.h"

namespace npuspeech::gst {

TextBranch::TextBranch(GstElement* element, GstPad* sink, GstPad* src, size_t capacity, Stats& stats,
                       InterimOutput* interim, Hooks hooks)
    : element_(element),
      src_(GST_PAD(gst_object_ref(src))),
      hooks_(std::move(hooks)),
      output_(element, sink, src, stats, interim),
      stage_(
          element, capacity, [this](TextItem& item) { return process(item); }, hooks_.interrupt) {
  stage_.attach(src);
}

TextBranch::~TextBranch() {
  stage_.detach();
}

bool TextBranch::queue(GstEvent* event) {
  return stage_.pushEvent(Held<GstEvent>(gst_event_ref(event)));
}

void TextBranch::catchUp(GstPad* sink) {
  begun_ = true;
  const Held<GstEvent> start(gst_pad_get_sticky_event(sink, GST_EVENT_STREAM_START, 0));
  const Held<GstEvent> segment(gst_pad_get_sticky_event(sink, GST_EVENT_SEGMENT, 0));
  const Held<GstCaps> caps(gst_pad_get_pad_template_caps(src_.get()));
  const Held<GstEvent> text(gst_event_new_caps(caps.get()));
  if (start) queue(start.get());
  if (gst_pad_has_current_caps(sink)) queue(text.get());
  if (segment) queue(segment.get());
}

bool TextBranch::pushEvent(GstPad* sink, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START)
    begun_ = true;
  else if (!begun_)
    catchUp(sink);
  return queue(event);
}

GstFlowReturn TextBranch::pushWindow(GstPad* sink, const PlacedWindow& place,
                                     std::shared_ptr<TextItem>* item) {
  if (!begun_) catchUp(sink);
  auto queued = std::make_shared<TextItem>();
  queued->place = place;
  const GstFlowReturn flow = stage_.push(queued);
  if (flow == GST_FLOW_OK) *item = std::move(queued);
  return flow;
}

GstFlowReturn TextBranch::process(TextItem& item) {
  return guarded(element_, GST_FLOW_ERROR, [&] {
    const DecoderSettings settings = hooks_.settings();
    if (!item.event && !isLinked() && hooks_.mayBeUnlinked()) return GST_FLOW_OK;
    const GstFlowReturn flow = item.event ? output_.pushEvent(std::move(item.event), settings)
                                          : output_.pushWindow(*item.decoded, item.place, settings);
    return flow == GST_FLOW_NOT_LINKED && hooks_.mayBeUnlinked() ? GST_FLOW_OK : flow;
  });
}

Readers queueFor(GstPad* sink, const TextBranches& branches, const PlacedWindow& place,
                 std::vector<GstFlowReturn>& flows) {
  Readers readers;
  for (const auto& branch : branches) {
    std::shared_ptr<TextItem> item;
    flows.push_back(branch->pushWindow(sink, place, &item));
    if (item) readers.emplace_back(branch, std::move(item));
  }
  return readers;
}

void deliver(GstElement* element, const Readers& readers, const Result<DecodedWindow>& decoded) {
  const GstClockTime now = gst_element_get_current_running_time(element);
  for (const auto& [branch, item] : readers)
    branch->stage().update([&, to = item.get()] {
      to->decoded = decoded;
      to->place.decodedAt = now;
    });
}

GstFlowReturn combinedFlow(const std::vector<GstFlowReturn>& flows) {
  GstFlowReturn worst = GST_FLOW_OK;
  bool goesOn = false;
  for (const GstFlowReturn flow : flows) {
    if (flow <= GST_FLOW_NOT_NEGOTIATED) return flow;
    goesOn |= flow == GST_FLOW_OK;
    worst = std::min(worst, flow);
  }
  return goesOn ? GST_FLOW_OK : worst;
}

}  // namespace npuspeech::gst
