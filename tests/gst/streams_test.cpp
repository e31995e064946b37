// SPDX-License-Identifier: LGPL-2.1-or-later
// What the elements say of themselves and of their streams: caps, GstStreams, what is wrong before it starts.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "gst/memory/tensor_caps.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

namespace fs = std::filesystem;

class Streams : public ::testing::Test {
 protected:
  std::string transcriber(const std::string& more = "") const {
    return "nputranscriber name=t vad-model=\"\" threads=1 model=" + model_.path() + " " + more + " ";
  }
  TinyModel model_{{.says = kSays}};
};

// GStreamer warns of caps that are not what the template before them promised.
TEST_F(Streams, CapsAreOfTheirTemplates) {
  const std::string model = " threads=1 model=" + model_.path();
  EXPECT_TRUE(run("audiotestsrc num-buffers=30 ! npumel vad-model=\"\" ! identity ! queue ! npuwhisperenc" +
                  model + " ! identity ! tee ! queue ! npuwhisperdec" + model + " ! identity ! fakesink")
                  .eos);
  for (const int bins : {80, 128}) {
    const gst::Held<GstCaps> fixed(gst::tensorCaps({gst::TensorFormat::Id::LogMel, 3000, bins}));
    const auto mel = newElement("npumel");
    const Held<GstCaps> caps(gst_pad_template_get_caps(gst_element_get_pad_template(mel.get(), "src")));
    EXPECT_TRUE(gst_caps_is_subset(fixed.get(), caps.get())) << bins;
  }
}

GstStreamCollection* audioCollection(const char* id) {
  GstStreamCollection* collection = gst_stream_collection_new("source");
  gst_stream_collection_add_stream(
      collection, gst_stream_new(id, nullptr, GST_STREAM_TYPE_AUDIO, GST_STREAM_FLAG_SELECT));
  return collection;
}

TEST_F(Streams, TextIsAStreamOfItsOwnInTheGroupOfItsAudio) {
  Harness h(transcriber("language=de"));
  GstStreamCollection* audio = audioCollection("audio");
  GstEvent* start = gst_event_new_stream_start("audio");
  gst_event_set_group_id(start, 77);
  gst_event_set_stream(start, gst_stream_collection_get_stream(audio, 0));
  h.pushEvent(start);
  h.setCaps(kAudioCaps);
  h.segment(0);
  h.pushEvent(gst_event_new_stream_collection(audio));
  gst_object_unref(audio);
  ASSERT_EQ(h.pushAudio(noise(16000)), GST_FLOW_OK);
  const Output out = h.eos();
  GstEvent* last = out.events_of(GST_EVENT_STREAM_START).back();
  const gchar* id = nullptr;
  gst_event_parse_stream_start(last, &id);
  EXPECT_STREQ(id, "audio/src");
  guint group = 0;
  EXPECT_TRUE(gst_event_parse_group_id(last, &group));
  EXPECT_EQ(group, 77u);
  GstStream* parsed = nullptr;
  gst_event_parse_stream(last, &parsed);
  const Held<GstStream> stream(parsed);
  ASSERT_TRUE(stream);
  EXPECT_EQ(gst_stream_get_stream_type(stream.get()), GST_STREAM_TYPE_TEXT);
  EXPECT_TRUE(gst_stream_get_stream_flags(stream.get()) & GST_STREAM_FLAG_SPARSE);
  const Held<GstCaps> caps(gst_stream_get_caps(stream.get()));
  EXPECT_STREQ(gst_structure_get_name(gst_caps_get_structure(caps.get(), 0)), "text/x-raw");
  const auto collections = out.events_of(GST_EVENT_STREAM_COLLECTION);
  ASSERT_EQ(collections.size(), 1u);
  GstStreamCollection* collection = nullptr;
  gst_event_parse_stream_collection(collections[0], &collection);
  EXPECT_EQ(gst_stream_collection_get_size(collection), 1u);
  EXPECT_EQ(gst_stream_collection_get_stream(collection, 0), stream.get());
  gst_object_unref(collection);
}

