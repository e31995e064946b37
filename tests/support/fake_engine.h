// SPDX-License-Identifier: LGPL-2.1-or-later
// An engine that computes nothing. A test's script says what it answers, when, and whether.
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

/// The calls that the script decides on.
enum class FakeCalled { Check, Open, OpenStream, Allocate, Encode, Decode };
inline constexpr FakeCalled kFakeCalls[] = {FakeCalled::Check,    FakeCalled::Open,   FakeCalled::OpenStream,
                                            FakeCalled::Allocate, FakeCalled::Encode, FakeCalled::Decode};

/// One call, as the script sees it.
struct FakeCall {
  FakeCalled called;
  /// The number of the call among those of its kind, from 0.
  int number;
  /// The task of the stream, in OpenStream and Decode.
  Task task;
  /// The window of Decode, else null.
  const EncodedWindow* window;
  /// Stops when the caller no longer waits.
  std::stop_token stop;
};

/// Makes engines whose calls all ask the script first. The script may wait, throw, or return the error of the
/// call. A call without an error works: encoding leaves the states as they are, and a final window says the
/// given words, spread evenly over its length. A window that is not final has them as interim text. Each
/// stream decodes on a thread of its own, so that the script can order the answers of streams. Thread-safe if
/// the script is.
class FakeEngines : public EngineSource, public std::enable_shared_from_this<FakeEngines> {
 public:
  /// Decides on a call: empty lets it work.
  using Script = std::function<std::optional<Error>(const FakeCall&)>;

  FakeEngines(Script script, std::vector<std::string> says)
      : script_(std::move(script)), says_(std::move(says)) {}

  Result<void> check(const EngineOptions& options, const StreamOptions& stream) override;
  Result<std::shared_ptr<Engine>> open(const EngineOptions& options, const Engine::Progress& progress,
                                       std::stop_token stop) override;

  /// The number of calls of a kind so far.
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
