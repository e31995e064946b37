// SPDX-License-Identifier: LGPL-2.1-or-later
// Networks that hear perfectly: samples say who speaks.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <span>
#include <vector>

#include "speech/diar/diarization_models.h"
#include "tests/speech/diar/voices.h"

namespace npuspeech::test {

/// A sample is a set of people, as bits, over 1024: nobody's is silence. In each window the voices come in
/// another order, as from the real network, and an embedding is near the person's voice.
class FakeTalk : public diar::DiarizationModels {
 public:
  static constexpr int kPeople = 10;
  explicit FakeTalk(unsigned seed = 1, double spread = 0.7) : random_(seed), spread_(spread) {
    for (Voice& voice : voices_) voice = makeVoice(random_);
  }

  static float sampleOf(unsigned people) { return static_cast<float>(people) / 1024; }
  static unsigned peopleOf(float sample) { return static_cast<unsigned>(std::lround(sample * 1024)); }

  void segment(std::span<const float> samples, std::span<float> activities) override {
    std::vector<int> people;
    const int frames = static_cast<int>(activities.size()) / diar::kLocalSpeakers;
    const auto peopleAt = [&](int frame) {
      return peopleOf(samples[static_cast<size_t>(495 + 270 * frame)]);
    };
    for (int frame = 0; frame < frames; ++frame)
      for (int person = 0; person < kPeople; ++person)
        if ((peopleAt(frame) >> person & 1) != 0 &&
            std::find(people.begin(), people.end(), person) == people.end())
          people.push_back(person);
    people.resize(std::min<size_t>(people.size(), diar::kLocalSpeakers));
    std::shuffle(people.begin(), people.end(), random_);
    std::fill(activities.begin(), activities.end(), 0.02f);
    for (int frame = 0; frame < frames; ++frame)
      for (size_t voice = 0; voice < people.size(); ++voice)
        if ((peopleAt(frame) >> people[voice] & 1) != 0)
          activities[static_cast<size_t>(frame) * diar::kLocalSpeakers + voice] = 0.95f;
  }
  void filterBank(std::span<const float> samples, std::span<float> frames) override {
    std::fill(frames.begin(), frames.end(), 0.0f);
    for (size_t frame = 0; frame * diar::kMelBins < frames.size(); ++frame)
      frames[frame * diar::kMelBins] = samples[frame * diar::kFrame + 200];
  }
  void embed(std::span<const float> frames, std::span<float> embedding) override {
    std::array<int, kPeople> heard{};
    for (size_t frame = 0; frame < frames.size(); frame += diar::kMelBins)
      for (int person = 0; person < kPeople; ++person)
        heard[person] += static_cast<int>(peopleOf(frames[frame]) >> person & 1);
    const auto most = std::max_element(heard.begin(), heard.end()) - heard.begin();
    const Voice voice = makeVoice(random_, &voices_[most], spread_);
    std::transform(voice.begin(), voice.end(), embedding.begin(), [](float value) { return 8 * value; });
  }
  void detectSpeech(std::span<const float> samples, std::span<float> probabilities) override {
    for (size_t frame = 0; frame < probabilities.size(); ++frame)
      probabilities[frame] = peopleOf(samples[frame * kSpeechFrame + kSpeechFrame / 2]) != 0 ? 0.9f : 0.1f;
  }
  void restart() override {}

 protected:
  std::array<Voice, kPeople> voices_;

 private:
  std::mt19937 random_;
  double spread_;
};

}  // namespace npuspeech::test
