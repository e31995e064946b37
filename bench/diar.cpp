// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells who speaks in a file of raw samples, for bench/diar to score.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "speech/diar/diarization_networks.h"
#include "speech/diar/diarizer.h"

namespace npuspeech {
namespace {

/// Prints what is told, a line of JSON each.
class Printer : public DiarizerListener {
 public:
  void takeTurns(LabelState state, int64_t startNs, int64_t endNs,
                 std::span<const SpeakerTurn> turns) override {
    static constexpr const char* kStates[] = {"first", "revised", "final"};
    std::printf("{\"state\":\"%s\",\"start\":%lld,\"end\":%lld,\"turns\":[", kStates[static_cast<int>(state)],
                static_cast<long long>(startNs), static_cast<long long>(endNs));
    for (size_t i = 0; i < turns.size(); ++i)
      std::printf("%s[%lld,%lld,%d]", i == 0 ? "" : ",", static_cast<long long>(turns[i].startNs),
                  static_cast<long long>(turns[i].endNs), turns[i].speaker);
    std::puts("]}");
  }
  void takeMerge(int from, int into) override {
    std::printf("{\"state\":\"merge\",\"from\":%d,\"into\":%d}\n", from, into);
  }
};

int run(int count, char** arguments) {
  if (count < 5) {
    std::fprintf(stderr, "usage: diar_bench MODELS VAD SAMPLES.f32 live|recording [CUT]\n");
    return 2;
  }
  auto weights = DiarizationWeights::load(arguments[1]);
  auto vad = SileroWeights::load(arguments[2]);
  std::ifstream file(arguments[3], std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (!weights || !vad || bytes.empty()) {
    std::fprintf(stderr, "diar_bench: %s\n",
                 !weights ? weights.error().message.c_str()
                 : !vad   ? vad.error().message.c_str()
                          : "no samples");
    return 1;
  }
  weights->voiceActivity = *vad;
  std::vector<float> samples(bytes.size() / sizeof(float));
  std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(float));
  DiarizationNetworks networks(*weights);
  Printer printer;
  DiarizerOptions options{.live = std::strcmp(arguments[4], "live") == 0};
  if (count > 5) options.cut = std::atof(arguments[5]);
  Diarizer diarizer(options, networks, printer);
  const std::clock_t start = std::clock();
  diarizer.push(samples, 0);
  diarizer.drain();
  std::printf("{\"state\":\"cost\",\"cpu\":%.3f,\"seconds\":%.3f}\n",
              static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC,
              static_cast<double>(samples.size()) / 16000);
  return 0;
}

}  // namespace
}  // namespace npuspeech

int main(int count, char** arguments) {
  return npuspeech::run(count, arguments);
}
