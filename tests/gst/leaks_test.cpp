// SPDX-License-Identifier: LGPL-2.1-or-later
// A hundred starts and stops at random moments leave no object or descriptor behind. Runs with
// GST_TRACERS=leaks, which is for the whole process.
#include <gst/gst.h>
#include <gst/gsttracer.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

size_t entries(const char* folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

GstTracer* leaksTracer() {
  GList* tracers = gst_tracing_get_active_tracers();
  GstTracer* found = nullptr;
  for (GList* at = tracers; at; at = at->next)
    if (g_str_has_prefix(G_OBJECT_TYPE_NAME(at->data), "GstLeaks")) found = static_cast<GstTracer*>(at->data);
  if (found) gst_object_ref(found);
  g_list_free_full(tracers, gst_object_unref);
  return found;
}

/// Objects that were made since tracking started and still live, by type.
std::map<std::string, int> stillAlive(GstTracer* tracer) {
  GstStructure* activity = nullptr;
  g_signal_emit_by_name(tracer, "activity-get-checkpoint", &activity);
  const Held<GstStructure> owned(activity);
  std::map<std::string, int> counts;
  for (const auto& [field, sign] : {std::pair{"objects-created-list", 1}, {"objects-removed-list", -1}}) {
    const GValue* list = gst_structure_get_value(activity, field);
    EXPECT_TRUE(list) << field;
    for (guint i = 0; list && i < gst_value_list_get_size(list); ++i) {
      const GstStructure* entry = gst_value_get_structure(gst_value_list_get_value(list, i));
      const char* type = gst_structure_get_string(entry, "type-name");
      counts[type ? type : "?"] += sign;
    }
  }
  return counts;
}

TEST(Leaks, AHundredStartsAndStopsLeaveNothingBehind) {
  GstTracer* tracer = leaksTracer();
  if (!tracer) GTEST_SKIP() << "GST_TRACERS=leaks is not set, or the tracer is not installed";
  const TinyModel model({.says = {"hello", "world"}});
  std::mt19937 random(3);
  const auto cycle = [&](int round) {
    const auto pipeline = newElement(
        "audiotestsrc wave=white-noise num-buffers=600 ! nputranscriber vad-model=\"\" threads=1 model=" +
        model.path() + " ! fakesink");
    const GstState states[] = {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING};
    gst_element_set_state(pipeline.get(), states[round % 3]);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
    if (round % 5 == 0) gst_element_set_state(pipeline.get(), GST_STATE_READY);
    if (round % 10 == 0) gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  };
  // What lives as long as the process is made once.
  for (int round = 0; round < 12; ++round) cycle(round);
  const size_t descriptors = entries("/proc/self/fd");
  g_signal_emit_by_name(tracer, "activity-start-tracking");
  for (int round = 0; round < 100; ++round) cycle(round);
  EXPECT_LE(entries("/proc/self/fd"), descriptors);
  const auto alive = stillAlive(tracer);
  EXPECT_GE(alive.size(), 10u) << "the tracer saw our objects";
  for (const auto& [type, count] : alive) EXPECT_LE(count, 0) << type;
  g_signal_emit_by_name(tracer, "activity-stop-tracking");
  gst_object_unref(tracer);
}

}  // namespace
}  // namespace npuspeech::test
