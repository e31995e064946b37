// SPDX-License-Identifier: LGPL-2.1-or-later
// The process's table of loaded models.
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

/// Holds weak references: an engine goes with the last of its users. Thread-safe.
class EngineTable {
 public:
  /// Folder, device, precision, threads.
  using Key = std::tuple<std::string, std::string, Precision, int>;
  using Load = std::function<Result<std::shared_ptr<Engine>>()>;

  /// The engine that somebody has loaded, or what `load` gives; waits while another thread loads it, until
  /// `stop` (Cancelled). What `load` throws comes out, and the next caller loads anew.
  Result<std::shared_ptr<Engine>> open(const Key& key, const Load& load, const std::stop_token& stop);

  /// The one of this process; never destroyed, as threads of an application may end after main.
  static EngineTable& ofProcess();

 private:
  class Loading;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Key, std::weak_ptr<Engine>> engines_;  // these two under mutex_
  std::set<Key> loading_;
};

}  // namespace npuspeech
