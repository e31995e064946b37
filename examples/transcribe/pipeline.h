// SPDX-License-Identifier: LGPL-2.1-or-later
// The elements that one input goes through.
#pragma once

#include <gst/gst.h>

#include <string>

#include "options.h"

/// Owns its references; the elements go to state NULL with it.
struct Pipeline {
  GstElement* top = nullptr;
  GstElement* source = nullptr;  // uridecodebin, or the microphone
  GstElement* transcriber = nullptr;
  GstElement* text = nullptr;  // takes what it says
  GstPad* entry = nullptr;     // takes the decoded sound; a uridecodebin's pads are not linked yet

  /// `uri` is empty for the microphone. False, with the reason in `error`, where an element is missing.
  bool build(const Options& options, const std::string& uri, std::string& error);

  /// Lets text leave though the source has failed, and never gets to state PLAYING.
  void takeText();
  /// Ends the sound behind what came. Returns at once: the pad may be busy.
  void endSound();
  /// Ends all its threads.
  void stop();
  /// Has another source in the place of the first, which is stopped, and whose errors are forgotten.
  void replaceSource(const std::string& uri);
  /// No thread of the source is at work. Of sources with tasks on their pads: files. Those of queues wait for
  /// the others', and may still have something to do behind them.
  bool isIdle(bool withQueues) const;
  /// Lets the source begin from the front; false where it cannot.
  bool startAgain();

  Pipeline() = default;
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
};