TEST_F(Streams, ASinkOfInterimTextNeedNotBeToldThatThereIsNone) {
  const std::string silence = "audiotestsrc wave=silence num-buffers=20 ! ";
  for (const std::string& source : {std::string("audiotestsrc wave=white-noise num-buffers=300 ! "), silence,
                                    std::string("audiotestsrc num-buffers=0 ! ")})
    EXPECT_TRUE(run(source + transcriber() + "! fakesink  t.unsynced_src ! queue ! fakesink").eos) << source;
  EXPECT_TRUE(run(silence + transcriber() + "! fakesink  t.unsynced_src ! fakesink sync=true").eos);
}

// A sink that waits for its time holds up what the others would stand still with.
TEST_F(Streams, APauseNeedsNoMoreText) {
  const auto pipeline = newElement("audiotestsrc wave=white-noise ! " + transcriber("language=de") +
                                   "! fakesink sync=true  t.translate_src_0 ! fakesink  "
                                   "t.unsynced_src ! fakesink");
  const Held<GstElement> decoder(gst_bin_get_by_name(GST_BIN(pipeline.get()), "npuwhisperdec"));
  const auto decoded = [&] { return Harness::stat(decoder.get(), "windows"); };
  for (int round = 0; round < 2; ++round) {
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    for (uint64_t before = decoded() + 1; before != decoded();) {
      before = decoded();
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
    EXPECT_EQ(gst_element_get_state(pipeline.get(), nullptr, nullptr, 10 * GST_SECOND),
              GST_STATE_CHANGE_SUCCESS)
        << round;
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

/// What is wrong is told there and then, for nobody may be listening later.
void expectRefused(const std::string& launch, const std::vector<std::string>& parts) {
  const auto errors = errorsAtStart(launch);
  ASSERT_EQ(errors.size(), 1u) << launch;
  for (const std::string& part : parts) EXPECT_NE(errors[0].find(part), std::string::npos) << errors[0];
}

TEST_F(Streams, WhatIsWrongBeforeItStartsIsToldBeforeItStarts) {
  TempFolder folder;
  for (const char* name : {"empty", "cut", "nowords", "noconfig", "other"})
    fs::create_directory(folder.file(name));
  const auto copyTo = [&](const char* name, std::initializer_list<const char*> files) {
    for (const char* file : files) fs::copy_file(model_.path() + "/" + file, folder.file(name) + "/" + file);
  };
  copyTo("cut", {"model.bin", "config.json", "vocabulary.json"});
  fs::resize_file(folder.file("cut") + "/model.bin", 100000);
  copyTo("nowords", {"model.bin", "config.json"});
  copyTo("noconfig", {"model.bin", "vocabulary.json"});
  std::ofstream(folder.file("other") + "/model.bin") << "something else";
  std::ofstream(folder.file("vad")) << "something else";
  const TinyModel english({.multilingual = false, .says = kSays});

  const std::string whole = "model=" + model_.path() + " ";
  for (const char* element : {"npuwhisperenc", "npuwhisperdec", "nputranscriber"}) {
    const std::string e = std::string(element) + " ";
    expectRefused(e + "model=nope", {"nope"});
    expectRefused(e + "model=/nowhere/whisper", {"/nowhere/whisper"});
    expectRefused(e + "model=\"\"", {"model"});
    expectRefused(e + "model=" + folder.file("empty"), {folder.file("empty"), "model.bin"});
    expectRefused(e + "model=" + folder.file("cut"), {folder.file("cut"), "model.bin"});
    expectRefused(e + "model=" + folder.file("other"), {folder.file("other"), "model.bin"});
    expectRefused(e + "model=" + folder.file("nowords"), {folder.file("nowords"), "vocabulary"});
    expectRefused(e + "model=" + folder.file("noconfig"), {folder.file("noconfig"), "config.json"});
    expectRefused(e + whole + "device=gpu", {"gpu"});
    expectRefused(e + whole + "device=xrt:7", {"xrt"});
  }
  for (const char* element : {"npuwhisperdec ", "nputranscriber vad-model=\"\" "}) {
    expectRefused(element + whole + "language=xx", {"xx"});
    expectRefused(element + ("model=" + english.path()) + " language=de", {"English", "de"});
    expectRefused(element + ("model=" + english.path()) + " task=translate", {"translate"});
  }
  for (const std::string& element : {std::string("npumel "), "nputranscriber " + whole}) {
    expectRefused(element + "vad-model=/nowhere/vad", {"/nowhere/vad"});
    expectRefused(element + "vad-model=" + folder.file("vad"), {folder.file("vad")});
  }
}

}  // namespace
}  // namespace npuspeech::test
