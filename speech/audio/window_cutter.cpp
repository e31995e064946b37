// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/audio/window_cutter.h"

#include <algorithm>
#include <utility>

namespace npuspeech {
namespace {

/// Live: an utterance that begins after a shorter pause than this has the audio before it that is still
/// needed.
constexpr int64_t kRecallPause = 2 * LogMel::kSampleRate;

}  // namespace

WindowCutter::WindowCutter(const WindowLimits& limits, SoundAnalysis& sound, uint64_t firstUtterance)
    : limits_(limits), sound_(sound) {
  count_.utterance = count_.firstOfPart = firstUtterance;
}

void WindowCutter::beginStream(int64_t startNs) {
  if (count_.number > 0) ++count_.utterance;  // partial windows of it came out
  count_.number = 0;
  beginPart();
  place_ = {startNs, 0};
  out_.ns = startNs;
  stretch_.doneNs = 0;
  eventBegin_ = eventEnd_ = 0;
}

void WindowCutter::beginPart() {
  if (count_.utterance > 0) ++count_.utterance;  // the number left out tells of the hole
  count_.firstOfPart = count_.utterance;
  sound_.beginPart();
  stepped_ = 0;
  window_.isOpen = window_.isContinued = false;
  recall_ = {};
  stretch_.wantedNs = 0;
  out_ = {0, place_.nsOf(0)};
}

bool WindowCutter::endPart() {
  if (window_.isOpen) {
    close();
  } else if (out_.sample < sound_.analysed()) {
    emitGap(sound_.analysed());
  } else {
    place_.partStart += sound_.analysed();
    beginPart();
    return true;
  }
  return false;
}

std::optional<WindowCutter::Event> WindowCutter::next() {
  if (eventBegin_ < eventEnd_) return events_[eventBegin_++];
  eventBegin_ = eventEnd_ = 0;
  return {};
}

// Where windows begin and end

int64_t WindowCutter::walked() const {
  return std::min(stepped_ * kVadFrame, sound_.analysed());
}

int64_t WindowCutter::silentUntil() const {
  return std::max(out_.sample, roundDown(walked() - limits_.preRoll));
}

bool WindowCutter::isSure() const {
  return window_.isContinued || (window_.speech >= limits_.minSpeech && window_.peak >= limits_.surePeak);
}

void WindowCutter::step() {
  const SpeechTrack::Frame& frame = sound_.track()[stepped_];
  const int64_t frameStart = stepped_ * kVadFrame;
  ++stepped_;
  const int64_t now = walked();
  if (!window_.isOpen && !frame.speech) {
    stretch();
    if (silentUntil() - out_.sample >= limits_.gapStep) emitGap(silentUntil());
    return;
  }
  if (!window_.isOpen) open(frameStart);
  if (frame.speech) {
    window_.speechEnd = now;
    window_.speech += now - frameStart;
    window_.peak = std::max(window_.peak, frame.probability);
    if (now - window_.start > limits_.maxWindow) return cut();
  }
  const bool isShort = now - window_.start < limits_.target;
  if (now - window_.speechEnd >= (isShort ? limits_.silence : limits_.targetSilence)) return close();
  const bool isDue = limits_.live && !isHeld_ && now - window_.partialAt >= limits_.step;
  if (isDue && isThrough() && isSure()) emitPartial();
}

void WindowCutter::open(int64_t speechStart) {
  window_.isOpen = true;
  window_.start = std::max(out_.sample, roundDown(std::max<int64_t>(speechStart - limits_.preRoll, 0)));
  window_.partialAt = window_.start;
  window_.speech = 0;
  window_.peak = 0;
  emitGap(window_.start);
  window_.isRecalled = limits_.live && recall_.neededFrom < recall_.heardUntil &&
                       window_.start - recall_.heardUntil <= kRecallPause;
  if (window_.isRecalled)
    window_.start = std::max(recall_.neededFrom, roundDown(window_.start - limits_.maxWindow * 2 / 3));
}

void WindowCutter::close() {
  if (isSure()) {
    emitWindow(std::min({roundUp(window_.speechEnd + limits_.postRoll), window_.start + limits_.maxWindow,
                         sound_.melEnd()}),
               true);
  } else if (limits_.live) {
    // Who speaks on surely within the pause is read together with it, as where it is not live.
    recall_ = {window_.speechEnd, window_.start, window_.start};
  }
  window_.isOpen = window_.isContinued = false;
  stretch();
}

void WindowCutter::cut() {
  const SpeechTrack& track = sound_.track();
  const int64_t first = (std::max(window_.start, recall_.heardUntil) + kVadFrame - 1) / kVadFrame,
                limit = (window_.start + limits_.maxWindow) / kVadFrame - 1;
  const int64_t at =
      track.bestCut(first, limit, stepped_ - 1, (limits_.preRoll + limits_.postRoll) / kVadFrame + 1);
  int64_t spoken = at;
  while (spoken > first && !track[spoken - 1].speech) --spoken;
  emitWindow(std::min({roundUp(spoken * kVadFrame + limits_.postRoll),
                       roundDown(at * kVadFrame + kVadFrame / 2), window_.start + limits_.maxWindow}),
             true);
  window_.isOpen = false;
  window_.isContinued = true;
  stepped_ = at;
}

void WindowCutter::stall() {
  if (window_.isOpen && isSure()) {
    emitPartial();
    std::get<AudioWindow>(events_[eventEnd_ - 1]).isStalled = true;
  }
}

// Text does not reach into what is kept around speech, so that what is not live may overlap there.
void WindowCutter::stretch() {
  int64_t done = stretch_.wantedNs;
  if (done < 0) {
    const int64_t spare = silentUntil() - out_.sample + (limits_.live ? 0 : limits_.postRoll);
    const int64_t samples = std::min(roundDown(-done / kNsPerSample), spare);
    if (limits_.live) out_.sample += samples;
    done = -samples * kNsPerSample;
  }
  if (done == 0) return;
  stretch_.wantedNs -= done;
  stretch_.doneNs += done;
  place_.originNs += done;
  recall_ = {out_.sample, out_.sample, out_.sample};
}

int64_t WindowCutter::takeStretched() {
  return std::exchange(stretch_.doneNs, 0);
}

void WindowCutter::commit(int64_t untilNs) {
  if (!limits_.live) return;
  const int64_t committed = roundDown(std::min(place_.sampleOf(untilNs), sound_.analysed()));
  if (window_.isOpen)
    window_.start = std::max(window_.start, committed);
  else
    recall_.neededFrom = std::max(committed, recall_.earliest);
}

int64_t WindowCutter::quietNs() const {
  return sound_.track().quietFrames(stepped_) * kVadFrame * kNsPerSample;
}

// What comes out

void WindowCutter::emitGap(int64_t end) {
  const int64_t endNs = place_.nsOf(end);
  if (end > out_.sample && endNs > out_.ns) events_[eventEnd_++] = AudioGap{out_.ns, endNs - out_.ns};
  out_ = {end, std::max(out_.ns, endNs)};
}

void WindowCutter::emitPartial() {
  emitWindow(std::min(sound_.melEnd(), window_.start + limits_.maxWindow), false);
  window_.partialAt = walked();
}

void WindowCutter::emitWindow(int64_t end, bool isFinal) {
  AudioWindow window;
  window.startNs = place_.nsOf(window_.start);
  window.durationNs = (end - window_.start) * kNsPerSample;
  window.utterance = count_.utterance;
  window.number = count_.number;
  window.isFinal = isFinal;
  window.frames = static_cast<int>((end - window_.start + kMelHop - 1) / kMelHop);
  events_[eventEnd_++] = window;
  given_.frame = window_.start / kMelHop;
  given_.frames = window.frames;
  given_.isFirst = !limits_.live || (window.number == 0 && !window_.isRecalled);
  ++count_.number;
  if (!isFinal) return;
  out_ = {end, std::max(out_.ns, place_.nsOf(end))};
  recall_.heardUntil = recall_.neededFrom = end;
  ++count_.utterance;
  count_.number = 0;
}

void WindowCutter::logMel(float* out) {
  given_.loudest = given_.isFirst ? sound_.mel().normalised(given_.frame, given_.frames, out)
                                  : sound_.mel().normalised(given_.frame, given_.frames, out, given_.loudest);
}

}  // namespace npuspeech
