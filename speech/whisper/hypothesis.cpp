// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/hypothesis.h"

#include <zlib.h>

#include <algorithm>

namespace npuspeech {

void Hypothesis::append(Token token, float logProbability) {
  tokens.push_back(token);
  logProbabilities.push_back(logProbability);
  sumLogProbability += logProbability;
}

float Hypothesis::averageLogProbability() const {
  return sumLogProbability / static_cast<float>(tokens.size() - forced + 1);
}

bool isBetter(const Hypothesis& a, const Hypothesis& b) {
  const auto score = [](const Hypothesis& hypothesis) {
    const size_t chosen = hypothesis.tokens.size() - hypothesis.forced;
    return hypothesis.sumLogProbability / static_cast<float>(std::max<size_t>(chosen, 1));
  };
  return score(a) > score(b) || (score(a) == score(b) && a.sample < b.sample);
}

Hypothesis forkOf(Decoder& decoder, const Hypothesis& from) {
  Hypothesis hypothesis;
  hypothesis.sequence = decoder.fork(*from.sequence);
  hypothesis.tokens = from.tokens;
  hypothesis.logProbabilities = from.logProbabilities;
  hypothesis.sumLogProbability = from.sumLogProbability;
  hypothesis.forced = from.forced;
  return hypothesis;
}

bool endsInLoop(std::span<const Token> tokens) {
  constexpr size_t kMaxPeriod = 30, kMinRepeats = 4, kMinLength = 24;
  for (size_t period = 1; period <= kMaxPeriod && period * kMinRepeats <= tokens.size(); ++period) {
    const size_t length = std::max(period * kMinRepeats, kMinLength);
    if (length > tokens.size()) continue;
    const auto tail = tokens.end() - static_cast<std::ptrdiff_t>(length);
    if (std::equal(tail, tokens.end() - static_cast<std::ptrdiff_t>(period),
                   tail + static_cast<std::ptrdiff_t>(period)))
      return true;
  }
  return false;
}

float compressionRatio(const Vocabulary& vocabulary, std::span<const Token> tokens) {
  std::string text;
  for (Token token : tokens) text += vocabulary.bytes(token);
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return 0;
  text.erase(0, begin);
  uLongf packedSize = compressBound(text.size());
  std::vector<Bytef> packed(packedSize);
  if (compress(packed.data(), &packedSize, reinterpret_cast<const Bytef*>(text.data()), text.size()) != Z_OK)
    return 0;
  return static_cast<float>(text.size()) / static_cast<float>(packedSize);
}

}  // namespace npuspeech
