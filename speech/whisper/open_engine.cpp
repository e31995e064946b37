// SPDX-License-Identifier: LGPL-2.1-or-later
// How the name of a model becomes an engine.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/thread_error.h"
#include "speech/model/model_path.h"
#include "speech/model/model_source.h"
#include "speech/whisper/cpu/cpu_parts.h"
#include "speech/whisper/engine_parts.h"
#include "speech/whisper/engine_source.h"
#include "speech/whisper/engine_table.h"
#include "speech/whisper/model_check.h"

namespace npuspeech {
namespace {

namespace fs = std::filesystem;

// A thread for each physical core: the second thread of a core adds nothing to arithmetic.
int physicalCores() {
  std::set<std::string> cores;
  const int processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  for (int i = 0; i < processors; ++i) {
    std::ifstream siblings("/sys/devices/system/cpu/cpu" + std::to_string(i) + "/topology/thread_siblings");
    std::string mask;
    if (std::getline(siblings, mask)) cores.insert(mask);
  }
  return cores.empty() ? processors : std::min(processors, static_cast<int>(cores.size()));
}

/// Who makes the parts for a device: its name, without what stands behind a colon ("xrt" for "xrt:0").
struct Maker {
  std::string_view device;
  Result<EngineParts> (*make)(const PartsRequest& request);
};
constexpr Maker kMakers[] = {
    {"cpu", makeCpuParts},
};

/// A device that was asked for, and who makes the parts for it.
struct Place {
  npu::ChosenDevice device;
  const Maker* maker;
};
Result<Place> findPlace(const std::string& name) {
  auto chosen = npu::openDevice(name);
  if (!chosen) return chosen.error();
  const std::string_view device = chosen->device->name();
  for (const Maker& maker : kMakers)
    if (maker.device == device.substr(0, device.find(':'))) return Place{std::move(*chosen), &maker};
  return Error{ErrorCode::Unsupported, "The device " + std::string(device) +
                                           " does not compute Whisper in this version: use device=cpu."};
}

Result<std::shared_ptr<Engine>> load(const std::string& model, const EngineOptions& options, int threads,
                                     const Engine::Progress& progress, const std::stop_token& stop) {
  auto place = findPlace(options.device);
  if (!place) return place.error();
  try {
    auto parts =
        place->maker->make({model, options.precision, threads, std::move(place->device), progress, stop});
    if (!parts) return parts.error();
    return makeEngine(std::move(*parts));
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::OutOfMemory, "There is no memory to load the model " + model + "."};
  } catch (const std::system_error&) {
    return threadError("compute with the model " + model);
  }
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::open(const EngineOptions& options, const Progress& progress,
                                             std::stop_token stop) {
  const int threads = options.threads > 0 ? options.threads : physicalCores();
  EngineTable& table = EngineTable::ofProcess();
  if (const auto source = EngineSource::of(options.model))
    return table.open(
        {options.model, options.device, options.precision, threads},
        [&] { return source->open(options, progress, stop); }, stop);
  const auto found = findModel(options.model);
  if (!found) return found.error();
  std::error_code unresolved;
  const fs::path canonical = fs::weakly_canonical(*found, unresolved);
  const std::string path = unresolved ? *found : canonical.string();
  return table.open(
      {path, options.device, options.precision, threads},
      [&] { return load(path, options, threads, progress, stop); }, stop);
}

Result<void> Engine::check(const EngineOptions& options, const StreamOptions& stream) {
  if (const auto source = EngineSource::of(options.model)) return source->check(options, stream);
  const auto found = findModel(options.model);
  if (!found) return found.error();
  if (const auto place = findPlace(options.device); !place) return place.error();
  const auto model = ModelSource::open(*found);
  if (!model) return model.error();
  return hasFor(model->vocabulary(), model->name(), stream);
}

}  // namespace npuspeech
