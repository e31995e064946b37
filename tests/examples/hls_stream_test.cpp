// SPDX-License-Identifier: LGPL-2.1-or-later
// The pipeline of examples/hls_captions: how its source leaves it.
#include "examples/hls_captions/stream.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace {

/// The pipeline changes its state at the worst moment: when the source has stopped and is still there.
GstBusSyncReply playAgain(GstBus*, GstMessage* message, gpointer pipeline) {
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_STATE_CHANGED ||
      !g_str_equal(GST_MESSAGE_SRC_NAME(message), "source"))
    return GST_BUS_PASS;
  GstState now = GST_STATE_VOID_PENDING;
  gst_message_parse_state_changed(message, nullptr, &now, nullptr);
  if (now == GST_STATE_NULL) gst_element_set_state(GST_ELEMENT(pipeline), GST_STATE_PLAYING);
  return GST_BUS_PASS;
}

TEST(HlsStream, ASourceThatIsTakenOutStaysStopped) {
  gst_init(nullptr, nullptr);
  // Tones in place of a microphone.
  GstPluginFeature* tones = gst_registry_lookup_feature(gst_registry_get(), "audiotestsrc");
  if (!tones) GTEST_SKIP() << "no element audiotestsrc";
  gst_plugin_feature_set_rank(tones, G_MAXINT);
  gst_object_unref(tones);
  const std::string file = testing::TempDir() + "hls_stream_test.ts";
  Stream stream("", file, 4 * GST_SECOND, "en");
  if (!stream.error().empty()) GTEST_SKIP() << stream.error();
  GstElement* source = gst_bin_get_by_name(GST_BIN(stream.pipeline()), "source");
  GstBus* bus = gst_element_get_bus(stream.pipeline());
  stream.start();
  ASSERT_EQ(gst_element_get_state(stream.pipeline(), nullptr, nullptr, 20 * GST_SECOND),
            GST_STATE_CHANGE_SUCCESS);
  gst_bus_set_sync_handler(bus, playAgain, stream.pipeline(), nullptr);
  EXPECT_TRUE(stream.finish());
  EXPECT_EQ(GST_OBJECT_PARENT(source), nullptr);
  EXPECT_EQ(GST_STATE(source), GST_STATE_NULL);
  gst_bus_set_sync_handler(bus, nullptr, nullptr, nullptr);
  gst_element_set_state(source, GST_STATE_NULL);
  gst_object_unref(source);
  gst_object_unref(bus);
  std::filesystem::remove(file);
}

/// What is behind an identity that a bridge sits on.
class BridgeTest : public testing::Test {
 protected:
  void SetUp() override {
    gst_init(nullptr, nullptr);
    identity_ = gst_element_factory_make("identity", nullptr);
    ASSERT_NE(identity_, nullptr);
    source_ = gst_pad_new("src", GST_PAD_SRC);
    sink_ = gst_pad_new("sink", GST_PAD_SINK);
    gst_pad_set_chain_function(sink_, onBuffer);
    gst_pad_set_event_function(sink_, onEvent);
    gst_pad_set_element_private(sink_, this);
    GstPad* entry = gst_element_get_static_pad(identity_, "sink");
    GstPad* exit = gst_element_get_static_pad(identity_, "src");
    ASSERT_EQ(gst_pad_link(source_, entry), GST_PAD_LINK_OK);
    ASSERT_EQ(gst_pad_link(exit, sink_), GST_PAD_LINK_OK);
    gst_object_unref(entry);
    gst_object_unref(exit);
    for (GstPad* pad : {source_, sink_}) gst_pad_set_active(pad, TRUE);
    gst_element_set_state(identity_, GST_STATE_PLAYING);
    gst_pad_push_event(source_, gst_event_new_stream_start("test"));
  }
  void TearDown() override {
    gst_element_set_state(identity_, GST_STATE_NULL);
    for (GstPad* pad : {source_, sink_}) gst_pad_set_active(pad, FALSE), gst_object_unref(pad);
    gst_object_unref(identity_);
  }

  void segment(GstClockTime start, GstClockTime base) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = segment.position = start;
    segment.base = base;
    gst_pad_push_event(source_, gst_event_new_segment(&segment));
  }
  void push(GstClockTime start, guint8 value) {
    GstBuffer* buffer = gst_buffer_new_memdup(&value, 1);
    GST_BUFFER_PTS(buffer) = start;
    GST_BUFFER_DURATION(buffer) = kStep;
    EXPECT_EQ(gst_pad_push(source_, buffer), GST_FLOW_OK);
  }
  /// Running time in ms and content of each buffer since the last call.
  std::vector<std::pair<guint64, int>> taken() { return std::exchange(taken_, {}); }

  static GstFlowReturn onBuffer(GstPad* pad, GstObject*, GstBuffer* buffer) {
    auto& test = *static_cast<BridgeTest*>(gst_pad_get_element_private(pad));
    guint8 value = 0;
    gst_buffer_extract(buffer, 0, &value, 1);
    const GstClockTime time =
        gst_segment_to_running_time(&test.segment_, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    test.taken_.emplace_back(time / GST_MSECOND, value);
    gst_buffer_unref(buffer);
    return GST_FLOW_OK;
  }
  static gboolean onEvent(GstPad* pad, GstObject*, GstEvent* event) {
    auto& test = *static_cast<BridgeTest*>(gst_pad_get_element_private(pad));
    EXPECT_NE(GST_EVENT_TYPE(event), GST_EVENT_CUSTOM_DOWNSTREAM) << "the bridge's own goes no further";
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) gst_event_copy_segment(event, &test.segment_);
    gst_event_unref(event);
    return TRUE;
  }

  static constexpr GstClockTime kStep = 200 * GST_MSECOND;
  GstElement* identity_ = nullptr;
  GstPad *source_ = nullptr, *sink_ = nullptr;
  GstSegment segment_;
  std::vector<std::pair<guint64, int>> taken_;
};

using Taken = std::vector<std::pair<guint64, int>>;

TEST_F(BridgeTest, AHoleIsFilledBeforeWhatFollows) {
  Bridge bridge(identity_, true, 0);
  segment(0, 0);
  push(0, 7);
  push(500 * GST_MSECOND, 7);  // 300 ms: no hole
  EXPECT_EQ(taken(), (Taken{{0, 7}, {500, 7}}));
  push(1500 * GST_MSECOND, 7);
  EXPECT_EQ(taken(), (Taken{{700, 0}, {900, 0}, {1100, 0}, {1300, 0}, {1500, 7}}));
}

TEST_F(BridgeTest, ANewConnectionGoesOnWhereTheTrackIs) {
  Bridge bridge(identity_, false, kStep);
  bridge.keepUp(10 * GST_SECOND);  // there is nothing to show yet
  segment(50 * GST_SECOND, 0);
  push(50 * GST_SECOND, 7);
  bridge.keepUp(100 * GST_MSECOND);
  EXPECT_EQ(taken(), (Taken{{0, 7}}));
  bridge.keepUp(650 * GST_MSECOND);
  EXPECT_EQ(taken(), (Taken{{200, 7}, {400, 7}}));
  gst_pad_push_event(source_, gst_event_new_stream_start("again"));
  segment(90 * GST_SECOND, 1200 * GST_MSECOND);
  push(90 * GST_SECOND, 9);
  EXPECT_EQ(taken(), (Taken{{600, 9}, {800, 9}, {1000, 9}, {1200, 9}}));
  push(90 * GST_SECOND + kStep, 8);
  EXPECT_EQ(taken(), (Taken{{1400, 8}}));
}

}  // namespace
