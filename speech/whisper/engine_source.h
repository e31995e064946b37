// SPDX-License-Identifier: LGPL-2.1-or-later
// Injects engines that are not loaded from a model's files.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "speech/whisper/engine.h"

namespace npuspeech {

/// Provides the engine of a model's name in place of the files: one that an application already has, or a
/// fake one of a test. Engine::check() and Engine::open() call it for the names that it is registered for.
/// Thread-safe.
class EngineSource {
 public:
  virtual ~EngineSource() = default;
  /// Answers Engine::check().
  virtual Result<void> check(const EngineOptions& options, const StreamOptions& stream) = 0;
  /// Answers Engine::open(), for the first user; others share the engine as long as it lives.
  virtual Result<std::shared_ptr<Engine>> open(const EngineOptions& options, const Engine::Progress& progress,
                                               std::stop_token stop) = 0;

  /// Returns the source that is registered for the name `model`; null where there is none.
  static std::shared_ptr<EngineSource> of(const std::string& model);

  /// Registers a source in this process while it lives. Of two for the same name, the newer one is used.
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
