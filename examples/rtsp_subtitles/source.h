// SPDX-License-Identifier: LGPL-2.1-or-later
// An RTSP stream that comes back after it was lost.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <string>

/// Decodes a URI into pads that stay: audio/x-raw, and video if it is asked for. While the stream is lost
/// nothing comes; behind that, times go on as the clock did. Lives in the main loop's thread.
class Source {
 public:
  /// Adds itself to `pipeline`. `audio` and `video` are pads of elements there that take what comes; `video`
  /// may be NULL. `ended` is called with the reason where the first connection fails: "" stands for a stream
  /// without end that has ended before it began.
  Source(GstElement* pipeline, std::string uri, GstPad* audio, GstPad* video,
         std::function<void(const std::string& reason)> ended);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void connect();
  /// Whether the message is the source's, and has been dealt with.
  bool handle(GstMessage* message);
  /// No more reconnecting; the sinks get EOS.
  void finish();

 private:
  void lose(const std::string& reason);
  void disconnect();
  void watch();
  void restartTimer();
  static void onPad(GstElement* source, GstPad* pad, gpointer self);
  static void onSetup(GstElement* source, GstElement* rtspsrc, gpointer self);
  static GstPadProbeReturn onData(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  GstElement* const pipeline_;
  const std::string uri_;
  GstPad* const audio_;
  GstPad* const video_;
  const std::function<void(const std::string&)> ended_;
  GstElement* element_ = nullptr;
  guint timer_ = 0;
  bool wasConnected_ = false, isLost_ = false, finished_ = false;
  std::atomic<gint64> lastDataUs_{0};  // monotonic time; 0: none since connect()
};
