// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/search.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"

namespace npuspeech {
namespace {

constexpr uint32_t kSeed = 20220921;  // constant, so that the same audio gives the same text

// Draws the next token of a sample. The random number depends on the sample and the place in its text alone:
// it does not matter which others are drawn together with it. `likeliest`: of the logits, whose sum is
// finite.
Token sample(std::span<const float> logits, const LogSumExp& likeliest, float temperature,
             const Hypothesis& hypothesis) {
  const auto weight = [&](float logit) {
    return std::exp(static_cast<double>((logit - likeliest.max) / temperature));
  };
  double total = 0;
  for (float logit : logits) total += weight(logit);
  std::seed_seq seed{kSeed, static_cast<uint32_t>(hypothesis.sample),
                     static_cast<uint32_t>(hypothesis.tokens.size())};
  std::mt19937 random(seed);
  double left = std::uniform_real_distribution<double>(0, total)(random);
  for (size_t i = 0; i < logits.size(); ++i) {
    left -= weight(logits[i]);
    if (left <= 0) return static_cast<Token>(i);
  }
  return likeliest.argmax;
}

}  // namespace

Search::Search(Decoder& decoder, const Vocabulary& vocabulary, const TokenRules& rules,
               std::shared_ptr<const CrossAttentionCache> cross, Prompt prompt, const SearchOptions& options)
    : vocabulary_(vocabulary),
      rules_(rules),
      prompt_(std::move(prompt)),
      options_(options),
      cross_(std::move(cross)) {
  if (options_.temperature > 0) {
    waiting_.resize(static_cast<size_t>(std::max(options_.samples, 1)));
    std::iota(waiting_.begin(), waiting_.end(), 0);
  }
  begin(decoder);
  if (options_.temperature > 0 || options_.beamSize > 1) options_.guess.clear();
  const size_t room = static_cast<size_t>(std::max(options_.maxTokens, 1));
  options_.guess.resize(std::min(options_.guess.size(), room - std::min(room, options_.forced.size())));
}

// Starts a text, of which all samples that are waiting can be drawn.
void Search::begin(Decoder& decoder) {
  Hypothesis first;
  first.sequence = decoder.start(cross_);
  first.tokens = options_.forced;
  first.logProbabilities.assign(options_.forced.size(), 0.0f);
  first.forced = options_.forced.size();
  active_.push_back(std::move(first));
  together_ = std::max<size_t>(waiting_.size(), 1);
  prefilled_ = false;
}

size_t Search::tokens() const {
  size_t sum = 0;
  for (const Hypothesis& hypothesis : finished_) sum += static_cast<size_t>(hypothesis.sequence->length());
  if (!prefilled_)
    return sum + together_ * (prompt_.tokens.size() + options_.forced.size() + options_.guess.size());
  for (const Hypothesis& hypothesis : active_) sum += static_cast<size_t>(hypothesis.sequence->length()) + 1;
  return sum;
}

bool Search::giveWay() {
  if (options_.temperature == 0) return false;
  if (!prefilled_) {
    if (together_ > 1) return --together_, true;
    return false;
  }
  if (active_.size() < 2) return false;
  waiting_.push_back(active_.back().sample);
  active_.pop_back();
  return true;
}

void Search::addInputs(std::vector<Decoder::Input>& inputs) {
  if (!prefilled_) {
    Sequence* const sequence = active_[0].sequence.get();
    const std::vector<Token>& forced = options_.forced;
    for (size_t i = 0; i < prompt_.tokens.size(); ++i) {
      const bool isLast = i + 1 == prompt_.tokens.size() && forced.empty();
      inputs.push_back({sequence, prompt_.tokens[i], i == prompt_.startOfTranscript || isLast});
    }
    for (size_t i = 0; i < forced.size(); ++i)
      inputs.push_back({sequence, forced[i], i + 1 == forced.size()});
    for (Token token : options_.guess) inputs.push_back({sequence, token, true});
    return;
  }
  for (Hypothesis& hypothesis : active_)
    inputs.push_back({hypothesis.sequence.get(), hypothesis.tokens.back(), true});
}

size_t Search::consume(Decoder& decoder, size_t firstLogits) {
  if (!prefilled_) {
    const size_t startLogits = firstLogits;
    if (prompt_.startOfTranscript + 1 < prompt_.tokens.size() + options_.forced.size()) ++firstLogits;
    listen(decoder, startLogits, firstLogits);
    prefilled_ = true;
    if (!options_.guess.empty()) return checkGuess(decoder, firstLogits);
    if (options_.temperature > 0) {
      drawFirst(decoder, firstLogits);
      return firstLogits + 1;
    }
  }
  const size_t used = active_.size();
  if (options_.temperature == 0 && options_.beamSize > 1) {
    extendBeams(decoder, firstLogits);
  } else {
    for (size_t i = 0; i < used; ++i) {
      if (options_.temperature == 0) {
        chooseGreedily(decoder, firstLogits + i, active_[i]);
        continue;
      }
      const std::span<float> logits = decoder.logits(firstLogits + i);
      draw(logits, weigh(logits, active_[i].tokens), active_[i]);
    }
    retireFinished(decoder);
  }
  return firstLogits + used;
}

void Search::drawFirst(Decoder& decoder, size_t index) {
  while (active_.size() < together_) active_.push_back(forkOf(decoder, active_[0]));
  const std::span<float> logits = decoder.logits(index);
  const LogSumExp total = weigh(logits, active_[0].tokens);  // all say the same so far
  for (size_t i = 0; i < together_; ++i) {
    active_[i].sample = waiting_[i];
    draw(logits, total, active_[i]);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(together_));
  retireFinished(decoder);
}

Token Search::chooseGreedily(Decoder& decoder, size_t index, Hypothesis& hypothesis) {
  const std::span<float> logits = decoder.logits(index);
  const LogSumExp total = weigh(logits, hypothesis.tokens);
  if (!std::isfinite(total.logSum)) {
    hypothesis.finished = true;
    return vocabulary_.endOfText();
  }
  settle(hypothesis, total.argmax, total.max - total.logSum);
  return total.argmax;
}

void Search::draw(std::span<const float> logits, const LogSumExp& total, Hypothesis& hypothesis) {
  if (!std::isfinite(total.logSum)) {
    hypothesis.finished = true;
    return;
  }
  const Token token = sample(logits, total, options_.temperature, hypothesis);
  settle(hypothesis, token, logits[static_cast<size_t>(token)] - total.logSum);
}

// Walks the guess as far as the model agrees, and one token further: its own choice there.
size_t Search::checkGuess(Decoder& decoder, size_t firstLogits) {
  const std::vector<Token>& guess = options_.guess;
  Hypothesis& hypothesis = active_[0];
  for (size_t agreed = 0;; ++agreed) {
    const Token token = chooseGreedily(decoder, firstLogits + agreed, hypothesis);
    if (!hypothesis.finished && agreed < guess.size() && token == guess[agreed]) continue;
    hypothesis.sequence->truncate(static_cast<int>(prompt_.tokens.size() + hypothesis.forced + agreed));
    break;
  }
  retireFinished(decoder);
  return firstLogits + 1 + guess.size();
}

void Search::listen(Decoder& decoder, size_t startLogits, size_t promptLogits) {
  const std::span<const float> start = decoder.logits(startLogits);
  if (const Token noSpeech = vocabulary_.noSpeech(); noSpeech >= 0)
    noSpeechProbability_ = std::exp(start[static_cast<size_t>(noSpeech)] -
                                    logSumExpF32(start.data(), static_cast<int>(start.size())).logSum);
  const std::span<const float> first = decoder.logits(promptLogits);
  const float logSum = logSumExpF32(first.data(), static_cast<int>(first.size())).logSum;
  isLost_ = !std::isfinite(logSum) || !std::isfinite(noSpeechProbability_);
  noteProbability_ = 0;
  for (Token note : rules_.noteSigns())
    noteProbability_ += std::exp(first[static_cast<size_t>(note)] - logSum);
}

// Leaves the tokens that may follow, and their sum. Where that is not finite, there is none: the rules forbid
// all of them, and the text ends; or what the model computes is no number, and the search is lost.
LogSumExp Search::weigh(std::span<float> logits, std::span<const Token> said) {
  rules_.apply(logits, said);
  if (said.size() < static_cast<size_t>(options_.minTokens))
    logits[static_cast<size_t>(vocabulary_.endOfText())] = -INFINITY;
  const LogSumExp total = logSumExpF32(logits.data(), static_cast<int>(logits.size()));
  if (!std::isfinite(total.logSum) &&
      std::any_of(logits.begin(), logits.end(), [](float logit) { return !(logit < INFINITY); }))
    isLost_ = true;
  return total;
}

// Ends a hypothesis at the end of text, at the limits of length, and where it loops; else appends the token.
void Search::settle(Hypothesis& hypothesis, Token token, float logProbability) {
  if (token == vocabulary_.endOfText()) {
    hypothesis.sumLogProbability += logProbability;
    hypothesis.finished = true;
    return;
  }
  hypothesis.append(token, logProbability);
  hypothesis.looped = endsInLoop(hypothesis.chosen());
  hypothesis.finished =
      hypothesis.looped || hypothesis.tokens.size() >= static_cast<size_t>(options_.maxTokens);
}

// Keeps the best of the finished ones alone: each has its caches.
void Search::retireFinished(Decoder& decoder) {
  for (Hypothesis& hypothesis : active_) {
    if (!hypothesis.finished) continue;
    hypothesis.sequence->finish();
    if (finished_.empty())
      finished_.push_back(std::move(hypothesis));
    else if (isBetter(hypothesis, finished_[0]))
      finished_[0] = std::move(hypothesis);
  }
  std::erase_if(active_, [](const Hypothesis& hypothesis) { return hypothesis.finished; });
  done_ = (active_.empty() && waiting_.empty()) || isLost_;
  if (active_.empty() && !done_) begin(decoder);
}

// As openai/whisper's BeamSearchDecoder with patience 1.
void Search::extendBeams(Decoder& decoder, size_t firstLogits) {
  struct Candidate {
    size_t parent;
    Token token;
    float logProbability, sum;
  };
  const size_t beams = static_cast<size_t>(options_.beamSize);
  std::vector<Candidate> candidates;
  std::vector<Token> order(decoder.logits(firstLogits).size());
  const size_t choices = std::min(beams + 1, order.size());
  for (size_t i = 0; i < active_.size(); ++i) {
    const std::span<float> logits = decoder.logits(firstLogits + i);
    const float logSum = weigh(logits, active_[i].tokens).logSum;
    if (!std::isfinite(logSum)) {
      active_[i].finished = true;
      continue;
    }
    std::iota(order.begin(), order.end(), 0);
    const auto likelier = [&](Token a, Token b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(choices), order.end(),
                      likelier);
    for (size_t k = 0; k < choices; ++k) {
      const float logProbability = logits[static_cast<size_t>(order[k])] - logSum;
      if (std::isfinite(logProbability))
        candidates.push_back({i, order[k], logProbability, active_[i].sumLogProbability + logProbability});
    }
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.sum > b.sum; });

  std::vector<Hypothesis> next;
  for (const Candidate& candidate : candidates) {
    if (next.size() == beams) break;
    Hypothesis child = forkOf(decoder, active_[candidate.parent]);
    settle(child, candidate.token, candidate.logProbability);
    if (child.finished) {
      if (finished_.size() < beams) finished_.push_back(std::move(child));
    } else {
      next.push_back(std::move(child));
    }
  }
  for (Hypothesis& hypothesis : active_)
    if (hypothesis.finished && finished_.size() < beams) finished_.push_back(std::move(hypothesis));
  active_ = std::move(next);
  done_ = active_.empty() || finished_.size() >= beams || isLost_;
}

Hypothesis& Search::best() {
  return *std::min_element(finished_.begin(), finished_.end(), isBetter);
}

}  // namespace npuspeech
