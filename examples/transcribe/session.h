// SPDX-License-Identifier: LGPL-2.1-or-later
// Several inputs at a time, their transcripts in the order of the command line.
#pragma once

#include <memory>
#include <vector>

#include "formats.h"
#include "input.h"
#include "live_line.h"
#include "output.h"
#include "progress.h"
#include "signals.h"

/// Runs the main loop until every input has ended.
class Session {
 public:
  Session(const Options& options, Output& output, Signals& signals, Clock::time_point programStart);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The exit status: 0, 1 where an input or the output failed, or 128 + the signal that has ended it.
  int run();
  /// Whether a transcript was written: of an input that has ended, or a live one's beginning.
  bool hasTranscript() const { return hasTranscript_; }

 private:
  bool update();
  void startInputs();
  bool writeTranscripts();
  bool write(const std::string& text);
  bool writeCaptions(Input& input);
  bool writeEnd(Input& input);
  void keepFinished();
  void drawProgress();
  void drawLine();
  void interrupt(int signal);
  void hideLines();
  void complain(std::string line);
  void failOutput();
  void stop(int status);

  const Options& options_;
  Output& output_;
  Signals& signals_;
  const Clock::time_point programStart_;
  Formatter formatter_;
  Progress progress_;
  LiveLine line_;
  std::vector<std::unique_ptr<Input>> inputs_;
  size_t current_ = 0;          // the input whose captions are being written
  size_t writtenSegments_ = 0;  // of the current one
  bool currentBegun_ = false;
  guint update_ = 0;  // source id of a pending update
  int status_ = 0;
  int endedBy_ = 0;  // the first signal
  bool hasTranscript_ = false;
  GMainLoop* loop_;
};
