// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds recordings and model files for tests, where this machine has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace npuspeech::test {

/// Returns the path of `name` in the folder of recordings and reference outputs: NPUSPEECH_TEST_DATA, by
/// default ../shared beside the source tree.
std::string sharedFile(const std::string& name);

/// Returns the path of a file in the folder of models: NPUSPEECH_MODELS, by default npuspeech/models in the
/// user's cache. An example of `name` is "silero-vad/silero_vad_16k.safetensors". Empty where the file is
/// missing.
std::optional<std::string> modelFile(const std::string& name);

/// Reads a recording, sharedFile("audio/" + name), as mono samples in [-1, 1] at 16 kHz. Its own rate may be
/// 8 or 16 kHz. Empty where it is missing.
std::optional<std::vector<float>> readRecording(const std::string& name);

}  // namespace npuspeech::test

/// Skips the test where a recording or model file is missing, and names it.
#define NPUSPEECH_REQUIRE(value, name) \
  if (!(value)) GTEST_SKIP() << (name) << " is not on this machine"
