// SPDX-License-Identifier: LGPL-2.1-or-later
// Labels of a whole recording.
#include "speech/diar/recording_labels.h"

#include <algorithm>
#include <map>
#include <vector>

#include "speech/diar/frame_labels.h"
#include "speech/diar/label_smoothing.h"
#include "speech/diar/quiet_speech.h"
#include "speech/diar/recording_speakers.h"

namespace npuspeech::diar {
namespace {

std::vector<FrameSpeakers> decideAll(std::span<const HeardWindow> windows, size_t frames) {
  std::vector<FrameSpeakers> labels(frames);
  FrameLabels decision;
  std::vector<const HeardWindow*> near;
  auto first = windows.begin();
  for (size_t start = 0; start < frames; start += kHopFrames) {
    const size_t count = std::min<size_t>(kHopFrames, frames - start);
    const auto from = static_cast<int64_t>(start), end = static_cast<int64_t>(start + count);
    first = std::find_if(first, windows.end(), [&](const auto& window) { return window.endFrame() > from; });
    near.clear();
    for (auto window = first; window != windows.end() && window->endFrame() < end + kWindowFrames; ++window)
      if (window->startFrame < end) near.push_back(&*window);
    decision.decide(near, WindowWeight::Flat, from, std::span(labels).subspan(start, count));
  }
  return labels;
}

/// A speaker who is only there because so many were told to be may have the most of no frame: gets the voice
/// of the window that is the clearest.
void showMissing(std::span<const HeardWindow> windows, std::span<FrameSpeakers> labels, int least) {
  std::map<int, bool> isShown;
  for (const HeardWindow& window : windows)
    for (const LocalSpeaker& speaker : window.speakers)
      if (speaker.id >= 0) isShown[speaker.id] = false;
  for (const FrameSpeakers& frame : labels)
    for (const int id : frame.ids)
      if (id >= 0) isShown[id] = true;
  auto shown = std::count_if(isShown.begin(), isShown.end(), [](const auto& entry) { return entry.second; });
  for (const auto& [id, isThere] : isShown) {
    if (isThere || shown >= least) continue;
    const HeardWindow* clearest = nullptr;
    int voice = 0, most = -1;
    for (const HeardWindow& window : windows) {
      for (int local = 0; local < kLocalSpeakers; ++local) {
        const LocalSpeaker& speaker = window.speakers[static_cast<size_t>(local)];
        if (speaker.id != id || speaker.cleanFrames <= most) continue;
        most = speaker.cleanFrames;
        clearest = &window;
        voice = local;
      }
    }
    for (int frame = 0; frame < clearest->frames; ++frame) {
      const auto at = static_cast<size_t>(activityOfFrame(frame, clearest->activityFrames()));
      const auto label = static_cast<size_t>(clearest->startFrame + frame);
      if (label < labels.size() &&
          clearest->activities[at * kLocalSpeakers + static_cast<size_t>(voice)] > 0.5f)
        labels[label] = {.ids = {id, -1, -1}};
    }
    ++shown;
  }
}

}  // namespace

void labelRecording(std::span<HeardWindow> windows, std::span<const uint8_t> isSpeech, const SoundRuns& runs,
                    const ClusterOptions& options, DiarizerListener& listener) {
  findSpeakers(windows, options);
  std::vector<FrameSpeakers> labels = decideAll(windows, isSpeech.size());
  showMissing(windows, labels, options.count.least);
  std::vector<uint8_t> speech(isSpeech.begin(), isSpeech.end());
  for (const HeardWindow& window : windows) addRecognised(window, 0, speech);
  LabelSmoothing smoothing;
  std::vector<SpeakerTurn> turns;
  std::map<int, int> numbers;
  runs.visit(
      0, static_cast<int64_t>(labels.size()), [&](const SoundRuns::Run& run, int64_t from, int64_t to) {
        const auto offset = static_cast<size_t>(from), count = static_cast<size_t>(to - from);
        const auto part = std::span(labels).subspan(offset, count);
        smoothing.fillGaps(part);
        smoothing.dropSilent(part, std::span(speech).subspan(offset, count));
        writeTurns(part, from, run, turns);
        for (SpeakerTurn& turn : turns)
          turn.speaker = numbers.try_emplace(turn.speaker, static_cast<int>(numbers.size())).first->second;
        listener.takeTurns(LabelState::Final, run.timeOf(from), run.timeOf(to), turns);
      });
}

}  // namespace npuspeech::diar
