// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/engine_source.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace npuspeech {
namespace {

struct Entry {
  uint64_t number;
  std::string model;
  std::shared_ptr<EngineSource> source;
};

struct Registry {
  std::mutex mutex;
  // Guarded by mutex.
  uint64_t last = 0;
  std::vector<Entry> entries;  // in the order of registration
};

// Never destroyed: threads of an application may end after main.
Registry& registry() {
  static auto* const registry = new Registry;
  return *registry;
}

uint64_t add(std::string model, std::shared_ptr<EngineSource> source) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  r.entries.push_back({++r.last, std::move(model), std::move(source)});
  return r.last;
}

}  // namespace

std::shared_ptr<EngineSource> EngineSource::of(const std::string& model) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  const auto found = std::find_if(r.entries.rbegin(), r.entries.rend(),
                                  [&](const Entry& entry) { return entry.model == model; });
  return found == r.entries.rend() ? nullptr : found->source;
}

EngineSource::Registration::Registration(std::string model, std::shared_ptr<EngineSource> source)
    : number_(add(std::move(model), std::move(source))) {}

EngineSource::Registration::~Registration() {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  std::erase_if(r.entries, [&](const Entry& entry) { return entry.number == number_; });
}

}  // namespace npuspeech
