// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/session/session.h"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "speech/audio/log_mel.h"
#include "speech/audio/silero_vad.h"

namespace npuspeech {
namespace {

/// Enough for the engine to read windows of a recording together, at 3 MB each for whisper-base.
constexpr size_t kRecordedWindows = 8;
/// Whoever speaks does not wait: as many windows as would be too much memory.
constexpr size_t kLiveWindows = 256;

Windower::Options windowsOf(const SessionOptions& options, const ModelInfo& model) {
  Windower::Options windows = options.windows;
  windows.live = options.live;
  windows.melBins = model.melBins;
  windows.firstUtterance = 0;
  return windows;
}

/// In stream time. Words of a final window, and certain ones of any, never change; where a window was not
/// read, as a newer one has come, there is nothing to tell.
std::optional<SessionEvent> eventOf(const AudioWindow& window, const ClockJump& jump, DecodedWindow decoded) {
  if (decoded.isSuperseded) return {};
  SessionText text;
  text.startNs = jump.timeOf(window.startNs);
  text.endNs = jump.timeOf(window.startNs + window.durationNs);
  text.utterance = window.utterance;
  text.endsUtterance = window.isFinal;
  text.language = std::move(decoded.language);
  text.words = std::move(decoded.words);
  text.interim = std::move(decoded.interim);
  for (std::vector<Word>* words : {&text.words, &text.interim}) {
    jump.apply(window.startNs, *words);
    for (Word& word : *words) {
      word.startNs += text.startNs;
      word.endNs += text.startNs;
    }
  }
  return text;
}

std::optional<SessionEvent> eventOf(const AudioWindow& window, const ClockJump& jump,
                                    Result<DecodedWindow> decoded) {
  if (decoded) return eventOf(window, jump, std::move(*decoded));
  if (decoded.error().code == ErrorCode::Cancelled) return {};
  return std::move(decoded).error();
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(std::shared_ptr<Engine> engine,
                                               std::shared_ptr<const SileroWeights> vad,
                                               const SessionOptions& options, Clock clock,
                                               Listener listener) {
  StreamOptions stream = options.stream;
  stream.live = options.live;
  auto opened = engine->openStream(stream);
  if (!opened) return opened.error();
  std::unique_ptr<Session> session(
      new Session(std::move(engine), std::move(*opened), options, std::move(clock), std::move(listener)));
  session->input_.start(std::move(vad));
  return session;
}

Session::Session(std::shared_ptr<Engine> engine, std::unique_ptr<DecodeStream> stream,
                 const SessionOptions& options, Clock clock, Listener listener)
    : windows_(windowsOf(options, engine->info())),
      clock_(std::move(clock)),
      listener_(std::move(listener)),
      input_(*this),
      reader_(std::make_unique<WindowReader>(std::move(engine), std::move(stream))) {}

Session::~Session() {
  events_.stop();
  reader_.reset();
}

void Session::tell() const {
  if (listener_) listener_();
}

// What goes in

/// What is thrown fails as what cannot be computed does.
template <typename Take>
bool Session::guarded(const Take& take) {
  if (!events_.goesOn()) return false;
  try {
    take();
  } catch (const std::bad_alloc&) {
    events_.fail({ErrorCode::OutOfMemory, "no memory"});  // short: needs none
    tell();
  } catch (const std::exception& failure) {
    events_.fail({ErrorCode::Internal, failure.what()});
    tell();
  }
  return events_.goesOn();
}

bool Session::push(std::span<const float> samples, std::optional<int64_t> atNs, bool isDiscont) {
  return guarded([&] {
    input_.push(samples, atNs, isDiscont);
    if (!input_.isKeeping()) expectMore(samples.size());
  });
}

bool Session::pushGap(int64_t startNs, int64_t durationNs) {
  return guarded([&] {
    const int64_t end = input_.endNs();
    if (input_.takeGap(startNs, durationNs)) {
      if (input_.endNs() > end) expectMore(0);
      return;
    }
    dueNs_.reset();
    if (AudioRun::isTime(startNs) && durationNs > 0) takeGap(startNs, durationNs);
  });
}

bool Session::drain() {
  return guarded([&] {
    dueNs_.reset();
    input_.drain();
  });
}

/// A source that is ahead of the clock, as one that sends in bursts, has as much more time.
void Session::expectMore(size_t newSamples) {
  if (!windows_.live || !input_.isOn()) return;
  const int64_t now = clock_(), end = input_.endNs();
  if (!clockAtZeroNs_) clockAtZeroNs_ = now - end + static_cast<int64_t>(newSamples) * LogMel::kNsPerSample;
  dueNs_ = std::max(now, end + *clockAtZeroNs_) + SpeechInput::kStallNs;
}

void Session::tick() {
  if (!dueNs_ || clock_() < *dueNs_) return;
  guarded([&] {
    dueNs_.reset();
    if (input_.stall()) dueNs_ = clock_() + SpeechInput::kGoneNs;
  });
}

bool Session::takeWindow(Windower& windower, const AudioWindow& window, const ClockJump& jump) {
  events_.waitForFewer(windows_.live ? kLiveWindows : kRecordedWindows);
  auto place = events_.reserve();
  if (!events_.goesOn()) return false;
  reader_->read(windower, window, [this, place, window, jump](Result<DecodedWindow> decoded) {
    answer(*place, window, jump, std::move(decoded));
  });
  return events_.goesOn();
}

bool Session::takeGap(int64_t startNs, std::optional<int64_t> durationNs) {
  events_.push(SessionGap{startNs, durationNs});
  tell();
  return events_.goesOn();
}

// What comes out

/// The newest window says best what audio is needed: only once it is read does the next one begin.
void Session::answer(EventQueue::Place& place, const AudioWindow& window, const ClockJump& jump,
                     Result<DecodedWindow> decoded) noexcept {
  if (decoded && windows_.live && events_.pending() == 1)
    input_.receive({window.utterance, decoded->neededFromNs, clock_()});
  std::optional<SessionEvent> event;
  try {
    event = eventOf(window, jump, std::move(decoded));
  } catch (const std::bad_alloc&) {
    event.emplace(Error{ErrorCode::OutOfMemory, "no memory"});  // short: needs none
  }
  events_.fill(place, std::move(event));
  tell();
}

std::optional<SessionEvent> Session::next() {
  return events_.next();
}

std::optional<SessionEvent> Session::wait() {
  return events_.wait();
}

void Session::interrupt() {
  events_.stop();
  reader_->interrupt();
}

void Session::reset() {
  events_.stop();
  reader_->reset();
  input_.reset();
  dueNs_.reset();
  events_.clear();
}

}  // namespace npuspeech
