// SPDX-License-Identifier: LGPL-2.1-or-later
// What the element tests share: elements without the module, a harness with a bus, noise, and a tiny model.
#pragma once

#include <gst/check/gstharness.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gst/holders.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace npuspeech::test {

using gst::Held;

constexpr GstClockTime kSample = GST_SECOND / 16000;
constexpr char kAudioCaps[] = "audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved";

struct Text {
  std::string text;
  GstClockTime pts = 0, duration = 0;
  double confidence = 0;
  GstClockTime end() const { return pts + duration; }
};

/// What came out of an element up to EOS.
struct Output {
  std::vector<Held<GstBuffer>> buffers;
  std::vector<Held<GstEvent>> events;  // all of them, in order
  bool eos = false;

  std::vector<Text> texts() const;
  std::string joined() const;  // the texts, by spaces
  std::vector<GstEvent*> events_of(GstEventType type) const;
  std::vector<GstEvent*> custom(const char* name) const;
};

/// White noise, [-0.1, 0.1], the same for the same seed.
std::vector<float> noise(size_t samples, unsigned seed = 1);
Held<GstBuffer> audioBuffer(const std::vector<float>& samples, GstClockTime pts);

/// Encoder states of a tiny model: their caps, and a window of `frames` log-mel frames, always the same
/// noise.
std::string statesCaps();
Held<GstBuffer> states(int frames, GstClockTime pts, uint64_t utterance, bool isFinal);

/// An element with properties, or several linked, as gst-launch takes them.
Held<GstElement> newElement(const std::string& launch);

/// A GstHarness around an element of ours, whose messages go to a bus.
class Harness {
 public:
  /// Plays until it is destroyed.
  explicit Harness(const std::string& launch);
  explicit Harness(GstElement* element);
  ~Harness();

  GstHarness* get() { return harness_; }
  GstElement* element() { return element_.get(); }
  /// Every message so far of the type; owned by the harness.
  std::vector<GstMessage*> messages(GstMessageType type);
  /// The texts of all errors; waits up to `wait` for the first.
  std::vector<std::string> errors(GstClockTime wait = 0);

  void setCaps(const char* caps) { gst_harness_set_src_caps_str(harness_, caps); }
  GstFlowReturn push(Held<GstBuffer> buffer) { return gst_harness_push(harness_, buffer.release()); }
  /// In buffers of at most `chunk` samples; stops at the first flow that is not OK.
  GstFlowReturn pushAudio(const std::vector<float>& samples, GstClockTime pts = 0, size_t chunk = 1600);
  bool pushEvent(GstEvent* event) { return gst_harness_push_event(harness_, event); }
  void flush();
  void segment(GstClockTime start, GstClockTime base = 0);

  /// What came out since the last call. eos() sends EOS and waits for it to come out (at most a minute).
  Output take();
  Output eos();

  uint64_t stat(const char* name) { return stat(element_.get(), name); }
  static uint64_t stat(GstElement* element, const char* name);

 private:
  Held<GstElement> element_;
  GstBus* bus_;
  std::vector<GstMessage*> log_;  // what was on the bus
  GstHarness* harness_;
};

/// What messages npuspeech/no-words said so far.
struct NoWordsSaid {
  uint64_t duration = 0;
  double loudness = 0, peak = 0;
  std::string reason, text;
};
std::vector<NoWordsSaid> noWords(Harness& harness);

/// What went upstream as event rstranscribe/new-item so far.
struct NewItem {
  std::string content;
  GstClockTime runningTime = 0, duration = 0;
};
std::vector<NewItem> newItems(GstHarness* harness);

/// The texts of the errors on `bus`, which loses what else is on it.
std::vector<std::string> errorsOn(GstBus* bus);

/// What an element says that cannot go to READY, which the caller expects.
std::vector<std::string> errorsAtStart(const std::string& launch);

struct Played {
  bool eos = false;
  std::vector<std::string> errors, ownErrors;  // of any element, and of ours
};
/// Plays a pipeline until EOS or an error, at most a minute, and stops it.
Played play(GstElement* pipeline);
/// The same for a gst-launch description.
Played run(const std::string& launch);

/// What most tests let a tiny model say, and its words joined.
inline const std::vector<std::string> kSays = {"hello", "world", "this", "is", "good", "water"};
inline constexpr char kSaid[] = "hello world this is good water";

/// A tiny model in a folder of its own.
class TinyModel {
 public:
  explicit TinyModel(const TinyModelOptions& options = {}) { writeTinyModel(folder_.path(), options); }
  const std::string& path() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

}  // namespace npuspeech::test
