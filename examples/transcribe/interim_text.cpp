// SPDX-License-Identifier: LGPL-2.1-or-later
// What has been said live and is not in a caption yet.
#include "interim_text.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::json;

constexpr std::string_view kWithoutSpaces[] = {"ja", "km", "lo", "my", "th", "yue", "zh"};

}  // namespace

void InterimText::take(std::string_view json) {
  const Json said = Json::parse(json, nullptr, false);
  if (!said.is_object()) return;
  const std::string language = said.value("language", "");
  spaced_ =
      std::find(std::begin(kWithoutSpaces), std::end(kWithoutSpaces), language) == std::end(kWithoutSpaces);
  const auto append = [&](const char* key, std::vector<Word>& words) {
    for (const Json& word : said.value(key, Json::array()))
      words.push_back({word.value("start", uint64_t{0}), word.value("text", "")});
  };
  interim_.clear();
  append("committed", committed_);
  append("interim", interim_);
  settle(settledNs_);
}

void InterimText::settle(uint64_t endNs) {
  settledNs_ = std::max(settledNs_, endNs);
  for (auto* words : {&committed_, &interim_})
    std::erase_if(*words, [&](const Word& word) { return word.startNs < settledNs_; });
}

std::string InterimText::joined(const std::vector<Word>& words) const {
  std::string text;
  for (const Word& word : words) {
    if (spaced_ && !text.empty()) text += ' ';
    text += word.text;
  }
  return text;
}

LiveWords InterimText::pending() const {
  LiveWords words{joined(committed_), joined(interim_)};
  if (spaced_ && !words.committed.empty() && !words.interim.empty()) words.interim = ' ' + words.interim;
  return words;
}
