// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads recordings with libsndfile.
#include "tests/support/recordings.h"

#include <sndfile.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numbers>

namespace npuspeech::test {
namespace {

/// Twice the rate by a windowed sinc of 64 taps: every other sample stays as it is.
std::vector<float> doubled(const std::vector<float>& in) {
  constexpr int kTaps = 32;  // to either side
  float taps[2 * kTaps];
  for (int i = 0; i < 2 * kTaps; ++i) {
    const double x = std::numbers::pi * (i - kTaps + 0.5);
    taps[i] = static_cast<float>(std::sin(x) / x * (0.5 + 0.5 * std::cos(x / kTaps)));
  }
  std::vector<float> out(2 * in.size());
  const auto size = static_cast<int64_t>(in.size());
  for (int64_t i = 0; i < size; ++i) {
    float sum = 0;
    for (int64_t t = 0; t < 2 * kTaps; ++t) {
      const int64_t from = i + t - kTaps + 1;
      if (from >= 0 && from < size) sum += taps[t] * in[static_cast<size_t>(from)];
    }
    out[static_cast<size_t>(2 * i)] = in[static_cast<size_t>(i)];
    out[static_cast<size_t>(2 * i + 1)] = sum;
  }
  return out;
}

}  // namespace

std::string sharedFile(const std::string& name) {
  const char* folder = std::getenv("NPUSPEECH_TEST_DATA");
  return std::string(folder ? folder : NPUSPEECH_SHARED) + "/" + name;
}

std::optional<std::string> modelFile(const std::string& name) {
  std::string folder;
  if (const char* models = std::getenv("NPUSPEECH_MODELS"))
    folder = models;
  else if (const char* cache = std::getenv("XDG_CACHE_HOME"))
    folder = std::string(cache) + "/npuspeech/models";
  else if (const char* home = std::getenv("HOME"))
    folder = std::string(home) + "/.cache/npuspeech/models";
  std::string path = folder + "/" + name;
  if (!std::filesystem::exists(path)) return {};
  return path;
}

std::optional<std::vector<float>> readRecording(const std::string& name) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(
      sf_open(sharedFile("audio/" + name).c_str(), SFM_READ, &info), sf_close);
  if (!file || info.channels != 1 || (info.samplerate != 8000 && info.samplerate != 16000)) return {};
  std::vector<float> samples(static_cast<size_t>(info.frames));
  if (sf_readf_float(file.get(), samples.data(), info.frames) != info.frames) return {};
  return info.samplerate == 16000 ? samples : doubled(samples);
}

}  // namespace npuspeech::test
