// SPDX-License-Identifier: LGPL-2.1-or-later
// Live captions on a virtual clock: what came out, and when. bench/live runs it and scores what it prints.
#include <sndfile.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "bench/live_replay.h"

namespace {

using namespace npuspeech;
using bench::Policy;

constexpr int kRate = 16000;

struct Arguments {
  EngineOptions engine;
  bench::ReplayOptions replay;
  std::string vad;
  std::vector<std::string> recordings;
};

void addOptions(CLI::App& app, Arguments& arguments) {
  const std::map<std::string, Policy> policies{
      {"ours", Policy::Ours}, {"local-agreement", Policy::LocalAgreement}, {"offline", Policy::Offline}};
  Windower::Options& windows = arguments.replay.session.windows;
  StreamOptions& stream = arguments.replay.session.stream;
  LiveOptions& live = stream.liveOptions;
  stream.language = "en";
  app.add_option("--model", arguments.engine.model, "Folder, or a name from the cache");
  app.add_option("--threads", arguments.engine.threads, "Threads that compute");
  app.add_option("--vad", arguments.vad, "Weights of the voice activity detector")->required();
  app.add_option("--policy", arguments.replay.policy, "What commits words")
      ->transform(CLI::CheckedTransformer(policies));
  app.add_option("--cost", arguments.replay.costMs,
                 "What a second of a window takes, ms, in the place of what it does take");
  app.add_option("--language", stream.language, "Code, or auto");
  app.add_option("--beam", stream.beamSize, "Beams of final windows");
  app.add_option("--step", windows.stepMs, "Audio between windows, ms");
  app.add_option("--hangover", windows.hangoverMs, "Silence that ends an utterance, ms");
  app.add_option("--margin", live.marginRows, "Rows at the end whose words wait");
  app.add_option("--sure-margin", live.sureMarginRows, "The same, of words that are sure");
  app.add_option("--sure", live.sureProbability, "Probability of sure words");
  app.add_option("--first", live.firstNs, "Shortest window of an utterance whose words are committed, ns");
  app.add_option("--trim", live.trimNs, "Longer windows give up committed audio, ns");
  app.add_option("--keep", live.keepNs, "What they keep at the end, ns");
  app.add_option("--context", live.contextTokens, "Tokens of text whose audio is gone");
  app.add_option("RECORDING", arguments.recordings, "Mono audio at 16 kHz")->required();
}

std::vector<float> readAudio(const std::string& path) {
  SF_INFO info{};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  if (!file) throw std::runtime_error(path + ": " + sf_strerror(nullptr));
  std::vector<float> samples(static_cast<size_t>(info.frames) * static_cast<size_t>(info.channels));
  sf_readf_float(file, samples.data(), info.frames);
  sf_close(file);
  if (info.channels != 1 || info.samplerate != kRate)
    throw std::runtime_error(path + ": not mono audio at 16 kHz");
  return samples;
}

void run(Arguments& arguments) {
  auto vad = SileroWeights::load(arguments.vad);
  if (!vad) throw std::runtime_error(vad.error().message);
  auto engine = Engine::open(arguments.engine, {}, {});
  if (!engine) throw std::runtime_error(engine.error().message);
  for (const std::string& path : arguments.recordings)
    bench::replay(*engine, *vad, arguments.replay, std::filesystem::path(path).filename().string(),
                  readAudio(path));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Live captions on a virtual clock, a line of JSON a window.", "live_bench");
  Arguments arguments;
  addOptions(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    run(arguments);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "live_bench: %s\n", failure.what());
    return 1;
  }
}
