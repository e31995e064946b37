// SPDX-License-Identifier: LGPL-2.1-or-later
// What is told where something fails: text that GStreamer can show, the place, and how the element was set
// up.
#include "gst/core/boundary.h"

#include <chrono>
#include <cmath>
#include <future>
#include <new>
#include <utility>

#include "tests/gst/support.h"
#include "tests/support/tensor_writer.h"

namespace npuspeech::gst {
namespace {

using test::Held;

class Faults : public ::testing::Test {
 protected:
  Faults() : element_(test::newElement("npuwhisperenc name=enc")), bus_(gst_bus_new()) {
    gst_element_set_bus(element_.get(), bus_);
  }
  ~Faults() override {
    gst_element_set_bus(element_.get(), nullptr);
    gst_object_unref(bus_);
  }
  struct Posted {
    std::string text, debug;
  };
  Posted posted(GstMessageType type = GST_MESSAGE_ERROR) {
    GstMessage* const message = gst_bus_timed_pop_filtered(bus_, 30 * GST_SECOND, type);
    if (!message) return {};
    GError* error = nullptr;
    gchar* debug = nullptr;
    if (type == GST_MESSAGE_ERROR)
      gst_message_parse_error(message, &error, &debug);
    else
      gst_message_parse_warning(message, &error, &debug);
    const Posted told{error->message, debug};
    g_error_free(error);
    g_free(debug);
    gst_message_unref(message);
    return told;
  }
  Held<GstElement> element_;
  GstBus* bus_;
};

bool isShown(const std::string& text) {
  return !text.empty() && g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr);
}

TEST_F(Faults, ErrorsNameTheirPlaceAndHowTheElementIsSetUp) {
  g_object_set(element_.get(), "threads", 3, "model", "my-model", nullptr);
  postError(element_.get(), {ErrorCode::BadFile, "It is broken."});
  const int line = __LINE__ - 1;
  const Posted error = posted();
  EXPECT_EQ(error.text, "It is broken.");
  EXPECT_NE(error.debug.find("faults_test.cpp(" + std::to_string(line) + ")"), std::string::npos)
      << error.debug;
  for (const char* part : {"bad file", "threads=3", "model=my-model"})
    EXPECT_NE(error.debug.find(part), std::string::npos) << error.debug;
  EXPECT_EQ(error.debug.find("precision="), std::string::npos) << "a default: " << error.debug;
  EXPECT_EQ(error.debug.find("stats="), std::string::npos) << "nobody sets it: " << error.debug;

  postWarning(element_.get(), {ErrorCode::BadFile, "It goes on."});
  EXPECT_NE(posted(GST_MESSAGE_WARNING).debug.find("faults_test.cpp("), std::string::npos);
}

TEST_F(Faults, AnExceptionIsAnErrorThatSaysWhereItWasCaught) {
  const int value = guarded(element_.get(), 7, []() -> int { throw std::bad_alloc(); });
  EXPECT_EQ(value, 7);
  const Posted error = posted();
  EXPECT_NE(error.debug.find("faults_test.cpp("), std::string::npos) << error.debug;
  EXPECT_NE(error.debug.find("bad_alloc"), std::string::npos) << error.debug;
  EXPECT_EQ(guarded(nullptr, 8, []() -> int { throw 1; }), 8) << "where nothing can be told";
}

TEST_F(Faults, BytesThatAreNoTextAreToldAsText) {
  postError(element_.get(), {ErrorCode::BadFile, "'a\xff\xfe' holds \x1b[31m, \xc3\xa9 and \n."});
  const Posted error = posted();
  EXPECT_EQ(error.text, "'a\uFFFD\uFFFD' holds \uFFFD[31m, \u00e9 and \uFFFD.");
  EXPECT_TRUE(isShown(error.debug));
}

// A name in Latin-1 goes into progress messages too, and a warning of GLib's would fail the test.
TEST_F(Faults, ANameThatIsNoUtf8IsToldAsText) {
  g_object_set(element_.get(), "model", "/nowhere/mod\xe8le", "device", "cpu", nullptr);
  gst_element_set_state(element_.get(), GST_STATE_READY);
  const Posted error = posted();
  EXPECT_TRUE(isShown(error.text));
  EXPECT_NE(error.text.find("/nowhere/mod\uFFFDle"), std::string::npos) << error.text;
  gst_element_set_state(element_.get(), GST_STATE_NULL);
}

TEST_F(Faults, ADamagedFilesBytesAreToldAsText) {
  const test::TempFolder folder;
  test::writeTinyVocabulary(folder.path(), true);
  test::writeFile(folder.path() + "/model.bin",
                  std::string("\x06\0\0\0\x05\0\xff\xfe\x1b\x07\0\0\0\0\0\0\0\0\0\0\0\0\0", 23));
  g_object_set(element_.get(), "model", folder.path().c_str(), nullptr);
  gst_element_set_state(element_.get(), GST_STATE_READY);
  const Posted error = posted();
  EXPECT_TRUE(isShown(error.text));
  EXPECT_NE(error.text.find("\uFFFD\uFFFD\uFFFD\uFFFD"), std::string::npos) << error.text;
  gst_element_set_state(element_.get(), GST_STATE_NULL);
}

// A sync handler runs on the thread that loads, which cannot wait for itself.
TEST(Loading, MayBeStoppedAndDroppedByAHandlerOfItsOwnMessages) {
  const test::TinyModel model, broken({.weights = TensorType::Float32, .gain = INFINITY});
  for (const bool isWhole : {true, false})
    for (const GstMessageType at : {GST_MESSAGE_PROGRESS, GST_MESSAGE_ELEMENT, GST_MESSAGE_ERROR}) {
      if (at == (isWhole ? GST_MESSAGE_ERROR : GST_MESSAGE_ELEMENT)) continue;
      auto element = test::newElement("npuwhisperenc threads=1 model=" + (isWhole ? model : broken).path());
      GstBus* const bus = gst_bus_new();
      gst_element_set_bus(element.get(), bus);
      struct Stop {
        GstMessageType at;
        std::promise<GstStateChangeReturn> stopped;
        bool isDone = false;
      } stop{at, {}};
      gst_bus_set_sync_handler(
          bus,
          [](GstBus*, GstMessage* message, gpointer data) {
            auto* const self = static_cast<Stop*>(data);
            if (GST_MESSAGE_TYPE(message) == self->at && !std::exchange(self->isDone, true))
              self->stopped.set_value(
                  gst_element_set_state(GST_ELEMENT(GST_MESSAGE_SRC(message)), GST_STATE_NULL));
            return GST_BUS_PASS;
          },
          &stop, nullptr);
      auto stopped = stop.stopped.get_future();
      gst_element_set_state(element.get(), GST_STATE_READY);
      ASSERT_EQ(stopped.wait_for(std::chrono::seconds(60)), std::future_status::ready);
      EXPECT_EQ(stopped.get(), GST_STATE_CHANGE_SUCCESS);
      // It can be started again, and stopped from outside.
      gst_element_set_state(element.get(), GST_STATE_READY);
      gst_element_set_state(element.get(), GST_STATE_NULL);
      gst_element_set_bus(element.get(), nullptr);
      element.reset();
      gst_bus_set_sync_handler(bus, nullptr, nullptr, nullptr);
      gst_object_unref(bus);
    }
}

}  // namespace
}  // namespace npuspeech::gst
