// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound, and picture where there is one, as MPEG-TS segments, and the words of the sound.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <string>

struct Encoding {
  int bitsPerSecond;   // at most
  std::string codecs;  // RFC 6381
};

/// The pipeline. Its bus carries, beside what GStreamer's elements say, application messages "text": no text
/// will come that starts before `until` (gint64, ns of running time), and with `text` there is a cue from
/// `start` to `until`. Lives in the main loop's thread.
class Stream {
 public:
  /// `uri` is empty for the microphone. `files` is the pattern of the segments' names, as printf's. Where the
  /// pipeline cannot be made, error() says why, and nothing else may be called.
  Stream(const std::string& uri, const std::string& files, int64_t segmentNs, const std::string& language);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const std::string& error() const { return error_; }
  GstElement* pipeline() const { return pipeline_; }
  void start() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }
  /// No more files are written from now on; what was said of those that are is on the bus.
  void stop();
  /// Ends the source; EOS comes when all that was heard is written. False where nothing has been heard yet.
  bool finish();
  /// Whether there is sound, so that finish() has something to write.
  bool hasBegun() const { return hasBegun_; }
  /// Whether what is heard has no end of its own.
  bool isLive() const;
  bool isOfSource(GstMessage* message) const;

  /// Of the segments; known once there is one.
  Encoding encoding() const;

 private:
  void addPicture(GstPad* pad);
  static void onPad(GstElement* source, GstPad* pad, gpointer self);
  static void onNoMorePads(GstElement* source, gpointer self);
  static GstPadProbeReturn onText(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  std::string error_;
  GstElement* pipeline_ = nullptr;
  GstElement* source_ = nullptr;
  GstSegment textSegment_;  // the streaming thread's
  gulong hold_ = 0;         // of the sound, until it is known whether there is a picture
  std::atomic<bool> hasBegun_ = false;
};
