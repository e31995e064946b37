// SPDX-License-Identifier: LGPL-2.1-or-later
// Cuts a stream of audio into windows of speech.
//
// All positions are samples of a part of the stream that nothing interrupts. Audio waits in `input` until
// next() needs it, and is analysed in groups of fixed size; then the frames of the track are walked one at a
// time. A cut walks back to where the next window begins. Longer than most because all of it moves the same
// positions.
#include "speech/audio/windower.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "speech/audio/clicks.h"
#include "speech/audio/log_mel.h"
#include "speech/audio/speech_detector.h"
#include "speech/audio/speech_track.h"

namespace npuspeech {
namespace {

constexpr int64_t kFrame = SpeechDetector::kFrame;
constexpr int64_t kHop = LogMel::kHop;
constexpr int64_t kSamplesPerMs = LogMel::kSampleRate / 1000;
constexpr int64_t kNsPerSample = 1'000'000'000 / LogMel::kSampleRate;
constexpr int64_t kRecordedGroup = 16;  // frames analysed at a time where nobody waits for them
constexpr int64_t kRecordedGap = 1000 * kSamplesPerMs;
constexpr int64_t kLookahead =
    LogMel::kWindow / 2 + kHop;  // a log-mel frame may miss this much behind a sample
/// Speech starts easily, so that no soft word is lost, but only what surely has some becomes a window.
constexpr float kSurerThanOn = 0.2f;
/// Live: an utterance that begins after a shorter pause than this has the audio before it that is still
/// needed.
constexpr int64_t kRecallPause = 2000 * kSamplesPerMs;

constexpr int64_t roundDown(int64_t sample) {
  return sample / kHop * kHop;
}
constexpr int64_t roundUp(int64_t sample) {
  return roundDown(sample + kHop - 1);
}
int64_t samplesOf(int ms, int least, int most) {
  return std::clamp(ms, least, most) * kSamplesPerMs;
}

int64_t minSpeechOf(const Windower::Options& options) {
  return samplesOf(options.minSpeechMs, 0, 2000);
}
int64_t splitOf(const Windower::Options& options) {
  return samplesOf(options.splitMs, 100, 10000);
}
int64_t maxWindowOf(const Windower::Options& options) {
  return samplesOf(options.maxWindowMs, 2000, 30000);
}
int64_t stepOf(const Windower::Options& options) {
  return samplesOf(options.stepMs, 32, 10000);
}

using Event = std::variant<AudioWindow, AudioGap>;

}  // namespace

struct Windower::State {
  State(const Options& options, std::shared_ptr<const SileroWeights> weights);

  void restart();
  void analyse(int64_t samples);
  void step();
  void open(int64_t speechStart);
  void close();
  void stretch();
  void cut();
  void finishPart();
  void emitGap(int64_t end);
  void emitPartial();
  void emitWindow(int64_t end, bool isFinal);

  /// The window that is being made has enough speech to come out.
  bool isSure() const { return isContinued || (speech >= minSpeech && peak >= surePeak); }

  /// Before this, all frames that were walked are silent enough for a gap.
  int64_t silentUntil() const {
    return std::max(out, roundDown(std::min(stepped * kFrame, analysed) - preRoll));
  }
  int64_t nsOf(int64_t sample) const { return originNs + (partStart + sample) * kNsPerSample; }
  /// The end of the audio whose log-mel is there.
  int64_t melEnd() const { return std::min(mel.frames() * kHop, analysed); }
  bool isNewest() const { return stepped == track.size(); }

  const bool live;
  const float surePeak;
  const int64_t preRoll, postRoll, minSpeech, silence, target, targetSilence, maxWindow, stepSize, group,
      gapStep;
  LogMel mel;
  std::optional<SpeechDetector> vad;
  SpeechTrack track;
  std::array<float, kRecordedGroup> probabilities{};

  std::vector<float> input;  // audio that is not analysed yet, from `inputBegin` on
  size_t inputBegin = 0;
  bool draining = false, finished = false, stalling = false;

  uint64_t clicks = 0;

