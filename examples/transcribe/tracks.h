// SPDX-License-Identifier: LGPL-2.1-or-later
// Which sound track of an input is heard, in each of its parts.
#pragma once

#include <gst/gst.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

/// One sound track as its container describes it.
struct Track {
  std::string id;        // of its stream
  size_t place = 0;      // in the container
  std::string kind;      // media type as it is stored; known for what cannot be decoded
  std::string language;  // code, empty where the container names none
  std::string title;
  bool isDefault = false, isDisabled = false;
  GstPad* pad = nullptr;  // gives the decoded sound; borrowed, null where no decoder is installed
};

/// Links the track that was asked for, else the container's default one, of a uridecodebin to a sink pad, and
/// does so again for each part of a stream that has several. The signals come on streaming threads;
/// everything else is for the main loop's thread.
class Tracks {
 public:
  /// `wish` is a number from 1 or a language code; empty for the default track. Holds no references: `source`
  /// has to be in state NULL before this goes.
  Tracks(GstElement* source, GstPad* sink, std::string wish);
  ~Tracks();
  Tracks(const Tracks&) = delete;
  Tracks& operator=(const Tracks&) = delete;

  /// Tells where the container has this stream; demuxers add their pads in that order.
  void addStream(GstPad* demuxed);

  /// A sentence about the choice where there was one, and what kept the input from being heard. Each once:
  /// then empty.
  std::string takeNote();
  std::string takeError();
  /// Which of the container's sound tracks is heard, from 0; none while that is not known.
  std::optional<size_t> heard();
  /// The kind of a track that no installed decoder knows, empty where all are known.
  std::string undecodable();

 private:
  static void onPad(GstElement* source, GstPad* pad, gpointer self);
  static void onUnknown(GstElement* source, GstPad* pad, GstCaps* caps, gpointer self);
  static void onPartComplete(GstElement* source, gpointer self);
  void link(GstPad* pad);  // null: to nothing
  void describe(Track& track);
  void choose();

  GstPad* const sink_;
  const std::string wish_;
  std::mutex mutex_;              // guards what follows
  std::vector<GstPad*> demuxed_;  // in the container's order; owned
  std::vector<Track> part_;       // those of the part that is being set up
  std::string note_, error_, undecodable_;
  std::optional<size_t> heard_;
  bool chosen_ = false;  // for the first part
};
