// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/text/text_branch.h"

#include <algorithm>
#include <new>
#include <utility>

#include "gst/core/boundary.h"
#include "gst/core/events.h"
#include "gst/core/running_time.h"

namespace npuspeech::gst {

TextBranch::TextBranch(GstElement* element, GstPad* sink, GstPad* src, size_t capacity, Stats& stats,
                       InterimOutput* interim, Hooks hooks)
    : element_(element),
      src_(GST_PAD(gst_object_ref(src))),
      hooks_(std::move(hooks)),
      output_(element, sink, src, stats, interim),
      stage_(
          element, capacity, [this](TextItem& item) { return process(item); }, hooks_.interrupt) {}

std::shared_ptr<TextBranch> TextBranch::make(GstElement* element, GstPad* sink, GstPad* src, size_t capacity,
                                             Stats& stats, InterimOutput* interim, Hooks hooks) {
  auto branch = std::make_shared<TextBranch>(element, sink, src, capacity, stats, interim, std::move(hooks));
  branch->stage_.attach(src, branch);
  return branch;
}

bool TextBranch::queue(GstEvent* event) {
  auto item = std::make_shared<TextItem>();
  item->event.reset(gst_event_ref(event));
  item->place.decodedAt = runningTime(element_);
  return stage_.pushEvent(std::move(item));
}

void TextBranch::start() {
  output_.reset();
  hasStart_ = hasCaps_ = hasSegment_ = false;
}

void TextBranch::catchUp(GstPad* sink, GstEventType next) {
  const auto give = [&](bool& had, GstEventType type) {
    const Held<GstEvent> event(had ? nullptr : gst_pad_get_sticky_event(sink, type, 0));
    had |= event && queue(event.get());
  };
  if (next == GST_EVENT_STREAM_START) return;
  give(hasStart_, GST_EVENT_STREAM_START);
  if (next == GST_EVENT_CAPS) return;
  if (!hasCaps_ && gst_pad_has_current_caps(sink)) {
    const Held<GstCaps> caps(gst_pad_get_pad_template_caps(src_.get()));
    const Held<GstEvent> text(gst_event_new_caps(caps.get()));
    hasCaps_ = queue(text.get());
  }
  if (next != GST_EVENT_SEGMENT) give(hasSegment_, GST_EVENT_SEGMENT);
}

bool TextBranch::pushEvent(GstPad* sink, GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  catchUp(sink, type);
  if (!queue(event)) return false;
  hasStart_ |= type == GST_EVENT_STREAM_START;
  hasCaps_ |= type == GST_EVENT_CAPS;
  hasSegment_ |= type == GST_EVENT_SEGMENT;
  return true;
}

GstFlowReturn TextBranch::pushWindow(GstPad* sink, const PlacedWindow& place,
                                     std::shared_ptr<TextItem>* item) {
  catchUp(sink, GST_EVENT_UNKNOWN);
  auto queued = std::make_shared<TextItem>();
  queued->place = place;
  const GstFlowReturn flow = stage_.push(queued);
  if (flow == GST_FLOW_OK) *item = std::move(queued);
  return flow;
}

GstFlowReturn TextBranch::process(TextItem& item) {
  return guarded(element_, GST_FLOW_ERROR, [&] {
    const DecoderSettings settings = hooks_.settings();
    // What stays on the pad is there for who links it later.
    const bool isSpare = !isLinked() && hooks_.mayBeUnlinked();
    if (isSpare && !item.event) {
      output_.passOver(*item.decoded);
      return GST_FLOW_OK;
    }
    const GstFlowReturn flow = item.event
                                   ? output_.pushEvent(std::move(item.event), item.place.decodedAt, settings)
                                   : output_.pushWindow(*item.decoded, item.place, settings);
    if (flow == GST_FLOW_OK && !isSpare) return releaseInTime();
    return isSpare || (flow == GST_FLOW_NOT_LINKED && hooks_.mayBeUnlinked()) ? GST_FLOW_OK : flow;
  });
}

GstFlowReturn TextBranch::releaseInTime() {
  return guarded(element_, GST_FLOW_ERROR, [&] {
    const DecoderSettings settings = hooks_.settings();
    while (const auto due = output_.due(settings)) {
      const GstClockTime now = runningTime(element_);
      if (!GST_CLOCK_TIME_IS_VALID(now)) break;
      if (now < *due) {
        stage_.setAlarm(Stage<TextItem>::Clock::now() + std::chrono::nanoseconds(*due - now),
                        [this] { return releaseInTime(); });
        break;
      }
      const GstFlowReturn flow = output_.release(now, settings);
      if (flow != GST_FLOW_OK)
        return flow == GST_FLOW_NOT_LINKED && hooks_.mayBeUnlinked() ? GST_FLOW_OK : flow;
    }
    return GST_FLOW_OK;
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

void deliver(GstElement* element, const Readers& readers, const Result<DecodedWindow>& decoded) noexcept {
  const GstClockTime now = runningTime(element);
  for (const auto& [branch, item] : readers)
    branch->stage().update([&, to = item.get()] {
      try {
        to->decoded = decoded;
      } catch (const std::bad_alloc&) {  // without an answer, the item would wait for ever
        to->decoded.emplace(Error{ErrorCode::OutOfMemory, "No memory."});  // short: needs none
      }
      to->place.decodedAt = now;
    });
}

GstFlowReturn combinedFlow(const std::vector<GstFlowReturn>& flows) {
  const GstFlowReturn own = flows.front();
  if (own != GST_FLOW_NOT_LINKED && own != GST_FLOW_EOS) return own;
  const bool goesOn = std::find(flows.begin(), flows.end(), GST_FLOW_OK) != flows.end();
  return goesOn ? GST_FLOW_OK : *std::min_element(flows.begin(), flows.end());
}

}  // namespace npuspeech::gst
