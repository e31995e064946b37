// SPDX-License-Identifier: LGPL-2.1-or-later
// What applications and gst-plugins-rs's elements expect of a transcriber: its events, messages and latency.
#include <chrono>
#include <thread>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

const std::vector<std::string> kSays = {"hello", "world", "this", "is", "good", "water"};
constexpr char kSaid[] = "hello world this is good water";

struct NewItem {
  std::string content;
  GstClockTime runningTime = 0, duration = 0;
};

std::vector<NewItem> newItems(GstHarness* harness) {
  std::vector<NewItem> items;
  while (const Held<GstEvent> event{gst_harness_try_pull_upstream_event(harness)}) {
    if (!gst_event_has_name(event.get(), "rstranscribe/new-item")) continue;
    EXPECT_EQ(GST_EVENT_TYPE(event.get()), GST_EVENT_CUSTOM_UPSTREAM);
    const GstStructure* fields = gst_event_get_structure(event.get());
    NewItem item;
    guint64 runningTime = 0, duration = 0;
    EXPECT_TRUE(gst_structure_get(fields, "running-time", G_TYPE_UINT64, &runningTime, "duration",
                                  G_TYPE_UINT64, &duration, nullptr));
    EXPECT_TRUE(gst_structure_has_field_typed(fields, "speaker", G_TYPE_STRING));
    EXPECT_EQ(gst_structure_get_string(fields, "speaker"), nullptr);
    const char* content = gst_structure_get_string(fields, "content");
    items.push_back({content ? content : "", runningTime, duration});
  }
  return items;
}

class Contract : public ::testing::Test {
 protected:
  std::string transcriber(const std::string& more = "") const {
    return "nputranscriber name=t vad-model=\"\" threads=1 model=" + model_.path() + " " + more + " ";
  }
  TinyModel model_{{.says = kSays}};
};

TEST_F(Contract, EachWordGoesUpstreamWithTheRunningTimeOfItsAudio) {
  // Lines hold several words, and lateness moves the text: neither changes what goes upstream.
  Harness h(transcriber("granularity=line lateness=700"));
  h.setCaps(kAudioCaps);
  h.segment(100 * GST_SECOND, 5 * GST_SECOND);
  ASSERT_EQ(h.pushAudio(noise(3 * 16000), 100 * GST_SECOND), GST_FLOW_OK);
  const Output out = h.eos();
  const auto items = newItems(h.get());
  ASSERT_EQ(items.size(), kSays.size());
  GstClockTime last = 5 * GST_SECOND;
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].content, kSays[i]);
    EXPECT_GE(items[i].runningTime, last);
    EXPECT_LE(items[i].runningTime + items[i].duration, 8500 * GST_MSECOND);
    last = items[i].runningTime;
  }
  ASSERT_FALSE(out.texts().empty());
  EXPECT_EQ(items.front().runningTime + 95 * GST_SECOND, out.texts().front().pts);
}

}  // namespace
}  // namespace npuspeech::test
