// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound, and picture where there is one, as MPEG-TS segments, and the words of the sound.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "bridge.h"
#include "source.h"

struct Encoding {
  int bitsPerSecond;   // at most
  std::string codecs;  // RFC 6381
};

/// What becomes of the source, in the main loop's thread: it cannot be had, or it is lost, and back.
struct StreamReports {
  std::function<void(const std::string&reason)> onFailure, onLoss;
  std::function<void()> onReturn;
};

/// The pipeline. A live source that is lost is tried again; until it is back the last picture stands, without
/// sound. Its bus carries, beside what GStreamer's elements say, application messages "text": no text
/// will come that starts before `until` (gint64, ns of running time), and with `text` there is a cue from
/// `start` to `until`. Lives in the main loop's thread.
class Stream {
 public:
  /// `uri` is empty for the microphone. `files` is the pattern of the segments' names, as printf's. Where the
  /// pipeline cannot be made, error() says why, and nothing else may be called.
  Stream(const std::string& uri, const std::string& files, int64_t segmentNs, const std::string& language,
         StreamReports reports = {});
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const std::string& error() const { return error_; }
  GstElement* pipeline() const { return pipeline_; }
  /// What fails says so on the bus.
  void start();
  /// Whether the message is the source's, and has been dealt with.
  bool handle(GstMessage* message) { return source_ && source_->handle(message); }
  /// No more files are written from now on; what was said of those that are is on the bus.
  void stop();
  /// Ends the source; EOS comes when all that was heard is written. False where nothing has been heard yet.
  bool finish();
  /// Whether there is sound, so that finish() has something to write.
  bool hasBegun() const { return hasBegun_; }
  bool isOfMicrophone(GstMessage* message) const;

  /// Of the segments; known once there is one.
  Encoding encoding() const;

 private:
  SourceUse use();
  GstPad* sinkOf(const std::string& kind);
  bool addPicture();
  void onAllPads();
  void keepUp();
  void end();
  static GstPadProbeReturn onText(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  std::string error_;
  GstElement* pipeline_ = nullptr;
  GstElement* microphone_ = nullptr;
  StreamReports reports_;
  std::unique_ptr<Source> source_;  // where it is no microphone
  std::unique_ptr<Bridge> soundBridge_, pictureBridge_;
  guint keepUp_ = 0;        // source id while the source is lost
  GstSegment textSegment_;  // the streaming thread's
  gulong hold_ = 0;         // of the sound, until it is known whether there is a picture
  std::atomic<bool> hasBegun_ = false;
};
