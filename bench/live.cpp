// SPDX-License-Identifier: LGPL-2.1-or-later
// Live captions on a virtual clock: a recording goes through windower and engine in pieces of 20 ms, as fast
// as the machine can, and what is computed counts into the delay as it would have live.
//
// usage: live_bench MODEL [--vad FILE] [--language CODE] [--step MS] [--share X] [--offline] RECORDING...
// Prints a line a word, tab-separated: file, "word", start, end, emitted (s), text; "interim" likewise for
// words when they are first shown so; and per file "file", "cpu", seconds of audio, of computing, of
// processor time, windows.
#include <sndfile.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "speech/audio/silero_vad.h"
#include "speech/audio/windower.h"
#include "speech/stream/step_pacer.h"
#include "speech/whisper/engine.h"

namespace {

using namespace npuspeech;

constexpr int kRate = 16000;
constexpr size_t kPiece = kRate / 50;

std::vector<float> readAudio(const char* path) {
  SF_INFO info{};
  SNDFILE* file = sf_open(path, SFM_READ, &info);
  if (!file || info.channels != 1 || (info.samplerate != kRate && info.samplerate != kRate / 2)) return {};
  std::vector<float> samples(static_cast<size_t>(info.frames));
  sf_readf_float(file, samples.data(), info.frames);
  sf_close(file);
  if (info.samplerate == kRate) return samples;
  std::vector<float> doubled;
  for (size_t i = 0; i < samples.size(); ++i) {
    doubled.push_back(samples[i]);
    doubled.push_back((samples[i] + samples[std::min(i + 1, samples.size() - 1)]) / 2);
  }
  return doubled;
}

double seconds(int64_t ns) {
  return static_cast<double>(ns) * 1e-9;
}

int64_t processorNs() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

struct Arguments {
  Windower::Options windows;
  StreamOptions stream;
  double share = 0.5;
};

class Replay {
 public:
  Replay(const std::string& name, Engine& engine, const Arguments& arguments,
         std::shared_ptr<const SileroWeights> vad)
      : name_(name),
        engine_(engine),
        windower_(arguments.windows, std::move(vad)),
        pacer_(arguments.share),
        stream_(std::move(*engine.openStream(arguments.stream))),
        live_(arguments.stream.live) {
    const auto info = engine.info();
    logMel_ =
        std::move(*engine.device()->allocate(static_cast<size_t>(2 * info.audioContext * info.melBins) * 4));
    states_ =
        std::move(*engine.device()->allocate(static_cast<size_t>(info.audioContext * info.stateWidth) * 4));
  }

