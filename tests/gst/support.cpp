// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/gst/support.h"

#include <algorithm>
#include <random>

#include "gst/elements/elements.h"
#include "gst/memory/tensor_caps.h"
#include "gst/memory/window_meta.h"
#include "gst/text/word_meta.h"

namespace npuspeech::test {
namespace {

/// What GLib and GStreamer warn of is a defect: a pad's events out of order, a reference too few. Any thread.
void failTest(const gchar* domain, GLogLevelFlags level, const gchar* message, gpointer) {
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
    ADD_FAILURE() << (domain ? domain : "") << ": " << message;
  g_log_default_handler(domain, level, message, nullptr);
}

class GStreamer : public ::testing::Environment {
 public:
  void SetUp() override {
    g_log_set_default_handler(failTest, nullptr);
    gst_init(nullptr, nullptr);
    ASSERT_TRUE(GST_ELEMENT_REGISTER(npumel, nullptr));
    ASSERT_TRUE(GST_ELEMENT_REGISTER(npuwhisperenc, nullptr));
    ASSERT_TRUE(GST_ELEMENT_REGISTER(npuwhisperdec, nullptr));
    ASSERT_TRUE(GST_ELEMENT_REGISTER(nputranscriber, nullptr));
  }
};
const auto* const gstreamer = ::testing::AddGlobalTestEnvironment(new GStreamer);

std::string errorText(GstMessage* message) {
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  std::string text = error->message;
  g_error_free(error);
  return text;
}

}  // namespace

std::string statesCaps() {
  const gst::TensorFormat format{gst::TensorFormat::Id::EncoderStates, kTinyAudioContext, kTinyStateWidth};
  const Held<char> text(gst_caps_to_string(gst::tensorCaps(format).get()));
  return text.get();
}

Held<GstBuffer> states(int frames, GstClockTime pts, uint64_t utterance, bool isFinal) {
  const auto values = noise(1500 * kTinyStateWidth, 7);
  GstBuffer* buffer = gst_buffer_new_memdup(values.data(), values.size() * sizeof(float));
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = static_cast<GstClockTime>(frames) * 10 * GST_MSECOND;
  gst::addWindowMeta(buffer, {{frames, 1500, {}}, utterance, 0, isFinal});
  return Held<GstBuffer>(buffer);
}

Held<GstElement> newElement(const std::string& launch) {
  GError* error = nullptr;
  GstElement* element = gst_parse_launch(launch.c_str(), &error);
  if (error) {
    ADD_FAILURE() << launch << ": " << error->message;
    g_error_free(error);
  }
  return Held<GstElement>(element ? GST_ELEMENT(gst_object_ref_sink(element)) : nullptr);
}

std::vector<Text> Output::texts() const {
  std::vector<Text> texts;
  for (const auto& buffer : buffers) {
    const gst::Mapped map(buffer.get(), GST_MAP_READ);
    Text text{std::string(map.as<const char>(), map.size()), GST_BUFFER_PTS(buffer.get()),
              GST_BUFFER_DURATION(buffer.get()), -1};
    if (auto* meta = gst_buffer_get_custom_meta(buffer.get(), gst::kWordMeta))
      gst_structure_get_double(gst_custom_meta_get_structure(meta), "confidence", &text.confidence);
    texts.push_back(text);
  }
  return texts;
}

std::string Output::joined() const {
  std::string all;
  for (const auto& text : texts()) all += (all.empty() ? "" : " ") + text.text;
  return all;
}

std::vector<GstEvent*> Output::events_of(GstEventType type) const {
  std::vector<GstEvent*> found;
  for (const auto& event : events)
    if (GST_EVENT_TYPE(event.get()) == type) found.push_back(event.get());
  return found;
}

std::vector<GstEvent*> Output::custom(const char* name) const {
  std::vector<GstEvent*> found;
  for (const auto& event : events)
    if (gst_event_has_name(event.get(), name)) found.push_back(event.get());
  return found;
}

std::vector<float> noise(size_t samples, unsigned seed) {
  std::minstd_rand random(seed);
  std::vector<float> out(samples);
  for (float& sample : out) sample = static_cast<float>(random() % 2001) / 10000.0f - 0.1f;
  return out;
}

Held<GstBuffer> audioBuffer(const std::vector<float>& samples, GstClockTime pts) {
  GstBuffer* buffer = gst_buffer_new_memdup(samples.data(), samples.size() * sizeof(float));
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = samples.size() * kSample;
  return Held<GstBuffer>(buffer);
}

Harness::Harness(const std::string& launch) : Harness(newElement(launch).get()) {}

Harness::Harness(GstElement* element) : element_(GST_ELEMENT(gst_object_ref(element))), bus_(gst_bus_new()) {
  gst_element_set_bus(element, bus_);
  harness_ = gst_harness_new_with_element(element, "sink", "src");
  gst_harness_set_live(harness_, FALSE);
  gst_element_set_state(element, GST_STATE_PLAYING);
}

Harness::~Harness() {
  gst_harness_teardown(harness_);
  gst_element_set_bus(element_.get(), nullptr);
  gst_element_set_state(element_.get(), GST_STATE_NULL);
  for (GstMessage* message : log_) gst_message_unref(message);
  gst_bus_set_flushing(bus_, TRUE);
  gst_object_unref(bus_);
}

GstFlowReturn Harness::pushAudio(const std::vector<float>& samples, GstClockTime pts, size_t chunk) {
  GstFlowReturn flow = GST_FLOW_OK;
  for (size_t at = 0; at < samples.size() && flow == GST_FLOW_OK; at += chunk) {
    const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = static_cast<std::ptrdiff_t>(std::min(chunk, samples.size() - at));
    flow = push(audioBuffer(std::vector<float>(begin, begin + count), pts + at * kSample));
  }
  return flow;
}

void Harness::flush() {
  EXPECT_TRUE(pushEvent(gst_event_new_flush_start()));
  EXPECT_TRUE(pushEvent(gst_event_new_flush_stop(TRUE)));
}

void Harness::segment(GstClockTime start, GstClockTime base) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.time = segment.position = start;
  segment.base = base;
  EXPECT_TRUE(pushEvent(gst_event_new_segment(&segment)));
}

