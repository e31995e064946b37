// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/token_rules.h"

#include <algorithm>
#include <limits>

#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"

namespace npuspeech {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();
constexpr int kMaxInitialTimestamp = 50;  // 1.0 s, openai/whisper DecodingOptions.max_initial_timestamp

// Contains one of U+2669 to U+266F, in UTF-8.
bool isNoteSign(std::string_view bytes) {
  const size_t at = bytes.find("\xE2\x99");
  return at != std::string_view::npos && at + 2 < bytes.size() &&
         static_cast<unsigned char>(bytes[at + 2]) >= 0xA9 &&
         static_cast<unsigned char>(bytes[at + 2]) <= 0xAF;
}

void forbid(std::span<float> logits, Token from, Token to) {
  from = std::max(from, 0);
  to = std::min(to, static_cast<Token>(logits.size()));
  if (from < to) std::fill(logits.begin() + from, logits.begin() + to, kForbidden);
}

}  // namespace

TokenRules::TokenRules(const Vocabulary& v, bool timestamps)
    : vocabulary_(v),
      timestamps_(timestamps),
      forbidden_(v.suppressed()),
      forbiddenFirst_(v.suppressedFirst()) {
  forbidden_.insert(forbidden_.end(),
                    {v.startOfTranscript(), v.startOfPrevious(), v.startOfLm(), v.noSpeech()});
  if (v.multilingual()) forbidden_.insert(forbidden_.end(), {v.translate(), v.transcribe()});
  std::erase_if(forbidden_, [](Token token) { return token < 0; });
  for (Token token : v.suppressed())
    if (isNoteSign(v.bytes(token))) noteSigns_.push_back(token);
}

void TokenRules::apply(std::span<float> logits, std::span<const Token> said) const {
  if (said.empty())
    for (Token token : forbiddenFirst_) logits[static_cast<size_t>(token)] = kForbidden;
  for (Token token : forbidden_) logits[static_cast<size_t>(token)] = kForbidden;
  if (timestamps_) applyTimestampRules(logits, said);
}

void TokenRules::applyTimestampRules(std::span<float> logits, std::span<const Token> said) const {
  const Vocabulary& v = vocabulary_;
  const Token first = v.firstTimestamp(), end = static_cast<Token>(logits.size());
  if (v.noTimestamps() >= 0) logits[static_cast<size_t>(v.noTimestamps())] = kForbidden;

  const bool lastIsTimestamp = !said.empty() && v.isTimestamp(said.back());
  const bool beforeIsTimestamp = said.size() < 2 || v.isTimestamp(said[said.size() - 2]);
  if (lastIsTimestamp) {
    if (beforeIsTimestamp)
      forbid(logits, first, end);  // a segment has started: text follows
    else
      forbid(logits, 0, v.endOfText());  // a segment has ended: the next one's start, or the end
  }
  for (auto it = said.rbegin(); it != said.rend(); ++it) {
    if (!v.isTimestamp(*it)) continue;
    // Times do not go back, and a segment ends later than it starts.
    forbid(logits, first, lastIsTimestamp && !beforeIsTimestamp ? *it : *it + 1);
    break;
  }
  if (said.empty()) {
    forbid(logits, 0, first);
    forbid(logits, first + kMaxInitialTimestamp + 1, end);
  }

  // Where timestamps together are likelier than any text token, it is one.
  const LogSumExp times = logSumExpF32(logits.data() + first, end - first);
  const float likeliestText = *std::max_element(logits.begin(), logits.begin() + first);
  if (times.logSum > likeliestText) forbid(logits, 0, first);
}

Prompt makePrompt(const Vocabulary& v, std::span<const Token> previous, Token language, Task task,
                  bool timestamps) {
  Prompt prompt;
  if (!previous.empty() && v.startOfPrevious() >= 0) {
    prompt.tokens.push_back(v.startOfPrevious());
    prompt.tokens.insert(prompt.tokens.end(), previous.begin(), previous.end());
  }
  prompt.startOfTranscript = prompt.tokens.size();
  prompt.tokens.push_back(v.startOfTranscript());
  if (v.multilingual()) {
    prompt.tokens.push_back(language);
    prompt.tokens.push_back(task == Task::Translate ? v.translate() : v.transcribe());
  }
  if (!timestamps && v.noTimestamps() >= 0) prompt.tokens.push_back(v.noTimestamps());
  return prompt;
}

}  // namespace npuspeech
