// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/engine_table.h"

#include <utility>

namespace npuspeech {

/// While this lives, nobody else loads the key's engine.
class EngineTable::Loading {
 public:
  Loading(EngineTable& table, std::set<Key>::iterator entry) : table_(table), entry_(entry) {}
  ~Loading() {
    {
      const std::lock_guard lock(table_.mutex_);
      table_.loading_.erase(entry_);
    }
    table_.changed_.notify_all();
  }
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;

 private:
  EngineTable& table_;
  const std::set<Key>::iterator entry_;
};

Result<std::shared_ptr<Engine>> EngineTable::open(const Key& key, const Load& load,
                                                  const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return !loading_.contains(key); });
  if (stop.stop_requested()) return Error{ErrorCode::Cancelled, "Loading the model was cancelled."};
  const auto known = engines_.find(key);
  if (std::shared_ptr<Engine> engine = known == engines_.end() ? nullptr : known->second.lock())
    return engine;
  std::erase_if(engines_, [](const auto& entry) { return entry.second.expired(); });
  const auto entry = loading_.insert(key).first;
  lock.unlock();
  const Loading mark(*this, entry);
  auto engine = load();
  if (engine) {
    const std::lock_guard again(mutex_);
    engines_[key] = *engine;
  }
  return engine;
}

EngineTable& EngineTable::ofProcess() {
  static EngineTable* const table = new EngineTable;
  return *table;
}

}  // namespace npuspeech
