// SPDX-License-Identifier: LGPL-2.1-or-later
// What the element tests share: elements without the module, a harness with a bus, noise, and a tiny model.
#pragma once

#include <gst/check/gstharness.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gst/core/holders.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace npuspeech::test {

using gst::Held;

constexpr GstClockTime kSample = GST_SECOND / 16000;
constexpr char kAudioCaps[] = "audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved";

/// A text buffer.
struct Text {
  std::string text;
  GstClockTime pts = 0, duration = 0;
  double confidence = 0;
  GstClockTime end() const { return pts + duration; }
};

/// What came out of an element up to EOS.
struct Output {
  std::vector<Held<GstBuffer>> buffers;
  /// All events, in order.
  std::vector<Held<GstEvent>> events;
  /// True once EOS has come out.
  bool eos = false;

  std::vector<Text> texts() const;
  /// The texts, joined by spaces.
  std::string joined() const;
  /// The events of a type; owned by this object.
  std::vector<GstEvent*> events_of(GstEventType type) const;
  /// The custom events of a name; owned by this object.
  std::vector<GstEvent*> custom(const char* name) const;
};

/// Returns white noise in [-0.1, 0.1], which is the same for the same seed.
std::vector<float> noise(size_t samples, unsigned seed = 1);
/// Makes a buffer of samples at 16 kHz, in the format of kAudioCaps.
Held<GstBuffer> audioBuffer(const std::vector<float>& samples, GstClockTime pts);

/// The caps of a tiny model's encoder states.
std::string statesCaps();
/// Makes a window of encoder states for `frames` log-mel frames. They are always the same noise.
Held<GstBuffer> states(int frames, GstClockTime pts, uint64_t utterance, bool isFinal);

/// Makes an element with properties, or several linked ones, from the syntax of gst-launch.
Held<GstElement> newElement(const std::string& launch);

/// A GstHarness around an element of ours, whose messages go to a bus.
class Harness {
 public:
  /// Makes the element from `launch`, as newElement(), and sets it to PLAYING.
  explicit Harness(const std::string& launch);
  /// Takes an element, and sets it to PLAYING.
  explicit Harness(GstElement* element);
  ~Harness();

  GstHarness* get() { return harness_; }
  GstElement* element() { return element_.get(); }
  /// All messages of a type so far; owned by the harness.
  std::vector<GstMessage*> messages(GstMessageType type);
  /// The texts of all errors so far. Waits up to `wait` for the first one.
  std::vector<std::string> errors(GstClockTime wait = 0);

  void setCaps(const char* caps) { gst_harness_set_src_caps_str(harness_, caps); }
  GstFlowReturn push(Held<GstBuffer> buffer) { return gst_harness_push(harness_, buffer.release()); }
  /// Pushes samples in buffers of at most `chunk` samples. Stops at the first flow that is not OK.
  GstFlowReturn pushAudio(const std::vector<float>& samples, GstClockTime pts = 0, size_t chunk = 1600);
  bool pushEvent(GstEvent* event) { return gst_harness_push_event(harness_, event); }
  /// Sends FLUSH_START and FLUSH_STOP.
  void flush();
  /// Sends a SEGMENT in the format time.
  void segment(GstClockTime start, GstClockTime base = 0);

  /// Takes what came out since the last call.
  Output take();
  /// Sends EOS, waits at most a minute for it to come out, and takes what came out.
  Output eos();
  /// Reads a field of the element's property `stats`.
  uint64_t stat(const char* name) { return stat(element_.get(), name); }
  static uint64_t stat(GstElement* element, const char* name);

 private:
  Held<GstElement> element_;
  GstBus* bus_;
  /// The messages that were read from the bus.
  std::vector<GstMessage*> log_;
  GstHarness* harness_;
};

/// A message npuspeech/no-words.
struct NoWordsSaid {
  uint64_t duration = 0;
  double loudness = 0, peak = 0;
  std::string reason, text;
};
/// All such messages so far.
std::vector<NoWordsSaid> noWords(Harness& harness);

/// An event rstranscribe/new-item.
struct NewItem {
  std::string content;
  GstClockTime runningTime = 0, duration = 0;
};
/// All such events that went upstream so far.
std::vector<NewItem> newItems(GstHarness* harness);

/// Takes the messages off `bus`, and returns the texts of the errors among them.
std::vector<std::string> errorsOn(GstBus* bus);

/// Sets an element to READY, which has to fail, and returns the texts of its errors.
std::vector<std::string> errorsAtStart(const std::string& launch);

/// How a pipeline ended.
struct Played {
  /// True: with EOS.
  bool eos = false;
  /// The texts of the errors of all elements, and of our elements.
  std::vector<std::string> errors, ownErrors;
};
/// Plays a pipeline until EOS or an error, at most a minute, and stops it.
Played play(GstElement* pipeline);
/// Plays a pipeline in the syntax of gst-launch in the same way.
Played run(const std::string& launch);

/// The words that the tiny model says in most tests.
inline const std::vector<std::string> kSays = {"hello", "world", "this", "is", "good", "water"};
/// The same words, joined by spaces.
inline constexpr char kSaid[] = "hello world this is good water";

/// A tiny model in a temporary folder of its own.
class TinyModel {
 public:
  explicit TinyModel(const TinyModelOptions& options = {}) { writeTinyModel(folder_.path(), options); }
  const std::string& path() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

}  // namespace npuspeech::test
