// SPDX-License-Identifier: LGPL-2.1-or-later
// Several inputs at a time, their transcripts in the order of the command line.
#include "session.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace {

// Enough to fill the engine's batches while short files start and end, few enough to keep memory small.
constexpr size_t kAtATime = 8;
constexpr guint kProgressMs = 100;

double secondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Session::Session(const Options& options, Output& output, Signals& signals, Clock::time_point programStart)
    : options_(options),
      output_(output),
      signals_(signals),
      programStart_(programStart),
      formatter_(options.format, options.live),
      loop_(g_main_loop_new(nullptr, FALSE)) {
  const auto changed = [this] {
    if (!update_)
      update_ =
          g_idle_add([](gpointer self) -> gboolean { return static_cast<Session*>(self)->update(); }, this);
  };
  for (const std::string& name : options.inputs)
    inputs_.push_back(std::make_unique<Input>(name, options, changed));
}

Session::~Session() {
  inputs_.clear();
  g_main_loop_unref(loop_);
}

int Session::run() {
  signals_.attend([this](int signal) { interrupt(signal); });
  if (progress_.isVisible())
    g_timeout_add(
        kProgressMs,
        [](gpointer self) -> gboolean {
          static_cast<Session*>(self)->drawProgress();
          return G_SOURCE_CONTINUE;
        },
        this);
  startInputs();
  g_main_loop_run(loop_);
  hideLines();
  // Ctrl-C is the way to end a live input.
  if (endedBy_ != 0 && status_ == 0 && endedBy_ != SIGINT) status_ = 128 + endedBy_;
  return status_;
}

void Session::interrupt(int signal) {
  // Live, the last words are still to come; who cannot wait for them asks twice.
  if (options_.live && std::exchange(endedBy_, signal) == 0) {
    signals_.attendAgain();
    for (const auto& input : inputs_) input->finish();
    return;
  }
  stop(128 + signal);
  keepFinished();
}

void Session::stop(int status) {
  status_ = status;
  g_main_loop_quit(loop_);
}

void Session::hideLines() {
  progress_.hide();
  line_.hide();
}

void Session::complain(std::string line) {
  hideLines();
  // Names may hold anything, but a complaint is a line.
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  std::fprintf(stderr, "transcribe: %s\n", line.c_str());
}

void Session::failOutput() {
  // Nobody reads on, who was told enough.
  if (!output_.hasNoReader()) complain(output_.error());
  stop(output_.hasNoReader() ? 128 + SIGPIPE : 1);
}

void Session::startInputs() {
  size_t running = 0;
  for (const auto& input : inputs_) {
    if (!input->isStarted()) input->start();
    if (!input->hasEnded() && ++running == kAtATime) break;
  }
}

bool Session::update() {
  update_ = 0;
  for (const auto& input : inputs_)
    if (input->isHopeless()) {
      complain(input->error());
      stop(1);
      return false;
    }
  startInputs();  // before the ended ones go: together they hold the model in memory
  if (!writeTranscripts()) {
    failOutput();
  } else if (current_ == inputs_.size()) {
    g_main_loop_quit(loop_);
  } else {
    drawLine();
  }
  return false;
}

bool Session::write(const std::string& text) {
  if (text.empty()) return true;
  hideLines();
  return output_.write(text);
}

bool Session::writeCaptions(Input& input) {
  const Transcript& transcript = input.transcript();
  if (transcript.segments.empty() && !input.isComplete()) return true;
  hasTranscript_ = true;
  if (!std::exchange(currentBegun_, true) && !write(formatter_.begin(transcript.file))) return false;
  for (; writtenSegments_ < transcript.segments.size(); writtenSegments_++)
    if (!write(formatter_.caption(transcript.segments[writtenSegments_]))) return false;
  return true;
}

bool Session::writeEnd(Input& input) {
  if (!input.isComplete()) return true;
  Clock::duration load{};
  for (const auto& other : inputs_) load = std::max(load, other->loadTime());
  const Transcript& transcript = input.transcript();
  const double spent = secondsBetween(input.startTime(), input.endTime());
  const Timing timing{std::chrono::duration<double>(load).count(),
                      secondsBetween(programStart_, input.endTime()),
                      static_cast<double>(transcript.durationNs) / 1e9 / spent};
  return write(formatter_.end(transcript, timing));
}

bool Session::writeTranscripts() {
  for (; current_ < inputs_.size(); current_++, writtenSegments_ = 0, currentBegun_ = false) {
    Input& input = *inputs_[current_];
    for (std::string note; !(note = input.takeNote()).empty();)
      complain(input.transcript().file + ": " + note);
    // A file is for what is whole.
    if ((output_.isFollowed() || input.hasEnded()) && !writeCaptions(input)) return false;
    if (!input.hasEnded()) return true;
    if (!writeEnd(input)) return false;
    if (!input.error().empty()) {
      complain(input.transcript().file + ": " + input.error());
      status_ = 1;
    }
    input.stop();
  }
  return true;
}

void Session::keepFinished() {
  // Who follows the output has what there is, and half a transcript may be the last of it.
  if (output_.isFollowed()) return;
  for (; current_ < inputs_.size(); current_++, writtenSegments_ = 0, currentBegun_ = false) {
    Input& input = *inputs_[current_];
    if (input.hasEnded() && !(writeCaptions(input) && writeEnd(input))) return failOutput();
  }
}

void Session::drawLine() {
  // With captions, or a file, only what is final is of use.
  if (!options_.live || options_.format != Format::Text || !options_.output.empty()) return;
  const LiveWords words = inputs_[current_]->pendingWords();
  if (words.committed.empty() && words.interim.empty()) return line_.hide();
  progress_.hide();
  line_.show(words);
}

void Session::drawProgress() {
  if (current_ == inputs_.size()) return;
  Input& input = *inputs_[current_];
  if (input.isLoading()) return progress_.show(0, "loading " + options_.model);
  if (options_.live) return progress_.hide();
  int64_t textNs = 0;
  for (const auto& any : inputs_)
    if (any->isStarted()) textNs += any->positionNs();
  const double wall = secondsBetween(programStart_, Clock::now());
  const double position = static_cast<double>(input.positionNs()),
               duration = static_cast<double>(input.durationNs());
  const double fraction = duration > 0 ? position / duration : 0;
  char text[80];
  std::snprintf(text, sizeof text, "%3.0f %%  %.1fx  ", 100 * fraction,
                static_cast<double>(textNs) / 1e9 / wall);
  std::string files =
      inputs_.size() > 1 ? std::to_string(current_ + 1) + '/' + std::to_string(inputs_.size()) + ' ' : "";
  progress_.show(fraction, text + files + std::filesystem::path(input.transcript().file).filename().string());
}
