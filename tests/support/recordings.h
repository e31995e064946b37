// SPDX-License-Identifier: LGPL-2.1-or-later
// Recordings and model files for tests, where this machine has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace npuspeech::test {

/// The folder of recordings and reference outputs beside the source tree (NPUSPEECH_TEST_DATA; ../shared),
/// with `name` in it.
std::string sharedFile(const std::string& name);

/// A file in the folder of models (NPUSPEECH_MODELS; npuspeech/models in the user's cache), for example
/// "silero-vad/silero_vad_16k.safetensors"; nothing where it is not there.
std::optional<std::string> modelFile(const std::string& name);

/// Mono samples in [-1, 1] of a recording in sharedFile("audio/..."), at its own rate of 8 or 16 kHz, the
/// former brought to 16 kHz; nothing where it is missing.
std::optional<std::vector<float>> readRecording(const std::string& name);

}  // namespace npuspeech::test

/// Leaves a test where a recording or model file is missing, by its name.
#define NPUSPEECH_REQUIRE(value, name) \
  if (!(value)) GTEST_SKIP() << (name) << " is not on this machine"
