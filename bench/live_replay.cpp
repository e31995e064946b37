// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/live_replay.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace npuspeech::bench {
namespace {

constexpr size_t kRate = 16000, kPiece = kRate / 50;

double seconds(int64_t ns) {
  return static_cast<double>(ns) * 1e-9;
}

double processorSeconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

nlohmann::json listOf(const std::vector<Word>& words) {
  nlohmann::json list = nlohmann::json::array();
  for (const Word& word : words)
    list.push_back({seconds(word.startNs), seconds(word.endNs), (word.spaceBefore ? " " : "") + word.text});
  return list;
}

void print(const nlohmann::json& line) {
  std::puts(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

/// Prints what has come out; returns how many windows that were.
int printEvents(Session& session, PacedEngine& engine, const std::string& name) {
  int windows = 0;
  while (const auto event = session.next()) {
    if (const auto* error = std::get_if<Error>(&*event)) throw std::runtime_error(error->message);
    const auto* text = std::get_if<SessionText>(&*event);
    if (!text) continue;
    const Reading reading = engine.takeReading();
    print({{"file", name},
           {"start", seconds(text->startNs)},
           {"end", seconds(text->endNs)},
           {"now", seconds(reading.nowNs)},
           {"at", seconds(reading.atNs)},
           {"final", text->endsUtterance},
           {"words", listOf(text->words)},
           {"interim", listOf(text->interim)}});
    ++windows;
  }
  return windows;
}

}  // namespace

void replay(std::shared_ptr<Engine> engine, std::shared_ptr<const SileroWeights> vad,
            const ReplayOptions& options, const std::string& name, std::span<const float> samples) {
  const double processor = processorSeconds();
  const auto paced = std::make_shared<PacedEngine>(std::move(engine), options.policy, options.costMs);
  SessionOptions session = options.session;
  session.live = options.policy != Policy::Offline;
  const auto opened = Session::open(paced, std::move(vad), session, [&] { return paced->nowNs(); });
  if (!opened) throw std::runtime_error(opened.error().message);
  int windows = 0;
  for (size_t at = 0; at < samples.size(); at += kPiece) {
    const auto piece = samples.subspan(at, std::min(kPiece, samples.size() - at));
    paced->advance(static_cast<int64_t>((at + piece.size()) * 1'000'000'000 / kRate));
    (*opened)->push(piece);
    windows += printEvents(**opened, *paced, name);
  }
  (*opened)->drain();
  paced->finish();
  windows += printEvents(**opened, *paced, name);
  print({{"file", name},
         {"audio", static_cast<double>(samples.size()) / kRate},
         {"processor", processorSeconds() - processor},
         {"windows", windows}});
  std::fflush(stdout);
}

}  // namespace npuspeech::bench
