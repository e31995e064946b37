// SPDX-License-Identifier: LGPL-2.1-or-later
// The pipeline of examples/hls_captions: how its source leaves it.
#include "examples/hls_captions/stream.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

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

}  // namespace