Output Harness::take() {
  Output output;
  while (GstEvent* event = gst_harness_try_pull_event(harness_)) {
    output.eos |= GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    output.events.emplace_back(event);
  }
  while (GstBuffer* buffer = gst_harness_try_pull(harness_)) output.buffers.emplace_back(buffer);
  return output;
}

Output Harness::eos() {
  EXPECT_TRUE(pushEvent(gst_event_new_eos()));
  Output output;
  while (!output.eos) {
    GstEvent* event = gst_harness_pull_event(harness_);
    if (!event) break;
    output.eos = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    output.events.emplace_back(event);
  }
  EXPECT_TRUE(output.eos) << "EOS did not come out";
  while (GstBuffer* buffer = gst_harness_try_pull(harness_)) output.buffers.emplace_back(buffer);
  return output;
}

uint64_t Harness::stat(GstElement* element, const char* name) {
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  const Held<GstStructure> held(stats);
  guint64 value = 0;
  EXPECT_TRUE(gst_structure_get_uint64(stats, name, &value)) << name;
  return value;
}

std::vector<GstMessage*> Harness::messages(GstMessageType type) {
  while (GstMessage* message = gst_bus_pop(bus_)) log_.push_back(message);
  std::vector<GstMessage*> found;
  for (GstMessage* message : log_)
    if (GST_MESSAGE_TYPE(message) == type) found.push_back(message);
  return found;
}

std::vector<std::string> Harness::errors(GstClockTime wait) {
  auto found = messages(GST_MESSAGE_ERROR);
  if (found.empty() && wait > 0)
    if (GstMessage* message = gst_bus_timed_pop_filtered(bus_, wait, GST_MESSAGE_ERROR)) {
      log_.push_back(message);
      found = messages(GST_MESSAGE_ERROR);
    }
  std::vector<std::string> texts;
  for (GstMessage* message : found) texts.push_back(errorText(message));
  return texts;
}

std::vector<NoWordsSaid> noWords(Harness& harness) {
  std::vector<NoWordsSaid> said;
  for (GstMessage* message : harness.messages(GST_MESSAGE_ELEMENT)) {
    const GstStructure* fields = gst_message_get_structure(message);
    if (!gst_structure_has_name(fields, "npuspeech/no-words")) continue;
    NoWordsSaid one;
    guint64 duration = 0;
    EXPECT_TRUE(gst_structure_get(fields, "duration", G_TYPE_UINT64, &duration, "loudness", G_TYPE_DOUBLE,
                                  &one.loudness, "peak", G_TYPE_DOUBLE, &one.peak, nullptr));
    one.duration = duration;
    one.reason = gst_structure_get_string(fields, "reason");
    one.text = gst_structure_get_string(fields, "text");
    said.push_back(one);
  }
  return said;
}

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

std::vector<std::string> errorsOn(GstBus* bus) {
  std::vector<std::string> errors;
  while (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) {
    errors.push_back(errorText(message));
    gst_message_unref(message);
  }
  return errors;
}

std::vector<std::string> errorsAtStart(const std::string& launch) {
  const auto element = newElement(launch);
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(element.get(), bus);
  EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_READY), GST_STATE_CHANGE_FAILURE) << launch;
  const auto errors = errorsOn(bus);
  EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  gst_element_set_bus(element.get(), nullptr);
  gst_object_unref(bus);
  return errors;
}

Played play(GstElement* pipeline) {
  Played played;
  GstBus* bus = gst_element_get_bus(pipeline);
  const bool isOn = gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
  constexpr auto types = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  GstMessage* message = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, types);
  // The streaming threads stop before the rest of their messages are read.
  if (isOn) gst_element_set_state(pipeline, GST_STATE_READY);
  for (; message; message = gst_bus_pop_filtered(bus, types)) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
      played.eos = true;
    } else {
      played.errors.push_back(errorText(message));
      if (g_str_has_prefix(GST_MESSAGE_SRC_NAME(message), "npu"))
        played.ownErrors.push_back(played.errors.back());
    }
    gst_message_unref(message);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  return played;
}

Played run(const std::string& launch) {
  const auto pipeline = newElement(launch);
  if (!pipeline) return {};
  const Played played = play(pipeline.get());
  for (const auto& error : played.errors) ADD_FAILURE() << launch << ": " << error;
  return played;
}

}  // namespace npuspeech::test
