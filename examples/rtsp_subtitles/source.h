// SPDX-License-Identifier: LGPL-2.1-or-later
// A live stream that comes back after it was lost.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <string>

/// What a source needs of the program around it. All are called in the main loop's thread, but `sinkOf` and
/// `onAllPads`, which are in the source's own.
struct SourceUse {
  /// Whether its picture is wanted, beside its sound.
  bool hasPicture = false;
  /// Whether a stream that does not say that it is live comes back, too. Else its end is passed on.
  bool isAlwaysLive = false;
  /// The pad, of an element that stays, for "audio/x-raw" or "video/x-raw"; NULL where it is not wanted. Not
  /// owned by the caller: the pipeline holds it.
  std::function<GstPad*(const std::string& kind)> sinkOf;
  /// The first connection fails, for this reason, or what is not live does so later.
  std::function<void(const std::string& reason)> onFailure;
  /// No more comes after finish(): the sinks are to get their EOS.
  std::function<void()> onEnd;
  /// May be empty: all pads of a connection are linked; it is lost, and then still lost, every 1.5 s; it is
  /// back.
  std::function<void()> onAllPads;
  std::function<void(const std::string& reason)> onLoss;
  std::function<void()> onStillLost, onReturn;
};

/// Decodes a URI into pads that stay. While the stream is lost nothing comes; behind that, times go on as the
/// clock did. Whatever it holds, 2 s of an RTSP stream, comes out before it is left. Lives in the main loop's
/// thread.
class Source {
 public:
  /// Adds itself to `pipeline`.
  Source(GstElement* pipeline, std::string uri, SourceUse use);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void connect();
  /// Whether the message is the source's, and has been dealt with.
  bool handle(GstMessage* message);
  /// Whether it comes back: known once there is sound.
  bool isLive() const { return use_.isAlwaysLive || isLive_; }
  /// Whether something has come since it was connected last.
  bool isHeard() const { return lastDataUs_ != 0; }
  /// No more reconnecting. Then onEnd() is called, at the latest after 4 s.
  void finish();

 private:
  void watch();
  void lose(const std::string& reason);
  void drain();
  void leave();
  void disconnect();
  void restartTimer();
  bool isOurs(GstMessage* message) const;
  static void onPad(GstElement* source, GstPad* pad, gpointer self);
  static void onNoMorePads(GstElement* source, gpointer self);
  static void onSetup(GstElement* source, GstElement* rtspsrc, gpointer self);
  static GstPadProbeReturn onData(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  GstElement* const pipeline_;
  const std::string uri_;
  const SourceUse use_;
  GstElement* element_ = nullptr;
  guint timer_ = 0, deadline_ = 0;
  std::string reason_;
  bool wasConnected_ = false, isLost_ = false, isLeaving_ = false, isFinished_ = false;
  std::atomic<bool> isLive_ = false;
  std::atomic<int> openPads_{0};       // linked, and not at their end
  std::atomic<gint64> lastDataUs_{0};  // monotonic time; 0: none since connect()
};
