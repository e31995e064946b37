// SPDX-License-Identifier: LGPL-2.1-or-later
// Engines that come from elsewhere than a model's files.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "speech/whisper/engine.h"

namespace npuspeech {

/// Makes the engines of the models that it is registered for, in place of Engine::check() and Engine::open():
/// an engine that an application has already, or one that a test has written the answers of. Thread-safe.
class EngineSource {
 public:
  virtual ~EngineSource() = default;
  virtual Result<void> check(const EngineOptions& options, const StreamOptions& stream) = 0;
  virtual Result<std::shared_ptr<Engine>> open(const EngineOptions& options, const Engine::Progress& progress,
                                               std::stop_token stop) = 0;

  /// The source that is registered for this name of a model; null where there is none.
  static std::shared_ptr<EngineSource> of(const std::string& model);

  /// Registers a source in this process for as long as it lives. Of two for one name the newer one counts.
  class Registration {
   public:
    Registration(std::string model, std::shared_ptr<EngineSource> source);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    const uint64_t number_;
  };
};

}  // namespace npuspeech