  int64_t originNs = 0;
  int64_t partStart = 0;  // of this part, in samples since reset()
  int64_t analysed = 0;   // samples
  int64_t stepped = 0;    // frames of the track
  int64_t out = 0;        // all before this came out
  int64_t outNs = 0;      // the stream time of that
  int64_t wantedStretchNs = 0, stretchedNs = 0;

  bool isOpen = false;       // a window is being made,
  bool isContinued = false;  // or will be, which goes on where a cut made the last one end
  int64_t start = 0;         // of that window
  bool isRecalled = false;   // live: it begins in the utterance before, which ended at
  int64_t heardUntil = 0;    // and whose audio is needed again from
  int64_t neededFrom = 0;    // on,
  int64_t recallFrom = 0;    // but not before this
  int64_t speechEnd = 0;     // the newest speech in it
  int64_t speech = 0;        // how much of that it has, in samples
  float peak = 0;            // the highest speech probability in it
  int64_t partialAt = 0;     // live: when its last partial window came out
  bool isHeld = false;       // live: no partial windows for now
  float loudest = 0;         // live: the largest log-mel of the utterance's windows
  uint64_t utterance = 0;
  uint64_t firstUtterance = 0;  // of this part
  uint32_t number = 0;

  std::array<Event, 4> events;
  size_t eventBegin = 0, eventEnd = 0;
  int64_t windowFrame = 0;  // of the window that next() gave last
  int windowFrames = 0;
  uint32_t windowNumber = 0;
};

Windower::State::State(const Options& options, std::shared_ptr<const SileroWeights> weights)
    : live(options.live),
      surePeak(std::min(options.vadOn + kSurerThanOn, 0.95f)),
      preRoll(samplesOf(options.preRollMs, 0, 2000)),
      postRoll(samplesOf(options.postRollMs, 0, 2000)),
      minSpeech(weights ? minSpeechOf(options) : 0),
      silence(live ? samplesOf(std::max(options.hangoverMs, options.postRollMs), 100, 10000)
                   : splitOf(options)),
      target(live ? INT64_MAX : samplesOf(options.targetMs, 2000, 30000)),
      targetSilence(std::min(silence, samplesOf(options.targetSplitMs, 100, 10000))),
      maxWindow(maxWindowOf(options)),
      stepSize(stepOf(options)),
      group(live ? 1 : kRecordedGroup),
      gapStep(live ? stepSize : kRecordedGap),
      mel(options.melBins, static_cast<int>((maxWindow + silence + preRoll + group * kFrame) / kHop + 16)),
      track(static_cast<int>((maxWindow + silence + preRoll) / kFrame + group + 16), options.vadOn,
            options.vadOff) {
  utterance = firstUtterance = options.firstUtterance;
  if (weights) vad.emplace(std::move(weights));
}

void Windower::State::restart() {
  if (utterance > 0) ++utterance;  // the number left out tells of the hole
  firstUtterance = utterance;
  mel.reset();
  if (vad) vad->reset();
  track.reset();
  draining = finished = stalling = isOpen = isContinued = false;
  analysed = stepped = out = heardUntil = neededFrom = recallFrom = wantedStretchNs = 0;
  outNs = nsOf(0);
}

// The last frame of a part is filled with zeros for the detector.
void Windower::State::analyse(int64_t samples) {
  const int64_t frames = (samples + kFrame - 1) / kFrame;
  input.resize(std::max(input.size(), inputBegin + static_cast<size_t>(frames * kFrame)));
  const float* audio = input.data() + inputBegin;
  mel.push({audio, static_cast<size_t>(samples)});
  const std::span<float> found(probabilities.data(), static_cast<size_t>(frames));
  if (vad)
    vad->run({audio, static_cast<size_t>(frames * kFrame)}, found);
  else
    std::fill(found.begin(), found.end(), 1.0f);
  for (int64_t f = 0; f < frames; ++f, audio += kFrame) {
    float energy = 0;
    for (int64_t i = 0; i < kFrame; ++i) energy += audio[i] * audio[i];
    track.push(found[static_cast<size_t>(f)], energy / kFrame);
  }
  analysed += samples;
  inputBegin += static_cast<size_t>(frames * kFrame);
}

void Windower::State::step() {
  const bool isSpeech = track[stepped].speech;
  const int64_t frameStart = stepped * kFrame;
  const int64_t now = std::min(++stepped * kFrame, analysed);
  if (!isOpen && !isSpeech) {
    stretch();
    if (silentUntil() - out >= gapStep) emitGap(silentUntil());
    return;
  }
  if (!isOpen) open(frameStart);
  if (isSpeech) {
    speechEnd = now;
    speech += now - frameStart;
    peak = std::max(peak, track[stepped - 1].probability);
    if (now - start > maxWindow) return cut();
  }
  if (now - speechEnd >= (now - start < target ? silence : targetSilence)) return close();
  if (live && !isHeld && isNewest() && isSure() && now - partialAt >= stepSize) emitPartial();
}

void Windower::State::open(int64_t speechStart) {
  isOpen = true;
  start = std::max(out, roundDown(std::max<int64_t>(speechStart - preRoll, 0)));
  partialAt = start;
  speech = 0;
  peak = 0;
  emitGap(start);
  isRecalled = live && neededFrom < heardUntil && start - heardUntil <= kRecallPause;
  if (isRecalled) start = std::max(neededFrom, roundDown(start - maxWindow * 2 / 3));
}

void Windower::State::close() {
  if (isSure()) {
    emitWindow(std::min({roundUp(speechEnd + postRoll), start + maxWindow, melEnd()}), true);
  } else if (live) {
    // Who speaks on surely within the pause is read together with it, as where it is not live.
    heardUntil = speechEnd;
    neededFrom = recallFrom = start;
  }
  isOpen = isContinued = false;
  stretch();
}

// Text does not reach into what is kept around speech, so that what is not live may overlap there.
void Windower::State::stretch() {
  int64_t done = wantedStretchNs;
  if (done < 0) {
    const int64_t spare = silentUntil() - out + (live ? 0 : postRoll);
    const int64_t samples = std::min(roundDown(-done / kNsPerSample), spare);
    if (live) out += samples;
    done = -samples * kNsPerSample;
  }
  if (done == 0) return;
  wantedStretchNs -= done;
  stretchedNs += done;
  originNs += done;
  heardUntil = neededFrom = recallFrom = out;
}

void Windower::State::cut() {
  const int64_t first = (std::max(start, heardUntil) + kFrame - 1) / kFrame,
                limit = (start + maxWindow) / kFrame - 1;
  const int64_t at = track.bestCut(first, limit, stepped - 1, (preRoll + postRoll) / kFrame + 1);
  int64_t spoken = at;
  while (spoken > first && !track[spoken - 1].speech) --spoken;
  emitWindow(
      std::min({roundUp(spoken * kFrame + postRoll), roundDown(at * kFrame + kFrame / 2), start + maxWindow}),
      true);
  isOpen = false;
  isContinued = true;
  stepped = at;
}

void Windower::State::finishPart() {
  if (isOpen) return close();
  if (out < analysed) return emitGap(analysed);
  partStart += analysed;
  restart();
}

void Windower::State::emitGap(int64_t end) {
  if (end > out && nsOf(end) > outNs) events[eventEnd++] = AudioGap{outNs, nsOf(end) - outNs};
  outNs = std::max(outNs, nsOf(end));
  out = end;
}

void Windower::State::emitPartial() {
  emitWindow(std::min(melEnd(), start + maxWindow), false);
  partialAt = std::min(stepped * kFrame, analysed);
}

void Windower::State::emitWindow(int64_t end, bool isFinal) {
  AudioWindow window;
  window.startNs = nsOf(start);
  window.durationNs = (end - start) * kNsPerSample;
  window.utterance = utterance;
  window.number = number++;
  window.isFinal = isFinal;
  window.isStalled = !isFinal && stalling;
  window.frames = static_cast<int>((end - start + kHop - 1) / kHop);
  events[eventEnd++] = window;
  windowFrame = start / kHop;
  windowFrames = window.frames;
  windowNumber = window.number;
  if (!isFinal) return;
  out = heardUntil = neededFrom = end;
  outNs = std::max(outNs, nsOf(end));
  ++utterance;
  number = 0;
}

Windower::Windower(const Options& options, std::shared_ptr<const SileroWeights> vad)
    : state_(std::make_unique<State>(options, std::move(vad))) {}
Windower::~Windower() = default;

void Windower::reset(int64_t startNs) {
  State& s = *state_;
  if (s.number > 0) ++s.utterance;  // partial windows of it came out
  s.number = 0;
  s.restart();
  s.input.clear();
  s.inputBegin = s.eventBegin = s.eventEnd = 0;
  s.originNs = s.outNs = startNs;
  s.partStart = s.stretchedNs = 0;
}

void Windower::push(std::span<const float> samples) {
  State& s = *state_;
  s.input.erase(s.input.begin(), s.input.begin() + static_cast<std::ptrdiff_t>(s.inputBegin));
  s.inputBegin = 0;
  const size_t old = s.input.size();
  s.input.insert(s.input.end(), samples.begin(), samples.end());
  s.clicks += muteClicks(std::span(s.input).subspan(old));
}

void Windower::stall() {
  state_->stalling = true;
}

void Windower::drain() {
  state_->draining = true;
}

std::optional<std::variant<AudioWindow, AudioGap>> Windower::next() {
  State& s = *state_;
  for (;;) {
    if (s.eventBegin < s.eventEnd) return s.events[s.eventBegin++];
    s.eventBegin = s.eventEnd = 0;
    const auto waiting = static_cast<int64_t>(s.input.size() - s.inputBegin);
    if (s.stepped < s.track.size()) {
      s.step();
    } else if (waiting >= s.group * kFrame) {
      s.analyse(s.group * kFrame);
    } else if (!s.draining) {
      if (s.stalling && s.isOpen && s.isSure()) s.emitPartial();
      s.stalling = false;
      if (s.eventBegin == s.eventEnd) return {};
    } else if (!s.finished) {
      s.analyse(waiting);
      s.mel.finish();
      s.finished = true;
    } else {
      s.finishPart();
    }
  }
}

void Windower::logMel(float* out) {
  State& s = *state_;
  const bool isFirst = !s.live || (s.windowNumber == 0 && !s.isRecalled);
  s.loudest = isFirst ? s.mel.normalised(s.windowFrame, s.windowFrames, out)
                      : s.mel.normalised(s.windowFrame, s.windowFrames, out, s.loudest);
}

void Windower::commit(int64_t untilNs) {
  State& s = *state_;
  if (!s.live) return;
  const int64_t committed =
      roundDown(std::min((untilNs - s.originNs) / kNsPerSample - s.partStart, s.analysed));
  if (s.isOpen)
    s.start = std::max(s.start, committed);
  else
    s.neededFrom = std::max(committed, s.recallFrom);
}

bool Windower::isCurrent(uint64_t utterance) const {
  return utterance >= state_->firstUtterance;
}

uint64_t Windower::nextUtterance() const {
  return state_->utterance + (state_->number > 0);
}

int64_t Windower::quietNs() const {
  return state_->track.quietFrames(state_->stepped) * kFrame * kNsPerSample;
}

bool Windower::isLull() const {
  return state_->track.isLull(state_->stepped);
}

bool Windower::isBetweenUtterances() const {
  return !state_->isOpen;
}

void Windower::stretchPauses(int64_t ns) {
  state_->wantedStretchNs = ns;
}

int64_t Windower::takeStretched() {
  return std::exchange(state_->stretchedNs, 0);
}

uint64_t Windower::clicks() const {
  return state_->clicks;
}

void Windower::holdPartial(bool held) {
  state_->isHeld = held;
}

int64_t Windower::latencyNs(const Options& options) {
  const int64_t samples = options.live
                              ? std::max(stepOf(options), minSpeechOf(options)) + 2 * kFrame + kLookahead
                              : maxWindowOf(options) + splitOf(options) + kRecordedGroup * kFrame;
  return samples * kNsPerSample;
}

}  // namespace npuspeech