  void run(const std::vector<float>& samples) {
    const int64_t processor = processorNs();
    windower_.reset(0);
    for (size_t at = 0; at < samples.size(); at += kPiece) {
      const size_t count = std::min(kPiece, samples.size() - at);
      now_ = static_cast<int64_t>((at + count) * 1'000'000'000 / kRate);
      if (answer_ && now_ >= answeredAt_) {
        pacer_.answered(answeredAt_);
        windower_.commit(neededFrom_);
        answer_ = false;
      }
      windower_.holdPartial(live_ && (answer_ || !pacer_.mayPush(now_)));
      windower_.push({samples.data() + at, count});
      takeWindows();
    }
    windower_.drain();
    takeWindows();
    std::printf("%s\tcpu\t%.3f\t%.3f\t%.3f\t%d\n", name_.c_str(), static_cast<double>(samples.size()) / kRate,
                seconds(computed_), seconds(processorNs() - processor), windows_);
  }

 private:
  void takeWindows() {
    while (const auto event = windower_.next())
      if (const auto* window = std::get_if<AudioWindow>(&*event)) decode(*window);
  }

  void decode(const AudioWindow& window) {
    const auto begin = std::chrono::steady_clock::now();
    windower_.logMel(logMel_->as<float>());
    EncodedWindow encoded;
    encoded.shape = {window.frames, engine_.info().audioContext, {}};
    encoded.startNs = window.startNs;
    encoded.utterance = window.utterance;
    encoded.isFinal = window.isFinal;
    encoded.states = states_;
    encoded.logMel = logMel_;
    if (!engine_.encode(*logMel_, encoded.shape, *states_, {})) return;
    std::promise<Result<DecodedWindow>> promise;
    stream_->submit(std::move(encoded),
                    [&](Result<DecodedWindow> result) { promise.set_value(std::move(result)); });
    const Result<DecodedWindow> decoded = promise.get_future().get();
    const int64_t cost = (std::chrono::steady_clock::now() - begin).count();
    computed_ += cost;
    ++windows_;
    if (!decoded) return;
    answeredAt_ = std::max(now_, answeredAt_) + cost;
    if (!window.isFinal) {
      pacer_.pushed(now_);
      neededFrom_ = decoded->neededFromNs;
    }
    answer_ = !window.isFinal;
    for (const Word& word : decoded->words) print("word", window, word);
    std::set<std::string> shown;
    for (const Word& word : decoded->interim) {
      shown.insert(word.text);
      if (!shown_.contains(word.text)) print("interim", window, word);
    }
    shown_ = std::move(shown);
  }

  void print(const char* kind, const AudioWindow& window, const Word& word) {
    std::printf("%s\t%s\t%.3f\t%.3f\t%.3f\t%s%s\n", name_.c_str(), kind,
                seconds(window.startNs + word.startNs), seconds(window.startNs + word.endNs),
                seconds(answeredAt_), word.spaceBefore ? " " : "", word.text.c_str());
  }

  std::string name_;
  Engine& engine_;
  Windower windower_;
  StepPacer pacer_;
  std::unique_ptr<DecodeStream> stream_;
  bool live_;
  std::shared_ptr<npu::BufferObject> logMel_, states_;
  int64_t now_ = 0, answeredAt_ = 0, neededFrom_ = 0, computed_ = 0;
  bool answer_ = false;
  int windows_ = 0;
  std::set<std::string> shown_;
};

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  arguments.windows.live = arguments.stream.live = true;
  arguments.stream.language = "en";
  EngineOptions options;
  std::shared_ptr<const SileroWeights> vad;
  std::vector<const char*> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const char* const value = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--offline")
      arguments.windows.live = arguments.stream.live = false;
    else if (argument == "--vad" && ++i) {
      if (auto weights = SileroWeights::load(value)) vad = *weights;
    } else if (argument == "--language" && ++i)
      arguments.stream.language = value;
    else if (argument == "--step" && ++i)
      arguments.windows.stepMs = std::atoi(value);
    else if (argument == "--margin" && ++i)
      arguments.stream.liveOptions.marginRows = std::atoi(value);
    else if (argument == "--trim" && ++i)
      arguments.stream.liveOptions.trimNs = std::atoi(value) * 1'000'000LL;
    else if (argument == "--keep" && ++i)
      arguments.stream.liveOptions.keepNs = std::atoi(value) * 1'000'000LL;
    else if (argument == "--context" && ++i)
      arguments.stream.liveOptions.contextTokens = static_cast<size_t>(std::atoi(value));
    else if (argument == "--sure-margin" && ++i)
      arguments.stream.liveOptions.sureMarginRows = std::atoi(value);
    else if (argument == "--sure" && ++i)
      arguments.stream.liveOptions.sureProbability = static_cast<float>(std::atof(value));
    else if (argument == "--first" && ++i)
      arguments.stream.liveOptions.firstNs = std::atoi(value) * 1'000'000LL;
    else if (argument == "--hangover" && ++i)
      arguments.windows.hangoverMs = std::atoi(value);
    else if (argument == "--share" && ++i)
      arguments.share = std::atof(value);
    else if (options.model.empty())
      options.model = argument;
    else
      files.push_back(argv[i]);
  }
  auto engine = Engine::open(options, {}, {});
  if (!engine || !vad) {
    std::fprintf(stderr, "%s\n", engine ? "give --vad FILE" : engine.error().message.c_str());
    return 2;
  }
  arguments.windows.melBins = (*engine)->info().melBins;
  for (const char* file : files) {
    const std::vector<float> samples = readAudio(file);
    if (samples.empty()) {
      std::fprintf(stderr, "%s: not mono at 8 or 16 kHz\n", file);
      return 2;
    }
    const char* slash = std::strrchr(file, '/');
    Replay(slash ? slash + 1 : file, **engine, arguments, vad).run(samples);
    std::fflush(stdout);
  }
}
