// SPDX-License-Identifier: LGPL-2.1-or-later
// An engine that computes nothing: it says what a test has written, when and if the test wants it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "speech/whisper/engine_source.h"

namespace npuspeech::test {

enum class FakeCalled { Check, Open, OpenStream, Allocate, Encode, Decode };
inline constexpr FakeCalled kFakeCalls[] = {FakeCalled::Check,    FakeCalled::Open,   FakeCalled::OpenStream,
                                            FakeCalled::Allocate, FakeCalled::Encode, FakeCalled::Decode};

struct FakeCall {
  FakeCalled called;
  int number;                   // of the calls of this kind, from 0
  Task task;                    // of OpenStream's and Decode's stream
  const EncodedWindow* window;  // of Decode
  std::stop_token stop;         // requested when the caller no longer waits
};

/// Makes engines whose every call asks the script first: it may wait, throw, or give the error that the call
/// is to have. A call without an error does what a working engine does: encoding leaves the states as they
/// are, and each final window says the words, evenly over its length. Partial windows have them as interim
/// text. Each stream decodes on a thread of its own, so that streams answer in whatever order the script lets
/// them. Thread-safe where the script is.
class FakeEngines : public EngineSource, public std::enable_shared_from_this<FakeEngines> {
 public:
  using Script = std::function<std::optional<Error>(const FakeCall&)>;

  FakeEngines(Script script, std::vector<std::string> says)
      : script_(std::move(script)), says_(std::move(says)) {}

  Result<void> check(const EngineOptions& options, const StreamOptions& stream) override;
  Result<std::shared_ptr<Engine>> open(const EngineOptions& options, const Engine::Progress& progress,
                                       std::stop_token stop) override;

  int calls(FakeCalled called) const { return counts_[static_cast<size_t>(called)]; }

 private:
  class FakeDevice;
  class FakeEngine;
  class FakeStream;

  std::optional<Error> ask(FakeCalled called, std::stop_token stop, Task task = Task::Transcribe,
                           const EncodedWindow* window = nullptr);
  DecodedWindow answer(const EncodedWindow& window, bool isLive) const;

  const Script script_;
  const std::vector<std::string> says_;
  std::array<std::atomic<int>, std::size(kFakeCalls)> counts_{};
};

}  // namespace npuspeech::test
