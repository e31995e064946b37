// SPDX-License-Identifier: LGPL-2.1-or-later
// Labels of live sound: told 2 s behind it, revised for 30 s, then left alone.
#include "speech/diar/live_labels.h"

#include <algorithm>
#include <array>
#include <utility>

#include "speech/diar/quiet_speech.h"

namespace npuspeech::diar {
namespace {

/// First labels are the mean of this many of the newest windows: those have heard most of what follows.
constexpr size_t kNewest = 2;

}  // namespace

LiveLabels::LiveLabels() : told_(kRing), all_(kRing), isSpeech_(kRing) {
  shown_.reserve(kRing);
  speech_.reserve(kRing);
  windows_.reserve(SpeakerMemory::kKept);
}

void LiveLabels::reset() {
  frontier_ = final_ = 0;
  numbers_.clear();
  speakers_ = 0;
}

int64_t LiveLabels::firstKept() const {
  return std::max<int64_t>(0, final_ - kBehind);
}

void LiveLabels::addSpeech(int64_t startFrame, std::span<const uint8_t> isSpeech) {
  for (const uint8_t speech : isSpeech) isSpeech_[static_cast<size_t>(startFrame++ % kRing)] = speech;
}

void LiveLabels::update(const SpeakerMemory& memory, const SoundRuns& runs, int64_t frontier, int64_t final,
                        DiarizerListener& listener) {
  frontier = std::max(frontier, frontier_);
  final = std::clamp(final, final_, frontier);
  start_ = firstKept();
  shown_.assign(static_cast<size_t>(frontier - start_), {});
  constexpr auto kAll = static_cast<size_t>(SpeakerMemory::kKept);
  for (int64_t from = final_; from < frontier_; from += kHopFrames)
    decide(memory, from, std::min<int64_t>(from + kHopFrames, frontier_), kAll, WindowWeight::Flat);
  decide(memory, frontier_, frontier, kNewest, WindowWeight::Hamming);
  smooth(memory, runs, frontier);

  int64_t changed = frontier_, changedEnd = frontier_;
  for (int64_t frame = final_; frame < frontier; ++frame) {
    const FrameSpeakers& shown = shown_[static_cast<size_t>(frame - start_)];
    FrameSpeakers& told = told_[static_cast<size_t>(frame % kRing)];
    if (frame < frontier_ && !(told == shown)) {
      if (changed == frontier_) changed = frame;
      changedEnd = frame + 1;
    }
    told = shown;
  }
  for (const SpeakerMerge& merge : memory.merges()) {
    const auto from = static_cast<size_t>(merge.from);
    if (from < numbers_.size() && numbers_[from] >= 0)
      listener.takeMerge(numbers_[from], numberOf(merge.into));
  }
  const int64_t oldFrontier = std::exchange(frontier_, frontier), oldFinal = std::exchange(final_, final);
  if (changed < changedEnd) tell(LabelState::Revised, runs, changed, changedEnd, listener);
  tell(LabelState::First, runs, oldFrontier, frontier, listener);
  tell(LabelState::Final, runs, oldFinal, final, listener);
}

void LiveLabels::decide(const SpeakerMemory& memory, int64_t start, int64_t end, size_t newest,
                        WindowWeight weight) {
  if (start >= end) return;
  windows_.clear();
  for (int64_t index = memory.size(); index-- > std::max<int64_t>(0, memory.size() - SpeakerMemory::kKept);) {
    const HeardWindow& window = memory[index];
    if (window.endFrame() <= start || windows_.size() == newest) break;
    if (window.startFrame < end) windows_.push_back(&window);
  }
  std::reverse(windows_.begin(), windows_.end());
  labels_.decide(
      windows_, weight, start,
      std::span(shown_).subspan(static_cast<size_t>(start - start_), static_cast<size_t>(end - start)));
}

/// Labels that are final lead into those that are not. Turns are as long as they were before those without
/// speech were dropped, else the rest of such a turn would be judged alone.
void LiveLabels::smooth(const SpeakerMemory& memory, const SoundRuns& runs, int64_t end) {
  speech_.clear();
  for (int64_t frame = start_; frame < end; ++frame)
    speech_.push_back(isSpeech_[static_cast<size_t>(frame % kRing)]);
  for (int64_t index = std::max<int64_t>(0, memory.size() - SpeakerMemory::kKept); index < memory.size();
       ++index)
    addRecognised(memory[index], start_, speech_);
  for (int64_t frame = start_; frame < final_; ++frame)
    shown_[static_cast<size_t>(frame - start_)] = all_[static_cast<size_t>(frame % kRing)];
  runs.visit(start_, end, [&](const SoundRuns::Run&, int64_t from, int64_t to) {
    const auto offset = static_cast<size_t>(from - start_), count = static_cast<size_t>(to - from);
    smoothing_.fillGaps(std::span(shown_).subspan(offset, count));
    for (int64_t frame = std::max(from, final_); frame < to; ++frame)
      all_[static_cast<size_t>(frame % kRing)] = shown_[static_cast<size_t>(frame - start_)];
    smoothing_.dropSilent(std::span(shown_).subspan(offset, count),
                          std::span(speech_).subspan(offset, count));
  });
}

int LiveLabels::numberOf(int id) {
  if (static_cast<size_t>(id) >= numbers_.size()) numbers_.resize(static_cast<size_t>(id) + 1, -1);
  int& number = numbers_[static_cast<size_t>(id)];
  if (number < 0) number = speakers_++;
  return number;
}

void LiveLabels::tell(LabelState state, const SoundRuns& runs, int64_t start, int64_t end,
                      DiarizerListener& listener) {
  runs.visit(start, end, [&](const SoundRuns::Run& run, int64_t from, int64_t to) {
    shown_.clear();
    for (int64_t frame = from; frame < to; ++frame)
      shown_.push_back(told_[static_cast<size_t>(frame % kRing)]);
    writeTurns(shown_, from, run, turns_);
    for (SpeakerTurn& turn : turns_) turn.speaker = numberOf(turn.speaker);
    listener.takeTurns(state, run.timeOf(from), run.timeOf(to), turns_);
  });
}

LiveLabels::Most LiveLabels::most(int64_t start, int64_t end) const {
  start = std::max(start, firstKept());
  end = std::min(end, frontier_);
  std::array<Most, 2 * FrameSpeakers::kMost> heard;  // more speakers than that say nothing of a word
  for (int64_t frame = start; frame < end; ++frame) {
    for (const int id : told_[static_cast<size_t>(frame % kRing)].ids) {
      if (id < 0) continue;
      const auto here = std::find_if(heard.begin(), heard.end(), [&](const Most& other) {
        return other.speaker == id || other.speaker < 0;
      });
      if (here == heard.end()) continue;
      here->speaker = id;
      ++here->frames;
    }
  }
  Most best = *std::max_element(heard.begin(), heard.end(),
                                [](const Most& a, const Most& b) { return a.frames < b.frames; });
  if (best.speaker >= 0) best.speaker = numbers_[static_cast<size_t>(best.speaker)];
  return best;
}

}  // namespace npuspeech::diar
