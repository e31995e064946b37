// SPDX-License-Identifier: LGPL-2.1-or-later
// The process's table of loaded engines.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>

#include "speech/whisper/engine.h"

namespace npuspeech {

/// Shares engines among users that ask for the same one. It holds weak references, so that an engine is
/// destroyed with its last user. Thread-safe.
class EngineTable {
 public:
  /// What an engine was opened with: the model's path, device, precision, number of threads.
  using Key = std::tuple<std::string, std::string, Precision, int>;
  using Load = std::function<Result<std::shared_ptr<Engine>>()>;

  /// Returns the engine of `key`, and calls `load` where there is none. Waits while another thread loads it.
  /// Errors: those of `load`; Cancelled where `stop` ends the wait. Exceptions of `load` pass through, and
  /// the next caller loads again.
  Result<std::shared_ptr<Engine>> open(const Key& key, const Load& load, const std::stop_token& stop);

  /// The table of this process. It is never destroyed, because threads of an application may outlive main().
  static EngineTable& ofProcess();

 private:
  class Loading;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::map<Key, std::weak_ptr<Engine>> engines_;
  /// The engines that some thread is loading.
  std::set<Key> loading_;
};

}  // namespace npuspeech
