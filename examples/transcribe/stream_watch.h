// SPDX-License-Identifier: LGPL-2.1-or-later
// What a uridecodebin finds inside an input.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>

/// Looks at the elements that come while an input is taken apart.
class StreamWatch {
 public:
  /// `onStream` is called on streaming threads with the pad of each stream of sound or picture as its
  /// container has it, in the container's order. `top` has to be in state NULL before this goes.
  StreamWatch(GstElement* top, std::function<void(GstPad* pad)> onStream);
  StreamWatch(const StreamWatch&) = delete;
  StreamWatch& operator=(const StreamWatch&) = delete;

  /// `onAny` gets the pads of streams of every kind, subtitles too. Before the pipeline runs.
  void watchAll(std::function<void(GstPad* pad)> onAny) { onAny_ = std::move(onAny); }
  /// Media type of the input as a whole, empty while it is not known.
  std::string kind();

 private:
  static void onElement(GstBin* top, GstBin* bin, GstElement* element, gpointer self);
  static void onType(GstElement* typefind, guint probability, GstCaps* caps, gpointer self);
  static void onPad(GstElement* demuxer, GstPad* pad, gpointer self);

  const std::function<void(GstPad* pad)> onStream_;
  std::function<void(GstPad* pad)> onAny_;
  std::mutex mutex_;  // guards what follows
  std::string kind_;
};
